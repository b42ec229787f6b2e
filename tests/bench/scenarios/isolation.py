"""isolation: how long a transactional message waits from its acceptance to its hand-over while marketing does its worst.

A few transactional messages a second are timed on a quiet gateway, then on the same one with a long marketing queue, a
destination that swallows messages and never answers, and more marketing arriving as fast as the gateway takes it. Twice: with
the stalled destination used by marketing alone, and with it as the first of the transactional route too.
"""
import time

import machine
import report
from gateway_process import OPENING
from loads import Sink, Source, read_log

CONFIGURATION = OPENING + """
spool: {{bytes_max: 500GB}}
destinations:
  onprem: {{adapter: smtp, hosts: ["127.0.0.1:{good}"], zone: on_prem}}
  stalled: {{adapter: smtp, hosts: ["127.0.0.1:{stalled}"], zone: eu}}
policy:
  routes:
    - {{name: stuck, when: 'recipient.domain == "stuck.test"', via: [stalled]}}
    - {{name: bulk, when: 'stream == "marketing"', via: [onprem]}}
    - {{name: transactional, via: [{way}]}}
"""
WAYS = {"other": "onprem", "first": "stalled, onprem"}


def arguments(group):
    group.add_argument("--marketing-queued", type=int, help="marketing messages queued at the stalled destination (default 1000000)")
    group.add_argument("--probes", type=int, help="transactional messages timed in each state (default 1500)")
    group.add_argument("--probe-rate", type=int, help="transactional messages a second (default 50)")
    group.add_argument("--stall", help="where the stalled destination stops: greeting or dot (default dot)")


class Stage:
    """A gateway between a source of probes and two sinks, one of which can be stalled."""

    def __init__(self, bench, way, stall):
        self.bench, self.stall, self.next_number = bench, stall, 0
        self.logs = [bench.directory / f"arrived-{way}-{name}" for name in ("onprem", "stalled")]
        self.good, self.stalled = (Sink(bench, messages=1, log=log) for log in self.logs)
        self.gateway = bench.gateway(CONFIGURATION.format(good=self.good.port, stalled=self.stalled.port, way=WAYS[way]))
        self.door = self.gateway.addresses["door"][1]
        self.flood = None

    def stop(self):
        if self.flood:
            self.flood.stop()
        self.gateway.kill()  # it would wait for the attempts that hang at the stalled destination
        self.good.stop()
        self.stalled.stop()

    def load(self, queued):
        self.stalled.ask(f"stall {self.stall}")
        Source(self.bench, self.door, queued, kind="m", to="ann@stuck.test", connections=50).result(7200)
        self.flood = Source(self.bench, self.door, 1_000_000_000, kind="m", to="ann@sink.test", connections=20)

    def arrivals(self, numbers):
        found = {}
        for sink, log in zip((self.good, self.stalled), self.logs):
            sink.ask()  # it also flushes its log
            found.update({n: at[0] for n, at in read_log(log).items() if n in numbers})
        return found

    def probe(self, count, rate):
        """Milliseconds from acceptance to hand-over, and from the end of the content to acceptance."""
        log = self.bench.directory / f"probes-{self.next_number}"
        Source(self.bench, self.door, count, first=self.next_number, kind="t", rate=rate, connections=10, log=log).result(count / rate + 600)
        self.next_number += count
        sent, begun = read_log(log), time.monotonic()
        while len(arrived := self.arrivals(sent)) < count and time.monotonic() - begun < 20:
            time.sleep(0.2)
        missing = count - len(arrived)
        handed = sorted(max(0, at - sent[n][1]) / 1e6 for n, at in arrived.items()) + [None] * missing  # later than all others
        accepted = sorted((at[1] - at[0]) / 1e6 for at in sent.values())
        row = {"probes": count, "missing": missing}
        for name, ordered in (("handoff", handed), ("accept", accepted)):
            for label, share in (("p50", 0.5), ("p99", 0.99), ("max", 1)):
                row[f"{name}_{label}_ms"] = machine.quantile(ordered, share)
        return row


def one_case(bench, way, options):
    count, rate = options.probes or 1500, options.probe_rate or 50
    stage = Stage(bench, way, options.stall or "dot")
    try:
        for state in ("quiet", "loaded"):
            noise, received, begun = machine.Noise(), stage.good.ask()["marketing"], time.monotonic()
            if state == "loaded":
                stage.load(options.marketing_queued or 1_000_000)
                stage.probe(count, rate)  # until the machines of health have seen what there is to see
                received, begun = stage.good.ask()["marketing"], time.monotonic()
            row = stage.probe(count, rate)
            flow = (stage.good.ask()["marketing"] - received) / (time.monotonic() - begun)
            bench.record({"stalled": way, "state": state, **row, "marketing_per_second": flow, "queued": stage.gateway.queued(),
                          "rss_mb": stage.gateway.rss(), **noise.row(0)})
    finally:
        stage.stop()


def run(bench, options):
    for way in WAYS:
        one_case(bench, way, options)


def tables(rows):
    keys = ["queued", "marketing_per_second", "handoff_p50_ms", "handoff_p99_ms", "handoff_max_ms", "accept_p50_ms", "accept_p99_ms", "rss_mb",
            "missing"]
    lines = [[f"of {'marketing alone' if r['stalled'] == 'other' else 'the transactional route'}", r["state"],
              *(report.number(r[k]) for k in keys)] for r in rows]
    return report.table(["stalled", "state", *(k.replace("_", " ") for k in keys)], lines)


def complete(rows):
    """A probe that the stalled destination swallowed is unknown there and cannot have arrived; no other may be missing."""
    return len(rows) == 2 * len(WAYS) and all(r["missing"] == 0 for r in rows if r["stalled"] == "other" or r["state"] == "quiet")
