#!/usr/bin/python3
"""Kills the real gateway again and again under load and checks that nothing acknowledged is lost or sent twice by carelessness.

    ./dev crash --rounds 50

Load comes by SMTP and by gRPC, with and without idempotency keys, from processes of their own (load.py). An MTA and a
Mailjet stand-in lose replies after the dot and after the request, cut, defer and stall at random, so that attempts with an
ambiguous outcome exist; SIGKILL, SIGTERM and SIGSTOP strike at random moments. At the end the queue is drained and all logs
are joined by checker.py. The run counts only if it had the planned strikes and ambiguous attempts.
"""
import argparse
import collections
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "integration"))

SMTP_FAULTS = [
    {"door": "smtp", "stage": "dot", "match": {"recipient": "lost*"}, "do": "accept_then_close", "ratio": 0.4},
    {"door": "smtp", "stage": "dot", "match": {"recipient": "cut*"}, "do": "close", "ratio": 0.4},
    {"door": "smtp", "stage": "rcpt", "match": {"recipient": "later*"}, "do": "reply", "reply": "450 4.2.0 later", "ratio": 0.5},
    {"door": "smtp", "stage": "rcpt", "match": {"recipient": "slow*"}, "do": "slow", "delay": "200ms"},
    {"door": "smtp", "stage": "mail", "do": "reply", "reply": "421 4.3.2 restarting", "ratio": 0.01},
]
HTTP_FAULTS = [
    {"door": "mailjet", "stage": "response", "match": {"recipient": "lost*"}, "do": "reset", "ratio": 0.4},
    {"door": "mailjet", "stage": "request", "match": {"recipient": "cut*"}, "do": "reset", "ratio": 0.4},
    {"door": "mailjet", "stage": "response", "match": {"recipient": "slow*"}, "do": "slow", "delay": "200ms"},
    {"door": "mailjet", "stage": "request", "match": {"recipient": "later*"}, "do": "reply", "reply": "429 {}", "ratio": 0.05},
]
POLICY = """  retry: {transactional: {first: 500ms, factor: 1, max: 1s, lifetime: 24h}, marketing: {first: 500ms, factor: 1, max: 1s, lifetime: 24h}}
  unknown_wait: {smtp: 500ms, api: 500ms}"""
HEALTH = "health: {ejection: 500ms, ejection_max: 1s, slow_start: 1s, probe_interval: 200ms}"
CLIENTS = """  - {name: load, tenant: acme, token_hash: {env: LOAD_TOKEN}, senders: ["@shop.example"], may_choose_stream: true}"""
STRIKES = ("kill",) * 6 + ("term", "term", "hurried term", "pause")


class Generators:
    """The load processes; they find the gateway by a file of ports."""

    def __init__(self, directory, rate, seed):
        self.ports = directory / "ports.json"
        self.logs = {door: directory / f"load-{door}.ndjson" for door in ("smtp", "grpc")}
        self.rate, self.seed, self.processes = rate, seed, []

    def publish(self, gateway):
        fresh = self.ports.with_suffix(".new")
        fresh.write_text(json.dumps({"smtp": gateway.smtp_port, "grpc": gateway.addresses["grpc"][1]}))
        fresh.rename(self.ports)

    def start(self):
        for number, (door, log) in enumerate(self.logs.items()):
            share = 0.7 if door == "smtp" else 0.3
            self.processes.append(subprocess.Popen(
                ["/usr/bin/python3", HERE / "load.py", "--door", door, "--ports", self.ports, "--log", log, "--seed", str(self.seed + number),
                 "--rate", str(self.rate * share)], env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}))

    def stop(self):
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        codes = [process.wait(60) for process in self.processes]
        if any(codes):
            sys.exit(f"a load generator failed: {codes}")

    def kill(self):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
                process.wait()

    def alive(self):
        return all(process.poll() is None for process in self.processes)


def strike(gateway, rng):
    """Ends the process one way or another."""
    how = rng.choice(STRIKES)
    if how == "pause":
        gateway.process.send_signal(signal.SIGSTOP)
        time.sleep(0.3)
        gateway.process.send_signal(signal.SIGCONT)
    if how == "term":
        if gateway.stop() != 0:
            sys.exit("SIGTERM did not end with 0")
    elif how == "hurried term":
        gateway.process.send_signal(signal.SIGTERM)
        time.sleep(rng.random() * 0.05)
        gateway.stop()
    else:
        gateway.kill()
    return how


def count_of(gateway, *states):
    return gateway.metric("stellwerk_messages", state=states)


