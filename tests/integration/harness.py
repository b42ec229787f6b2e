"""Real process parts for integration tests: the gateway, its stand-ins, a real Postfix.

Everything listens on loopback and is stopped by its own handle. Waiting is on conditions with a limit.
"""
import hashlib
import json
import os
import pathlib
import pwd
import queue
import shutil
import signal
import smtplib
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request
from email.message import EmailMessage

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("STELLWERK", ROOT / "build/release/stellwerk"))
LIMIT = float(os.environ.get("STELLWERK_TEST_LIMIT", "60"))  # seconds any condition may take


def wait_for(condition, what, limit=None):
    """The first true value of condition(); fails with `what` after the limit."""
    end = time.monotonic() + (limit or LIMIT)
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"timed out waiting for {what}")
        time.sleep(0.02)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Process:
    """A process of ours that prints `listening NAME ADDRESS` lines."""

    def __init__(self, arguments, log_path, environment=None):
        self.arguments = [str(a) for a in arguments]
        self.log_path = pathlib.Path(log_path)
        self.log = open(self.log_path, "ab")
        self.addresses = {}
        self.lines = []
        self.process = subprocess.Popen(self.arguments, stdout=subprocess.PIPE, stderr=self.log,
                                        env={**os.environ, **(environment or {})})
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        for raw in self.process.stdout:
            line = raw.decode(errors="replace").strip()
            self.lines.append(line)
            words = line.split()
            if len(words) == 3 and words[0] == "listening":
                host, _, port = words[2].rpartition(":")
                self.addresses[words[1]] = (host.strip("[]"), int(port))

    def wait_listening(self, *names):
        def ready():
            if self.process.poll() is not None:
                raise AssertionError(f"{self.arguments[1]} ended with {self.process.returncode}:\n{self.log_text()[-3000:]}")
            return all(n in self.addresses for n in names)
        wait_for(ready, f"{self.arguments[1]} to listen on {names}, has {self.addresses}")

    def log_text(self):
        self.log.flush()
        return self.log_path.read_text(errors="replace")

    def log_events(self, event=None):
        found = []
        for line in self.log_text().splitlines():
            try:
                record = json.loads(line)
            except ValueError:
                continue
            if event is None or record.get("event") == event:
                found.append(record)
        return found

    def stop(self, limit=40):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(limit)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise AssertionError(f"{self.arguments[1]} did not stop within {limit} s of SIGTERM")
        self.log.close()
        return self.process.returncode

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class Simulate(Process):
    """`stellwerk simulate`: an SMTP stand-in and the ESP dialects, with faults and records."""

    def __init__(self, directory, name="simulate", smtp_port=0, http_port=0):
        self.record_path = pathlib.Path(directory) / f"{name}.ndjson"
        self.record_path.touch()
        super().__init__([BINARY, "simulate", "--smtp", f"127.0.0.1:{smtp_port}", "--http", f"127.0.0.1:{http_port}",
                          "--record", self.record_path], pathlib.Path(directory) / f"{name}.log")
        self.wait_listening("smtp", "http")

    @property
    def smtp_port(self):
        return self.addresses["smtp"][1]

    @property
    def url(self):
        return f"http://127.0.0.1:{self.addresses['http'][1]}"

    def records(self, door=None, verdict="accepted"):
        rows = []
        for line in self.record_path.read_text().splitlines():
            try:
                row = json.loads(line)
            except ValueError:
                continue  # being written
            if (door is None or row["door"] == door) and (verdict is None or row["verdict"] == verdict):
                rows.append(row)
        return rows

    def recipients(self, door=None):
        return [r for row in self.records(door) for r in row["recipients"]]

    def faults(self, rules):
        request = urllib.request.Request(self.url + "/faults", json.dumps(rules).encode(),
                                         {"Content-Type": "application/json"}, method="POST")
        urllib.request.urlopen(request, timeout=10).read()


