"""long: one run of millions of messages: how many an hour, is anything lost, does memory stay flat.

10 KB each; half transactional, half marketing; every second with an idempotency key; a policy of twenty rules; metrics
scraped every fifteen seconds, which is also how often memory and disk are sampled.
"""
import threading
import time

import machine
import processes
import report
from gateway_process import OPENING
from loads import Sink, Source

SCRAPE_SECONDS = 15
RULES = [
    ("classify", 'header["list-id"].contains("{i}.lists.example")', "marketing"),
    ("classify", 'subject.startsWith("Offer {i}")', "marketing"),
    ("route", 'recipient.domain == "partner{i}.example"', ""),
    ("route", '"class-{i}" in tags && size > 100000', ""),
]
CONFIGURATION = OPENING + """
spool: {{bytes_max: 500GB}}
destinations:
  onprem: {{adapter: smtp, hosts: ["127.0.0.1:{sink}"], zone: on_prem}}
policy:
  classify:
    rules:
{classify}
  routes:
{routes}
    - {{name: newsletters, when: 'stream == "marketing"', via: [onprem]}}
    - {{name: everything-else, via: [onprem]}}
"""


def arguments(group):
    group.add_argument("--messages", type=int, help="default 10000000")


def policy_of_twenty():
    """Eighteen rules that match nothing here and are asked for every message, and the two that match."""
    classify, routes = [], []
    for i in range(18):
        kind, condition, stream = RULES[i % len(RULES)]
        text = condition.replace("{i}", str(i))
        if kind == "classify":
            classify.append(f"      - {{name: rule-{i}, when: '{text}', stream: {stream}}}")
        else:
            routes.append(f"    - {{name: rule-{i}, when: '{text}', via: [onprem]}}")
    return "\n".join(classify), "\n".join(routes)


class Sampler:
    """Scrapes the metrics as Prometheus would, and notes memory and the size of the data directory."""

    def __init__(self, gateway, sink):
        self.gateway, self.sink, self.rows, self.ended = gateway, sink, [], threading.Event()
        self.begun = time.monotonic()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def sample(self):
        bodies = self.gateway.metrics("stellwerk_spool_bytes")
        self.rows.append({"second": round(time.monotonic() - self.begun), "rss_mb": self.gateway.rss(),
                          "disk_mb": sum(f.stat().st_blocks * 512 for f in self.files()) / 1e6, "spool_bytes": bodies})

    def files(self):
        for path in (self.gateway.directory / "data").rglob("*"):
            try:
                if path.is_file():
                    yield path
            except OSError:
                continue  # removed meanwhile

    def run(self):
        while not self.ended.wait(SCRAPE_SECONDS):
            self.sample()

    def stop(self):
        self.ended.set()
        self.thread.join()
        self.sample()


def run(bench, options):
    count = options.messages or 10_000_000
    parts = []
    try:
        sink = Sink(bench, messages=count)
        parts.append(sink)
        classify, routes = policy_of_twenty()
        gateway = bench.gateway(CONFIGURATION.format(sink=sink.port, classify=classify, routes=routes))
        parts.append(gateway)
        sampler = Sampler(gateway, sink)
        parts.append(sampler)
        noise, cpu, begun = machine.Noise(), gateway.cpu(), time.monotonic()
        source = Source(bench, gateway.addresses["door"][1], count, kind="both", keys=2, size=10_240, connections=50)
        parts.append(source)
        accepted = source.result(86_400)
        processes.wait_until(lambda: sink.ask()["distinct"] >= count or gateway.queued() == 0, "the sink to have everything", 3600)
        wall, used = time.monotonic() - begun, gateway.cpu() - cpu
        sampler.stop()
        got = sink.ask()
        quarter = max(1, len(sampler.rows) // 4)
        first, last = (max(r["rss_mb"] for r in rows) for rows in (sampler.rows[:quarter * 2], sampler.rows[-quarter:]))
        bench.record({"count": count, "seconds": wall, "per_hour": 3600 * count / wall, "per_second": count / wall,
                      "accepted_per_second": count / accepted["seconds"], "refused": accepted["refused"], "missing": count - got["distinct"],
                      "repeated": got["received"] - got["distinct"], "cpu_us": 1e6 * used / count, "rss_first_half_mb": first,
                      "rss_last_quarter_mb": last, "state_bytes_each": 1e6 * sampler.rows[-1]["disk_mb"] / count, "left": gateway.queued(),
                      "samples": sampler.rows, **noise.row(used)})
    finally:
        for part in reversed(parts):
            part.stop()


def tables(rows):
    keys = ["count", "seconds", "per_hour", "per_second", "cpu_us", "rss_first_half_mb", "rss_last_quarter_mb", "state_bytes_each", "missing",
            "repeated", "refused"]
    return report.table([k.replace("_", " ") for k in keys], [[report.number(r[k]) for k in keys] for r in rows])


def complete(rows):
    return bool(rows) and all(r["missing"] == 0 and r["left"] == 0 for r in rows)
