"""deep: what a long queue costs: memory, throughput beside an empty gateway, taking from the head, a kill and a restart.

Half of the queue is transactional, half marketing, all of it bound for a destination where nobody listens. Other mail, for a
destination that works, is timed by turns through this gateway and through one with an empty store, once the store has
compacted what was left to do (`rest seconds`): beside the queue of the `dead` destination; with that one `drained` by the
operator; and when it came back, half of the queue has left from its head, and it is drained again (`half`). At last the
gateway is killed, and started with the way open.
"""
import time
from statistics import median

import machine
import processes
import report
from gateway_process import OPENING
from loads import Sink, Source

CONFIGURATION = OPENING + """
spool: {{bytes_max: 500GB}}
destinations:
  working: {{adapter: smtp, hosts: ["127.0.0.1:{working}"], zone: on_prem}}
  closed: {{adapter: smtp, hosts: ["127.0.0.1:{closed}"], zone: on_prem}}
policy:
  retry:
    transactional: {{lifetime: 5d}}
    marketing: {{lifetime: 5d}}
  routes:
    - {{name: queue, when: 'recipient.domain == "closed.test"', via: [closed]}}
    - {{name: flow, via: [working]}}
"""


def arguments(group):
    group.add_argument("--queued", type=int, help="recipients in the queue (default 1000000)")
    group.add_argument("--flow", type=int, help="messages of each timed run beside the queue (default 100000)")
    group.add_argument("--stay", action="store_true", help="end after the restart: the rest does not leave, and what is missing is not counted")


def timed_flow(bench, gateway, sink, count):
    """Messages per second through the working destination, from the first connection until the sink has the last."""
    before, cpu, begun = sink.ask()["received"], gateway.cpu(), time.monotonic()
    source = Source(bench, gateway.addresses["door"][1], count, kind="both", to="ann@sink.test")
    source.result(3600)
    processes.wait_until(lambda: sink.ask()["received"] - before >= count, "the sink to have everything", 600)
    return {"per_second": count / (time.monotonic() - begun), "cpu_us": 1e6 * (gateway.cpu() - cpu) / count}


def compare(bench, name, gateways, sinks, count, row):
    """By turns; the median ratio is what the target speaks of."""
    pairs = []
    for run in range(bench.runs):
        timed = {}
        # In changing order: what one leaves to do in the background burdens whoever is timed next.
        for which in ((0, 1), (1, 0))[run % 2]:
            timed[which] = timed_flow(bench, gateways[which], sinks[which], count)
        pairs.append((timed[0], timed[1]))
    dearer = [d["cpu_us"] / e["cpu_us"] for d, e in pairs if e["cpu_us"]]
    found = {"ratio": median(d["per_second"] / e["per_second"] for d, e in pairs), "cpu_ratio": median(dearer) if dearer else None,
             "per_second": median(d["per_second"] for d, _ in pairs), "empty_per_second": median(e["per_second"] for _, e in pairs),
             "rss_mb": gateways[0].rss()}
    bench.record({"phase": name, **found})
    row.update({f"{name}_{key}": value for key, value in found.items()})


def rest(gateway):
    """Until the gateway takes less than a tenth of a core: seconds."""
    begun, used = time.monotonic(), None
    while used is None or (used > 0.1 and time.monotonic() - begun < 900):
        cpu, since = gateway.cpu(), time.monotonic()
        time.sleep(2)
        used = (gateway.cpu() - cpu) / (time.monotonic() - since)
    return time.monotonic() - begun


def set_open(gateway, is_open, reason="measurement"):
    verb = "ResumeDestination" if is_open else "DrainDestination"
    gateway.call(f"DestinationService/{verb}", {"name": "closed", "reason": reason})


def bytes_on_disk(folder):
    return sum(f.stat().st_blocks * 512 for f in folder.rglob("*") if f.is_file())