class Gateway(Process):
    def __init__(self, directory, config, environment=None, name="gateway"):
        self.directory = pathlib.Path(directory)
        self.config_path = self.directory / "stellwerk.yaml"
        self.config_path.write_text(config)
        self.environment = {"MJ_PUBLIC": "public-key", "MJ_PRIVATE": "private-key", **(environment or {})}
        self.name = name
        super().__init__([BINARY, "serve", "--config", self.config_path], self.directory / f"{name}.log", self.environment)
        self.wait_listening("admin")

    @property
    def smtp_port(self):
        return self.addresses["legacy"][1]

    def restart(self):
        """The same directory again, after a kill or a stop. Ports may differ."""
        return Gateway(self.directory, self.config_path.read_text(), self.environment, self.name)

    def rewrite(self, config):
        replacement = self.config_path.with_suffix(".new")
        replacement.write_text(config)
        replacement.rename(self.config_path)

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def get(self, path):
        host, port = self.addresses["admin"]
        try:
            with urllib.request.urlopen(f"http://{host}:{port}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as failure:
            return failure.code, failure.read().decode()

    def call(self, method, body=None, limit=10):
        host, port = self.addresses["admin"]
        request = urllib.request.Request(f"http://{host}:{port}/stellwerk.v1.{method}", json.dumps(body or {}).encode(),
                                         {"Content-Type": "application/json"}, method="POST")
        with urllib.request.urlopen(request, timeout=limit) as answer:
            return json.loads(answer.read())

    def metric(self, name, **labels):
        """The sum of the series of one family that carry these labels; a tuple means any of its values. One look at all of them:
        what moves between two looks would be counted twice or not at all."""
        def fits(rest, key, wanted):
            return any(f'{key}="{one}"' in rest for one in (wanted if isinstance(wanted, tuple) else (wanted,)))
        total, found = 0.0, False
        for line in self.get("/metrics")[1].splitlines():
            if line.startswith("#") or not line.startswith(name):
                continue
            series, _, value = line.rpartition(" ")
            family, _, rest = series.partition("{")
            if family != name or not all(fits(rest, key, wanted) for key, wanted in labels.items()):
                continue
            total += float(value)
            found = True
        if not found and not labels:
            raise AssertionError(f"no metric {name}")
        return total

    def destination(self, name):
        for one in self.call("DestinationService/ListDestinations").get("destinations", []):
            if one["name"] == name:
                return one
        raise AssertionError(f"no destination {name}")

    def recipients(self, queue_id):
        return self.call("QueueService/GetMessage", {"queueId": queue_id})["recipients"]

    def state(self, queue_id, index=0):
        return self.recipients(queue_id)[index]["state"].removeprefix("STATE_").lower()

    def wait_state(self, queue_id, state, limit=None):
        wait_for(lambda: self.state(queue_id) == state, f"{queue_id} to be {state}", limit)


class Postfix:
    """A real Postfix on loopback ports, no DNS, relaying everything to `sink_port`."""

    def __init__(self, directory, sink_port, port=None, extra=""):
        self.directory = pathlib.Path(directory) / "postfix"
        self.port = port or free_port()
        self.config = self.directory / "etc"
        self.queue = self.directory / "queue"
        data = self.directory / "data"
        for path in (self.config, self.queue, data):
            path.mkdir(parents=True, exist_ok=True)
            path.chmod(0o755)
        for parent in self.directory.parents:
            if str(parent).startswith(tempfile.gettempdir() + "/"):
                parent.chmod(0o755)
        self.directory.chmod(0o755)
        user = pwd.getpwnam("postfix")
        os.chown(data, user.pw_uid, user.pw_gid)
        (self.config / "main.cf").write_text(f"""compatibility_level = 3.6
queue_directory = {self.queue}
data_directory = {data}
maillog_file = {self.directory}/mail.log
maillog_file_prefixes = {self.directory}
myhostname = mta.example
mydestination =
local_recipient_maps =
alias_maps =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
relayhost = [127.0.0.1]:{sink_port}
smtp_dns_support_level = disabled
smtp_host_lookup = native
smtp_tls_security_level = none
smtpd_tls_security_level = none
multi_instance_enable = yes
multi_instance_name = postfix-{self.port}
smtpd_peername_lookup = no
smtpd_client_connection_count_limit = 0
smtpd_recipient_restrictions = check_recipient_access inline:{{{{gone@example.org = 550 5.1.1 no such user}}, {{full@example.org = 452 4.2.2 mailbox full}}}}, permit_mynetworks, reject
smtpd_relay_restrictions = permit_mynetworks, reject
{extra}
""")
        services = """127.0.0.1:%d inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
""" % self.port
        (self.config / "master.cf").write_text(services)
        self.running = False
        self.start()

    def _postfix(self, verb):
        return subprocess.run(["postfix", "-c", self.config, verb], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=60)

    def start(self):
        done = self._postfix("start")
        if done.returncode != 0:
            raise AssertionError("postfix start: " + done.stdout.decode(errors="replace"))
        self.running = True

        def accepts():
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return True
            except OSError:
                return False
        wait_for(accepts, "postfix to accept")

    def stop(self):
        if self.running:
            self._postfix("stop")
            self.running = False

    def log_text(self):
        path = self.directory / "mail.log"
        return path.read_text(errors="replace") if path.exists() else ""


def token_hash(token):
    return hashlib.sha256(token.encode()).hexdigest()


def message(subject="Hello", sender="shop@shop.example", to="ann@example.org", body="A line.\n", **headers):
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = to
    mail["Subject"] = subject
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(body)
    return mail


def send(port, mail, sender="shop@shop.example", recipients=None):
    """Submits over SMTP; the queue id from the 250."""
    with smtplib.SMTP("127.0.0.1", port, timeout=30) as client:
        client.ehlo("app.example")
        recipients = recipients or [mail["To"]]
        client.mail(sender)
        for recipient in recipients:
            code, text = client.rcpt(recipient)
            if code != 250:
                raise AssertionError(f"RCPT {recipient}: {code} {text}")
        code, text = client.data(mail.as_bytes(policy=mail.policy.clone(linesep="\r\n")))
        if code != 250:
            raise smtplib.SMTPResponseException(code, text)
        return text.decode().rsplit(" ", 1)[-1]


class Case(unittest.TestCase):
    """A test with a directory of its own and parts that are stopped at its end."""

    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="stellwerk-"))
        self.parts = []

    def tearDown(self):
        failures = []
        for part in reversed(self.parts):
            try:
                part.stop()
            except AssertionError as failure:
                failures.append(str(failure))
        failed = any(error for _, error in getattr(self._outcome, "errors", [])) or \
            bool(getattr(getattr(self._outcome, "result", None), "failures", None))
        if failed:
            for log in sorted(self.directory.glob("*.log")):
                print(f"--- {log.name}\n" + "\n".join(log.read_text(errors="replace").splitlines()[-40:]), file=sys.stderr)
        shutil.rmtree(self.directory, ignore_errors=True)
        if failures:
            self.fail("; ".join(failures))

    def own(self, part):
        self.parts.append(part)
        return part

    def simulate(self, name="simulate", **kwargs):
        return self.own(Simulate(self.directory, name, **kwargs))

    def gateway(self, config, **kwargs):
        return self.own(Gateway(self.directory, config, **kwargs))

    def postfix(self, sink_port, **kwargs):
        return self.own(Postfix(self.directory, sink_port, **kwargs))


