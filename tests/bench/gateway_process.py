"""The gateway under measurement: started, asked, killed, accounted."""
import json
import os
import pathlib
import signal
import subprocess
import threading
import time
import urllib.request

import machine
import processes

OPEN_STATES = ("scheduled", "ready", "attempting", "deferred", "unknown", "held")


# What a configuration begins with, to be formatted: the admin side and an SMTP door that lets the loads choose their stream.
OPENING = """
node: {{name: bench.example, data_directory: data}}
ingress:
  smtp: [{{name: door, address: "127.0.0.1:0", allow_networks: [127.0.0.0/8]}}]
http: {{admin: {{address: "127.0.0.1:0"}}}}
clients:
  - {{name: local, networks: [127.0.0.0/8], may_choose_stream: true, control_headers: true}}
"""


class Gateway:
    def __init__(self, binary, directory, configuration, environment=None):
        self.binary, self.directory = binary, pathlib.Path(directory)
        self.environment = {**os.environ, "BENCH_PUBLIC": "public", "BENCH_PRIVATE": "private", **(environment or {})}
        self.configuration = self.directory / "stellwerk.yaml"
        self.configuration.write_text(configuration)
        self.start()

    def start(self):
        """Returns when it is ready; `ready_seconds` is how long that took."""
        self.addresses, begun = {}, time.monotonic()
        with open(self.directory / "log", "ab") as log:
            self.process = subprocess.Popen([self.binary, "serve", "--config", self.configuration], stdin=subprocess.DEVNULL,
                                            stdout=subprocess.PIPE, stderr=log, env=self.environment)
        threading.Thread(target=self.read_addresses, args=(self.process,), daemon=True).start()
        processes.wait_until(self.ready, f"the gateway to be ready (its log is {self.directory / 'log'})", 120)
        self.ready_seconds = time.monotonic() - begun

    def read_addresses(self, process):
        for line in process.stdout:
            words = line.decode().split()
            if len(words) == 3 and words[0] == "listening":
                host, _, port = words[2].rpartition(":")
                self.addresses[words[1]] = (host.strip("[]"), int(port))

    def ready(self):
        if self.process.poll() is not None:
            raise SystemExit(f"the gateway ended with {self.process.returncode}:\n" + machine.read(self.directory / "log")[-2000:])
        try:
            return "admin" in self.addresses and self.get("/readyz")[0] == 200
        except OSError:
            return False

    def get(self, path):
        host, port = self.addresses["admin"]
        try:
            with urllib.request.urlopen(f"http://{host}:{port}{path}", timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as failure:
            return failure.code, failure.read().decode()

    def call(self, method, body=None):
        host, port = self.addresses["admin"]
        request = urllib.request.Request(f"http://{host}:{port}/stellwerk.v1.{method}", json.dumps(body or {}).encode(),
                                         {"Content-Type": "application/json"}, method="POST")
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())

    def metrics(self, family):
        """{labels: value} of one family."""
        found = {}
        for line in self.get("/metrics")[1].splitlines():
            series, _, value = line.rpartition(" ")
            name, _, labels = series.partition("{")
            if name == family:
                found[labels.rstrip("}")] = float(value)
        return found

    def queued(self, states=OPEN_STATES):
        return int(sum(value for labels, value in self.metrics("stellwerk_messages").items()
                       if any(f'state="{state}"' in labels for state in states)))

    def cpu(self):
        return processes.cpu_of(self.process.pid)

    def rss(self):
        return processes.rss_mb(self.process.pid)

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.kill()
                raise SystemExit("the gateway did not stop within 60 s") from None

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class Simulate:
    """The stand-ins for an MTA and for the ESPs, recording nothing unless `arguments` say so."""

    def __init__(self, binary, directory, *arguments):
        self.addresses = {}
        with open(directory / "log", "ab") as log:
            self.process = subprocess.Popen([binary, "simulate", "--smtp", "127.0.0.1:0", "--http", "127.0.0.1:0", *arguments],
                                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log)
        threading.Thread(target=Gateway.read_addresses, args=(self, self.process), daemon=True).start()
        processes.wait_until(lambda: {"smtp", "http"} <= self.addresses.keys(), "the stand-ins", 20)
        self.url = f"http://127.0.0.1:{self.addresses['http'][1]}"

    def cpu(self):
        return processes.cpu_of(self.process.pid)

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
