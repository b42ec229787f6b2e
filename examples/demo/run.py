#!/usr/bin/python3
"""Starts the gateway with stand-ins for the MTA and the ESPs, sends a few messages and tells where each went and why.

    ./dev run            from the root of the repository; Ctrl-C ends it
"""
import argparse
import hashlib
import json
import os
import pathlib
import signal
import smtplib
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from email.message import EmailMessage

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TOKEN = "demo-token"


class Part:
    """A process that prints `listening NAME ADDRESS`."""

    def __init__(self, arguments, log, environment=None):
        self.log = log
        self.process = subprocess.Popen([str(a) for a in arguments], stdout=subprocess.PIPE, stderr=open(log, "ab"),
                                        env={**os.environ, **(environment or {})})
        self.addresses = {}
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            words = line.decode().split()
            if len(words) == 3 and words[0] == "listening":
                self.addresses[words[1]] = words[2]

    def wait(self, *names):
        end = time.monotonic() + 30
        while not all(n in self.addresses for n in names):
            if self.process.poll() is not None or time.monotonic() > end:
                sys.exit(f"did not start; see {self.log}:\n" + pathlib.Path(self.log).read_text()[-2000:])
            time.sleep(0.02)

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()


def letter(subject, body, sender="info@shop.example", to="ann@example.org", **fields):
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, to, subject
    for name, value in fields.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(body)
    return mail


def by_smtp(address, mail):
    host, port = address.rsplit(":", 1)
    with smtplib.SMTP(host, int(port), timeout=30) as client:
        client.ehlo("intranet.shop.example")
        client.mail(mail["From"])
        client.rcpt(mail["To"])
        code, text = client.data(mail.as_bytes(policy=mail.policy.clone(linesep="\r\n")))
    if code != 250:
        sys.exit(f"the gateway refused: {code} {text.decode()}")
    return text.decode().rsplit(" ", 1)[-1]


def grpc_client(address, work):
    import grpc
    generated = work / "proto"
    subprocess.run(["sh", ROOT / "examples/grpc/generate.sh", generated], cwd=ROOT, check=True)
    sys.path.insert(0, str(generated))
    from stellwerk.v1 import submission_pb2, submission_pb2_grpc
    return submission_pb2_grpc.SubmissionServiceStub(grpc.insecure_channel(address)), submission_pb2


def by_grpc(client, pb, subject, text, **extra):
    message = pb.Submission(envelope=pb.Envelope(reverse_path="orders@shop.example"), email=pb.Email(
        **{"from": pb.Mailbox(address="orders@shop.example", display_name="Shop")}, to=[pb.Mailbox(address="ben@example.org")],
        subject=subject, text=text), **extra)
    answer = client.Submit(pb.SubmitRequest(submission=message), metadata=[("authorization", f"Bearer {TOKEN}")], timeout=30)
    return answer.queue_id


def call(admin, method, body):
    request = urllib.request.Request(f"http://{admin}/stellwerk.v1.{method}", json.dumps(body).encode(), {"Content-Type": "application/json"})
    return json.load(urllib.request.urlopen(request, timeout=10))


def fate(admin, queue_id, still=(), wait=60):
    end = time.monotonic() + wait
    while True:
        message = call(admin, "QueueService/GetMessage", {"queueId": queue_id})
        recipient = message["recipients"][0]
        if recipient["state"] not in ("STATE_READY", "STATE_ATTEMPTING", *still) or time.monotonic() > end:
            return message, recipient
        time.sleep(0.05)


WAYS = {"onprem": "the company's own MTA", "mailjet": "Mailjet"}


def attempts_of(log, queue_id):
    """From the log: a finished recipient keeps only its last attempt."""
    found = []
    for line in pathlib.Path(log).read_text().splitlines():
        record = json.loads(line)
        if record.get("event") == "attempt" and record.get("queue_id") == queue_id:
            found.append(record)
    return found


def tell(number, admin, log, what, queue_id, *still):
    message, recipient = fate(admin, queue_id, still)
    stream = message["trafficStream"].removeprefix("TRAFFIC_STREAM_").lower()
    print(f"\n{number}. {what}\n   {queue_id}: {stream} ({message.get('streamReason', '')})")
    route = next((a["route"] for a in recipient.get("attempts", []) if a.get("route")), "")
    if route:
        print(f"   route '{route}'")
    for attempt in attempts_of(log, queue_id):
        print(f"   tried {WAYS.get(attempt['destination'], attempt['destination'])} -> {attempt['outcome']}: {attempt['reply']}")
    state = recipient["state"].removeprefix("STATE_").lower()
    reason = f" ({recipient['reason']})" if recipient.get("reason") else ""
    print(f"   now {state}{reason}")