def config(mta_port, esp, relay_port=None, routes=None, extra_policy="", clients="", health="", extra="", mta_extra=""):
    """A small gateway: SMTP and gRPC in, an MTA and Mailjet out."""
    relay = ""
    if relay_port:
        relay = f', relay: {{hosts: ["127.0.0.1:{relay_port}"], tls: {{mode: "off"}}, anonymous: true}}'
    routes = routes or """
    - {name: newsletters, when: 'stream == "marketing"', via: [mailjet, onprem]}
    - {name: everything-else, via: [onprem, mailjet]}"""
    health = health or "health: {ejection: 2s, ejection_max: 5s, slow_start: 2s, probe_interval: 500ms}"
    return f"""node: {{name: gw.example, data_directory: ./data}}
ingress:
  smtp:
    - {{name: legacy, address: "127.0.0.1:0", profile: relay, allow_networks: [127.0.0.0/8], dsn: always}}
  grpc: {{address: "127.0.0.1:0"}}
http:
  admin: {{address: "127.0.0.1:0"}}
clients:
  - {{name: legacy, networks: [127.0.0.0/8], control_headers: true, may_choose_stream: true}}
{clients}
destinations:
  onprem: {{adapter: smtp, hosts: ["127.0.0.1:{mta_port}"], zone: on_prem, connect_timeout: 1s{mta_extra}}}
  mailjet: {{adapter: mailjet, url: "{esp}/mailjet", api_key: {{env: MJ_PUBLIC}}, secret_key: {{env: MJ_PRIVATE}}, zone: eu, allow_private_address: true{relay}}}
policy:
  routes:{routes}
  {health}
{extra_policy}
{extra}
"""


def main():
    unittest.main(verbosity=2, warnings="ignore")
