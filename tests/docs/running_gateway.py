"""A gateway with stand-ins for the MTA and the ESP, for the tests of the documents. Ports are taken by the system."""

import hashlib
import os
import pathlib
import signal
import subprocess
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("STELLWERK") or str(ROOT / "build/release/stellwerk")
TOKEN = "docs-token"
# What the configurations of the documents read from the environment.
ENVIRONMENT = {**os.environ, **{name: "from-the-test" for name in (
    "MJ_APIKEY_PUBLIC", "MJ_APIKEY_PRIVATE", "NEWCOMER_PASSWORD", "OVERSEAS_PASSWORD", "OLD_PASSWORD", "SECOND_PASSWORD",
    "AGENCY_KEY", "AGENCY_SECRET")}}

CONFIG = """
node: {{name: docs.example.org, data_directory: "{work}/data"}}
ingress:
  smtp: [{{name: legacy, address: "127.0.0.1:0", profile: relay, allow_networks: [127.0.0.0/8]}}]
  grpc: {{address: "127.0.0.1:0"}}
http: {{admin: {{address: "127.0.0.1:0"}}}}
clients:
  - {{name: intranet, networks: [127.0.0.0/8], control_headers: true}}
  - {{name: shop, token_hash: {{file: token-hash}}, senders: ["@shop.example"]}}
destinations:
  onprem: {{adapter: smtp, hosts: ["{smtp}"], zone: on_prem, connect_timeout: 1s, cost_per_thousand: 0.02 EUR}}
  mailjet: {{adapter: mailjet, url: "http://{http}/mailjet", api_key: {{env: MJ_APIKEY_PUBLIC}}, secret_key: {{env: MJ_APIKEY_PRIVATE}},
            zone: eu, cost_per_thousand: 0.85 EUR, allow_private_address: true}}
policy:
  invariants:
    - {{name: personal-data-stays-home, when: '"personal" in tags', only: 'zone == "on_prem"'}}
  routes:
    - {{name: newsletters, when: 'stream == "marketing"', via: [mailjet, onprem]}}
    - {{name: everything-else, via: [onprem, mailjet]}}
"""


class Part:
    """A process that prints `listening NAME ADDRESS`; it ends with the `with` block."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen([BINARY, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT)
        self.addresses, self.log = {}, []
        self.readers = [threading.Thread(target=self._read, args=pair, daemon=True)
                        for pair in ((self.process.stdout, self._announced), (self.process.stderr, self.log.append))]
        for reader in self.readers:
            reader.start()

    def _read(self, stream, take):
        with stream:
            for line in stream:
                take(line.decode())

    def _announced(self, line):
        words = line.split()
        if len(words) == 3 and words[0] == "listening":
            self.addresses[words[1]] = words[2]

    def wait(self, *names):
        end = time.monotonic() + 60
        while not all(name in self.addresses for name in names):
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError("did not start:\n" + "".join(self.log[-30:]))
            time.sleep(0.02)
        return [self.addresses[name] for name in names]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(40)
            except subprocess.TimeoutExpired:
                self.process.kill()
        for reader in self.readers:
            reader.join(10)


def write_config(work: pathlib.Path, smtp: str, http: str) -> pathlib.Path:
    (work / "token-hash").write_text(hashlib.sha256(TOKEN.encode()).hexdigest())
    file = work / "stellwerk.yaml"
    file.write_text(CONFIG.format(work=work, smtp=smtp, http=http))
    return file