def fill(bench, gateway, queued, row):
    cpu, begun = gateway.cpu(), time.monotonic()
    source, peak = Source(bench, gateway.addresses["door"][1], queued, kind="both", to="ann@closed.test", connections=100), 0.0
    while source.process.poll() is None and source.ask()["accepted"] < queued:
        peak = max(peak, gateway.rss())
        time.sleep(0.5)
    source.stop()
    row.update(queued=gateway.queued(), fill_per_second=queued / (time.monotonic() - begun), fill_cpu_us=1e6 * (gateway.cpu() - cpu) / queued,
               peak_rss_mb=max(peak, gateway.rss()), disk_bytes_each=bytes_on_disk(gateway.directory / "data") / queued)


def kill_and_restart(bench, gateway, sink, row):
    """How soon a message is accepted after the restart, and, the way opened again (a drain outlives it), the oldest one leaves."""
    gateway.kill()
    first = sink.ask()["received"]
    begun = time.monotonic()
    gateway.start()
    set_open(gateway, True)
    probe = Source(bench, gateway.addresses["door"][1], 1, kind="t", to="ann@sink.test")
    probe.result(60)
    row["accepting_after_s"] = time.monotonic() - begun
    processes.wait_until(lambda: sink.ask()["received"] > first, "the queue to leave after the restart", 120)
    row["leaving_after_s"] = time.monotonic() - begun
    row["left_after_restart"] = gateway.queued()


def run(bench, options):
    queued, flow, row, parts, gateways = options.queued or 1_000_000, options.flow or 100_000, {}, [], []
    noise = machine.Noise()
    try:
        sinks = [Sink(bench, messages=1) for _ in range(2)]
        parts += sinks
        port = processes.free_port()
        for name, working in zip(("deep", "empty"), sinks):
            gateways.append(bench.gateway(CONFIGURATION.format(working=working.port, closed=port), name))
            parts.append(gateways[-1])
        deep = gateways[0]
        fill(bench, deep, queued, row)
        row["rest_seconds"] = rest(deep)
        bench.record({"phase": "filled", **row})
        compare(bench, "dead", gateways, sinks, flow, row)
        set_open(deep, False)
        compare(bench, "drained", gateways, sinks, flow, row)
        sink = Sink(bench, port=port, messages=queued)
        parts.append(sink)
        set_open(deep, True)
        begun, cpu = time.monotonic(), deep.cpu()
        processes.wait_until(lambda: sink.ask()["received"] >= queued // 2, "half of the queue to leave", 7200)
        row.update(head_per_second=(queued // 2) / (time.monotonic() - begun), head_cpu_us=1e6 * (deep.cpu() - cpu) / (queued // 2))
        set_open(deep, False)
        row["half_rest_seconds"] = rest(deep)
        compare(bench, "half", gateways, sinks, flow, row)
        kill_and_restart(bench, deep, sink, row)
        row.update(missing=None, repeated=None)
        if not options.stay:
            begun = time.monotonic()
            processes.wait_until(lambda: deep.queued() == 0, "the rest of the queue to leave", 7200)
            row.update(empty_after_s=time.monotonic() - begun, missing=queued - sink.ask()["distinct"],
                       repeated=sink.ask()["received"] - sink.ask()["distinct"])
        bench.record({**row, "phase": "whole", **noise.row(0)})
    finally:
        for part in reversed(parts):
            part.kill() if options.stay and part in gateways else part.stop()


def tables(rows):
    whole = [r for r in rows if r["phase"] == "whole"]
    keys = ["queued", "fill_per_second", "peak_rss_mb", "disk_bytes_each", "rest_seconds", "dead_ratio", "dead_cpu_ratio", "drained_ratio", "drained_cpu_ratio",
            "head_per_second", "head_cpu_us", "half_rest_seconds", "half_ratio", "half_cpu_ratio", "half_rss_mb", "accepting_after_s", "leaving_after_s",
            "missing", "repeated"]
    return report.table([k.replace("_", " ") for k in keys], [[report.number(r[k]) for k in keys] for r in whole])


def complete(rows):
    whole = [r for r in rows if r["phase"] == "whole"]
    return bool(whole) and not any(r["missing"] for r in whole)