def start(arguments, work, parts):
    """The stand-ins and the gateway, configured for each other."""
    stand_ins = Part([arguments.binary, "simulate", "--record", work / "seen.ndjson"], work / "simulate.log")
    parts.append(stand_ins)
    stand_ins.wait("smtp", "http")
    esp = "http://" + stand_ins.addresses["http"]
    config = (HERE / "stellwerk.yaml").read_text()
    for key, value in {"@DATA@": str(work / "data"), "@SMTP@": arguments.smtp, "@GRPC@": arguments.grpc, "@ADMIN@": arguments.admin,
                       "@MTA@": stand_ins.addresses["smtp"], "@ESP@": esp}.items():
        config = config.replace(key, value)
    (work / "stellwerk.yaml").write_text(config)
    (work / "shop.token-hash").write_text(hashlib.sha256(TOKEN.encode()).hexdigest())
    gateway = Part([arguments.binary, "serve", "--config", work / "stellwerk.yaml"], work / "gateway.log",
                   {"MJ_APIKEY_PUBLIC": "demo-public", "MJ_APIKEY_PRIVATE": "demo-private"})
    parts.append(gateway)
    gateway.wait("legacy", "grpc", "admin")
    return stand_ins, gateway


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--binary", required=True)
    options.add_argument("--once", action="store_true", help="end after the messages instead of waiting for Ctrl-C")
    for door in ("smtp", "grpc", "admin"):
        options.add_argument(f"--{door}", default="127.0.0.1:0", help=f"address of the {door} door")
    arguments = options.parse_args()
    work = pathlib.Path(tempfile.mkdtemp(prefix="stellwerk-demo-"))
    parts = []
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        stand_ins, gateway = start(arguments, work, parts)
        esp = "http://" + stand_ins.addresses["http"]
        smtp, admin = gateway.addresses["legacy"], gateway.addresses["admin"]
        client, pb = grpc_client(gateway.addresses["grpc"], work)

        print("Stellwerk stands between programs that send mail and two ways out: the company's own MTA and Mailjet.")
        print("Both are stand-ins here. Transactional mail prefers home, marketing the ESP; each is the other's redundancy.")
        tell(1, admin, gateway.log, "A password reset from a legacy application, by SMTP, with no label at all",
             by_smtp(smtp, letter("Passwort zurücksetzen", "Ihr Code lautet: 482913. Er ist 10 Minuten gültig.\n")))
        tell(2, admin, gateway.log, "An invoice from a service, by gRPC",
             by_grpc(client, pb, "Rechnung 2026-1182", "Rechnungsnummer: 2026-1182\nGesamtbetrag: 119,00 EUR inkl. 19 % MwSt 19,00\n"))
        tell(3, admin, gateway.log, "A newsletter from a legacy application, by SMTP: recognised by its content",
             by_smtp(smtp, letter("20 % Rabatt, nur heute", "Jetzt shoppen und 20 % Rabatt sichern!\nIm Browser ansehen: https://shop.example/n?utm_campaign=nov\n"
                                  "Newsletter abbestellen: https://shop.example/u\n", to="dora@example.org")))
        tell(4, admin, gateway.log, "A newsletter with the usual headers, by SMTP",
             by_smtp(smtp, letter("Our weekly news", "Hello!\n", to="eve@example.org", List_Unsubscribe="<https://shop.example/u>",
                                  List_Id="<news.shop.example>", Precedence="bulk")))
        rules = [{"door": "smtp", "stage": stage, "do": "close"} for stage in ("connect", "mail")]
        urllib.request.urlopen(urllib.request.Request(esp + "/faults", json.dumps(rules).encode()), timeout=10).read()
        print("\n-- The company's MTA is closed now. --")
        tell(5, admin, gateway.log, "An order confirmation, by gRPC, while the MTA is down: it fails over",
             by_grpc(client, pb, "Order confirmation 4711", "Thank you for your order. Order number: 4711\n", idempotency_key="order-4711"))
        waiting = by_smtp(smtp, letter("Ihre Patientenakte", "Vertraulich.\n", X_Stellwerk_Tags="personal", to="max@example.org"))
        tell(6, admin, gateway.log, "A message tagged `personal`: an invariant keeps it at home, so it waits", waiting)
        urllib.request.urlopen(urllib.request.Request(esp + "/faults", b"[]"), timeout=10).read()
        print("\n-- The MTA is open again: the one that waited leaves by itself. --", flush=True)
        tell(6, admin, gateway.log, "The same message", waiting, "STATE_DEFERRED")
        host, port = smtp.rsplit(":", 1)
        print(f"""
By hand:
  SMTP     swaks --server {host} --port {port} --from you@shop.example --to someone@example.org --header 'Subject: Hello'
  gRPC     sh examples/grpc/generate.sh build/grpc
           PYTHONPATH=build/grpc /usr/bin/python3 examples/grpc/submit.py {gateway.addresses['grpc']} {TOKEN} you@shop.example someone@example.org 4711
           (the number is part of the idempotency key: again with the same one is answered and not sent)
  queue    {arguments.binary} queue list --admin {admin}
           {arguments.binary} destinations list --admin {admin}
  metrics  http://{admin}/metrics   http://{admin}/readyz
  break    curl -d '[{{"door":"mailjet","stage":"request","do":"reply","reply":"401"}}]' {esp}/faults      ([] heals)
  seen     {work}/seen.ndjson       log {work}/gateway.log""", flush=True)
        if arguments.once:
            return
        print("\nCtrl-C ends it.", flush=True)
        while gateway.process.poll() is None:
            time.sleep(0.5)
        sys.exit(f"the gateway ended with {gateway.process.returncode}; see {work}/gateway.log")
    except KeyboardInterrupt:
        print()
    finally:
        for part in reversed(parts):
            part.stop()


main()