def drain(gateway, wait_for):
    """Until nothing is open but what may not be repeated: a message to several, lost at an API that has no relay, waits for its
    vendor's word or its end. Unknown mail is made due, as an operator would; its waits have grown long by then."""
    last = {"unknown": None, "since": time.monotonic()}

    def settled():
        unknown = count_of(gateway, "unknown")
        if unknown:
            rows = gateway.call("QueueService/ListMessages", {"state": "unknown", "pageSize": 1000}).get("recipients", [])
            ids = list(dict.fromkeys(row["queueId"] for row in rows))
            gateway.call("QueueService/RetryMessages", {"queueIds": ids[:1000], "reason": "end of the run"})
        if unknown != last["unknown"]:
            last.update(unknown=unknown, since=time.monotonic())
        time.sleep(0.2)
        # One scrape: between two of them mail moves from a state not yet read to one already read.
        others = ("ready", "attempting", "deferred", "scheduled", "held")
        is_stuck = time.monotonic() - last["since"] > 8
        return count_of(gateway, *others, *(() if is_stuck else ("unknown",))) == 0
    wait_for(settled, "the queue to drain", limit=300)


def soundness(binary, directory):
    """The store itself, with nobody in it."""
    done = subprocess.run([binary, "spool", "check", "--data", directory / "data", "--json"], capture_output=True, timeout=300)
    report = json.loads(done.stdout) if done.stdout else {"faults": {done.stderr.decode(errors="replace"): 1}}
    return {f"spool check: {what}": [count] for what, count in report["faults"].items()}


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--binary", required=True)
    options.add_argument("--rounds", type=int, default=20)
    options.add_argument("--rate", type=float, default=90, help="messages a second, of 1 to 8 recipients")
    options.add_argument("--round-seconds", type=float, default=2.0, help="a round lasts from a tenth to twice of it")
    options.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    arguments = options.parse_args()
    binary = pathlib.Path(arguments.binary).resolve()
    os.environ["STELLWERK"] = str(binary)
    from collect import collect
    from checker import Checker
    from harness import Gateway, Simulate, config, token_hash, wait_for
    print(f"seed {arguments.seed}, {arguments.rounds} rounds", flush=True)
    rng, begun = random.Random(arguments.seed), time.monotonic()
    directory = pathlib.Path(tempfile.mkdtemp(prefix="stellwerk-crash-"))
    mta, esp = Simulate(directory, "mta"), Simulate(directory, "esp")
    mta.faults(SMTP_FAULTS)
    esp.faults(HTTP_FAULTS)
    text = config(mta.smtp_port, esp.url, extra_policy=POLICY, health=HEALTH, clients=CLIENTS)
    text = text.replace("{name: legacy, networks", "{name: legacy, tenant: acme, networks")  # one tenant: one ledger to read
    gateway = Gateway(directory, text, {"LOAD_TOKEN": token_hash("load-token")})
    load = Generators(directory, arguments.rate, arguments.seed)
    load.publish(gateway)
    load.start()
    strikes, times = collections.Counter(), []
    try:
        for number in range(arguments.rounds):
            time.sleep(arguments.round_seconds * (0.1 + 1.9 * rng.random()))
            if not load.alive():
                sys.exit(f"a load generator ended early; logs in {directory}")
            times.append(time.time())
            strikes[strike(gateway, rng)] += 1
            times.append(time.time())
            gateway = gateway.restart()
            load.publish(gateway)
            if (number + 1) % 20 == 0:
                print(f"{number + 1} rounds, {time.monotonic() - begun:.0f} s", flush=True)
        load.stop()
        for part in (mta, esp):
            part.faults([])
        drain(gateway, wait_for)
        run = collect(gateway, {"onprem": mta, "mailjet": esp}, load.logs.values(), sorted(times))
        gateway.stop()
        checker = Checker(run)
        problems = {**checker.check(), **soundness(binary, directory)}
    finally:
        load.kill()
        for part in (gateway, mta, esp):
            part.kill()
    figures = checker.figures()
    print("; ".join(f"{what} {n}" for what, n in figures.items()))
    print("strikes: " + ", ".join(f"{how} {n}" for how, n in sorted(strikes.items())) + f"; {time.monotonic() - begun:.0f} s")
    for what, rows in problems.items():
        print(f"FAILED {what}: {len(rows)}, such as {rows[:5]}; logs in {directory}")
    if checker.ambiguous < arguments.rounds or sum(strikes.values()) != arguments.rounds:
        sys.exit(f"the run does not count: {checker.ambiguous} ambiguous attempts, {sum(strikes.values())} strikes, {arguments.rounds} planned of each")
    if problems:
        sys.exit(1)
    shutil.rmtree(directory, ignore_errors=True)
    print("nothing lost, nothing twice without an ambiguous attempt")


if __name__ == "__main__":
    main()
