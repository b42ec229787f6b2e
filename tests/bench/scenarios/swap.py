"""swap: how long until a reloaded policy is what every session meets, with the gateway as busy as it gets, and whether one is dropped.

Two policies take turns: one of them refuses a certain recipient at the door. Sessions that stay open offer a message to that
recipient again and again; a swap is over when the last of them met the new policy. Meanwhile a source sends as fast as it can.
"""
import signal
import smtplib
import threading
import time

import machine
import processes
import report
from gateway_process import OPENING
from loads import Sink, Source

CONFIGURATION = OPENING + """
spool: {{bytes_max: 100GB}}
destinations:
  onprem: {{adapter: smtp, hosts: ["127.0.0.1:{port}"], zone: on_prem, connections: 50}}
policy:
  routes:
{routes}
"""
OPEN = "    - {name: open, via: [onprem]}\n"
CLOSED = "    - {name: no-probes, when: 'recipient.domain == \"probe.test\"', via: {refuse: closed}}\n    - {name: closed, via: [onprem]}\n"
PROBE = "From: shop@source.test\r\nTo: ann@probe.test\r\nSubject: probe\r\n\r\nprobe\r\n"


def arguments(group):
    group.add_argument("--swaps", type=int, help="swaps in a run (default 20)")
    group.add_argument("--probe-sessions", type=int, help="sessions that ask (default 8)")


class Probe(threading.Thread):
    """One session, kept for the whole run; what it met last, and since when."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.met, self.since, self.asked, self.dropped, self.ended = port, None, 0.0, 0, "", False

    def run(self):
        try:
            with smtplib.SMTP("127.0.0.1", self.port, timeout=60) as session:
                session.ehlo("probe.test")
                while not self.ended:
                    for step in (lambda: session.mail("shop@source.test"), lambda: session.rcpt("ann@probe.test"), lambda: session.data(PROBE)):
                        code = step()[0]
                    met = {250: "open", 550: "closed"}[code]
                    if met != self.met:
                        self.met, self.since = met, time.monotonic()
                    self.asked += 1
        except (OSError, KeyError, smtplib.SMTPException) as failure:
            self.dropped = repr(failure)


def write(gateway, port, routes):
    new = gateway.configuration.with_suffix(".new")
    new.write_text(CONFIGURATION.format(port=port, routes=routes))
    new.rename(gateway.configuration)


def run(bench, options):
    for _ in range(bench.runs):
        sink = Sink(bench, messages=1)
        gateway = bench.gateway(CONFIGURATION.format(port=sink.port, routes=OPEN))
        door = gateway.addresses["door"][1]
        probes = [Probe(door) for _ in range(options.probe_sessions or 8)]
        source = Source(bench, door, 1_000_000_000, kind="both", connections=50)
        noise, cpu, begun, times = machine.Noise(), gateway.cpu(), time.monotonic(), []
        try:
            for probe in probes:
                probe.start()
            processes.wait_until(lambda: source.ask()["accepted"] > 0 and all(p.met or p.dropped for p in probes), "the load", 60)
            for number in range(options.swaps or 20):
                wanted = ("closed", "open")[number % 2]
                write(gateway, sink.port, CLOSED if wanted == "closed" else OPEN)
                asked = time.monotonic()
                gateway.process.send_signal(signal.SIGHUP)
                processes.wait_until(lambda: all(p.met == wanted or p.dropped for p in probes), f"the policy {wanted} everywhere", 60)
                times.append(1000 * (max(p.since for p in probes) - asked))
            wall, used, load = time.monotonic() - begun, gateway.cpu() - cpu, source.ask()
        finally:
            for probe in probes:
                probe.ended = True
            source.stop()
            for probe in probes:
                probe.join(30)
            gateway.kill()
            sink.stop()
        times.sort()
        bench.record({"swaps": len(times), "active_ms_median": times[len(times) // 2], "active_ms_max": times[-1],
                      "sessions": len(probes) + 50, "dropped": sum(bool(p.dropped) for p in probes) + load["lost_connections"],
                      "refused": load["refused"], "per_second": load["accepted"] / wall, "probes": sum(p.asked for p in probes),
                      **noise.row(used)})


def tables(rows):
    keys = ["swaps", "active_ms_median", "active_ms_max", "sessions", "dropped", "per_second", "other_cpu_pct"]
    return report.table(["runs", *(k.replace("_", " ") for k in keys)], [[len(rows), *(report.spread(rows, k) for k in keys)]])


def complete(rows):
    return bool(rows) and all(r["dropped"] == 0 and r["refused"] == 0 and r["swaps"] > 0 for r in rows)
