"""esp: messages per second from an SMTP door to the Mailjet dialect of the stand-in, several messages in one request.

The stand-in is the gateway's own `simulate`, without a record. `delivered` is what the gateway counts as delivered attempts.
"""
import time

import machine
import report
from gateway_process import OPENING, Simulate
from loads import Source

CONFIGURATION = OPENING + """
destinations:
  mailjet: {{adapter: mailjet, url: "{url}", api_key: {{env: BENCH_PUBLIC}}, secret_key: {{env: BENCH_PRIVATE}}, zone: eu,
            allow_private_address: true, connections: {connections}}}
policy:
  routes:
    - {{name: everything, via: [mailjet]}}
"""


def arguments(group):
    group.add_argument("--esp-count", type=int, help="messages (default 30000)")
    group.add_argument("--esp-connections", type=int, help="`connections` of the destination (default 100)")


def run(bench, options):
    count = options.esp_count or 30_000
    for _ in range(bench.runs):
        stand_in = Simulate(bench.binary, bench.folder("simulate"))
        gateway = None
        try:
            gateway = bench.gateway(CONFIGURATION.format(url=stand_in.url + "/mailjet", connections=options.esp_connections or 100))
            noise, cpu, peer, begun = machine.Noise(), gateway.cpu(), stand_in.cpu(), time.monotonic()
            source = Source(bench, gateway.addresses["door"][1], count, kind="m", connections=50)
            accepted = source.result(600)
            while (left := gateway.queued()) and time.monotonic() - begun < 600:
                time.sleep(0.05)
            wall, used = time.monotonic() - begun, gateway.cpu() - cpu
            delivered = sum(v for k, v in gateway.metrics("stellwerk_attempts_total").items() if 'outcome="delivered"' in k)
            bench.record({"count": count, "delivered": int(delivered), "left": left, "accepted_per_second": count / accepted["seconds"],
                          "per_second": count / wall, "cpu_us": 1e6 * used / count, "stand_in_us": 1e6 * (stand_in.cpu() - peer) / count,
                          "rss_mb": gateway.rss(), **noise.row(used + stand_in.cpu() - peer)})
        finally:
            if gateway:
                gateway.stop()
            stand_in.stop()


def tables(rows):
    keys = ["count", "accepted_per_second", "per_second", "cpu_us", "stand_in_us", "rss_mb", "other_cpu_pct"]
    return report.table(["runs", *(k.replace("_", " ") for k in keys), "missing"],
                        [[len(rows), *(report.spread(rows, k) for k in keys), sum(r["count"] - r["delivered"] for r in rows)]])


def complete(rows):
    return bool(rows) and all(r["delivered"] == r["count"] and r["left"] == 0 for r in rows)
