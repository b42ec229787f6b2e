#!/usr/bin/python3
"""Kills the real gateway again and again under load and checks that nothing acknowledged is lost.

    ./dev crash --rounds 50

Load comes by SMTP from several workers; the MTA stand-in loses replies after the dot, defers and stalls at random, so
that attempts with an ambiguous outcome exist; SIGKILL, SIGTERM and SIGSTOP strike at random moments. At the end the
queue is drained and every log is joined. The run counts only if it had the planned kills and some ambiguous attempts.
"""
import argparse
import collections
import os
import pathlib
import random
import shutil
import signal
import smtplib
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

FAULTS = [
    {"door": "smtp", "stage": "dot", "match": {"recipient": "lost*"}, "do": "accept_then_close", "ratio": 0.4},
    {"door": "smtp", "stage": "dot", "match": {"recipient": "cut*"}, "do": "close", "ratio": 0.4},
    {"door": "smtp", "stage": "rcpt", "match": {"recipient": "later*"}, "do": "reply", "reply": "450 4.2.0 later", "ratio": 0.5},
    {"door": "smtp", "stage": "rcpt", "match": {"recipient": "slow*"}, "do": "slow", "delay": "200ms"},
]
KINDS = ("plain", "lost", "cut", "later", "slow")
POLICY = """  retry: {transactional: {first: 500ms, factor: 1, max: 1s, lifetime: 24h}}
  unknown_wait: {smtp: 500ms, api: 500ms}"""


class Load:
    """Workers that send until told to stop; what was acknowledged is remembered."""

    def __init__(self, current, workers=4):
        self.current, self.acknowledged, self.lock, self.stop = current, set(), threading.Lock(), threading.Event()
        self.threads = [threading.Thread(target=self.work, args=(w,)) for w in range(workers)]
        for thread in self.threads:
            thread.start()

    def work(self, worker):
        from harness import message, send
        number = 0
        while not self.stop.is_set():
            number += 1
            to = f"{KINDS[number % len(KINDS)]}-{worker}-{number}@example.org"
            try:
                send(self.current["gateway"].smtp_port, message("Rechnung", to=to))
            except (OSError, smtplib.SMTPException, KeyError, AssertionError):
                time.sleep(0.02)
                continue
            with self.lock:
                self.acknowledged.add(to)

    def finish(self):
        self.stop.set()
        for thread in self.threads:
            thread.join()


def strike(gateway, rng):
    """Ends the process one way or another."""
    how = rng.choice(("kill", "kill", "kill", "term", "pause"))
    if how == "pause":
        gateway.process.send_signal(signal.SIGSTOP)
        time.sleep(0.3)
        gateway.process.send_signal(signal.SIGCONT)
    if how == "term":
        gateway.stop()
    else:
        gateway.kill()
    return how


def check(acknowledged, mta, esp, rounds):
    """The verdict: lists of what must be empty."""
    accepted = collections.Counter(mta.recipients("smtp"))
    elsewhere = set(esp.recipients("mailjet"))
    ambiguous = collections.Counter(r for row in mta.records("smtp") if not row["replied"] for r in row["recipients"])
    lost = [a for a in acknowledged if a not in accepted and a not in elsewhere]
    both = [a for a in accepted if a in elsewhere]
    # A kill between the reply and the settled row makes one more ambiguous attempt: at most one each.
    twice = [a for a, n in accepted.items() if n - 1 > ambiguous[a] + rounds]
    print(f"acknowledged {len(acknowledged)}, taken by the MTA {sum(accepted.values())}, ambiguous at the MTA {sum(ambiguous.values())}, "
          f"repeated {sum(n - 1 for n in accepted.values())}, most copies of one {max(accepted.values(), default=0)}")
    return {"lost": lost, "at two destinations": both, "more copies than ambiguous attempts": twice}, sum(ambiguous.values())


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--binary", required=True)
    options.add_argument("--rounds", type=int, default=20)
    options.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    arguments = options.parse_args()
    os.environ["STELLWERK"] = str(pathlib.Path(arguments.binary).resolve())
    from harness import Gateway, Simulate, config, wait_for
    print(f"seed {arguments.seed}, {arguments.rounds} rounds")
    rng = random.Random(arguments.seed)
    directory = pathlib.Path(tempfile.mkdtemp(prefix="stellwerk-crash-"))
    mta, esp = Simulate(directory, "mta"), Simulate(directory, "esp")
    mta.faults(FAULTS)
    current = {"gateway": Gateway(directory, config(mta.smtp_port, esp.url, extra_policy=POLICY))}
    load = Load(current)
    strikes = collections.Counter()
    try:
        for _ in range(arguments.rounds):
            time.sleep(0.3 + rng.random())
            strikes[strike(current["gateway"], rng)] += 1
            current["gateway"] = current["gateway"].restart()
        load.finish()
        mta.faults([])
        gateway = current["gateway"]
        states = ("ready", "attempting", "deferred", "unknown", "scheduled", "held")
        wait_for(lambda: sum(gateway.metric("stellwerk_messages", state=s) for s in states) == 0, "the queue to drain", limit=180)
        verdict, ambiguous = check(load.acknowledged, mta, esp, arguments.rounds)
    finally:
        load.finish()
        for part in (current["gateway"], mta, esp):
            part.kill()
    print("strikes: " + ", ".join(f"{how} {n}" for how, n in sorted(strikes.items())))
    bad = {what: rows for what, rows in verdict.items() if rows}
    for what, rows in bad.items():
        print(f"FAILED {what}: {len(rows)}, such as {rows[:5]}; logs in {directory}")
    if ambiguous == 0 or sum(strikes.values()) != arguments.rounds:
        sys.exit("the run does not count: it had no ambiguous attempts or too few strikes")
    if bad:
        sys.exit(1)
    shutil.rmtree(directory, ignore_errors=True)
    print("nothing lost")


main()
