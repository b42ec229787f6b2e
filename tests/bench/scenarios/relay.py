"""relay: messages per second from smtp-source over a relay to smtp-sink, all on loopback, beside other relays.

Four rows: 2 KB and 50 KB, connections kept and one message each. The targets take turns, so that the drift of a machine hits
all of them alike; what counts is the ratio to `limit`, the bare durable relay of the same run.
"""
import os
import subprocess
import time
from statistics import median

import machine
import processes
import report
import targets

SIZES = {"2k": 2048, "50k": 51200}
TARGETS = ["direct", "limit", "stellwerk", "unsynced", "postfix-tuned", "postfix-stock"]
PEERS = ["haraka-outbound", "exim-tuned"]


def arguments(group):
    group.add_argument("--targets", help=f"comma-separated; default {','.join(TARGETS)}")
    group.add_argument("--peers", action="store_true", help=f"also {', '.join(PEERS)}")
    group.add_argument("--rows", help="comma-separated of 2k-kept, 2k-each, 50k-kept, 50k-each; default all")
    group.add_argument("--sessions", type=int, help="connections of the generator (default 20)")
    group.add_argument("--seconds", type=float, help="aimed length of one run (default 10)")
    group.add_argument("--count", type=int, help="messages per run instead")
    group.add_argument("--strace", action="store_true", help="also count system calls per message, in a run of its own")


def source_command(port, size, kept, sessions, count):
    command = [processes.find_tool("smtp-source"), "-4", "-s", str(sessions), "-l", str(size), "-m", str(count),
               "-f", "from@source.test", "-t", "to@sink.test"]
    return [*command, *(["-d"] if kept else []), f"127.0.0.1:{port}"]


def one_run(target, sink, size, kept, sessions, count, limit):
    sink.trim()
    noise = machine.Noise()
    before, cpu, sink_cpu, own = sink.count(), target.cpu(), sink.cpu(), sum(os.times()[:2])
    begun = time.monotonic()
    source = subprocess.Popen(source_command(target.port, size, kept, sessions, count), stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    accepted = relayed = usage = None
    rss, next_rss = 0.0, begun + 0.5
    while True:
        now = time.monotonic()
        if usage is None:
            pid, status, used = os.wait4(source.pid, os.WNOHANG)
            if pid:
                source.returncode, usage, accepted = os.waitstatus_to_exitcode(status), used, now - begun
        if relayed is None and sink.count() - before >= count:
            relayed = now - begun
        if usage is not None and (relayed is not None or source.returncode != 0) or now - begun > limit:
            break
        if now > next_rss:
            rss, next_rss = max(rss, target.rss()), now + 1
        time.sleep(0.02)
    if usage is None:
        source.kill()
        _, status, usage = os.wait4(source.pid, 0)
        source.returncode = os.waitstatus_to_exitcode(status)
    complaint = source.stderr.read().decode(errors="replace").strip()[-200:]
    source.stderr.close()
    end = time.monotonic() + 15
    while target.queued() and time.monotonic() < end:
        time.sleep(0.1)
    used = target.cpu() - cpu
    generator, sunk = usage.ru_utime + usage.ru_stime, sink.cpu() - sink_cpu
    row = {"target": target.name, "size": size, "kept": kept, "sessions": sessions, "count": count,
           "returned": source.returncode, "complaint": complaint, "missing": count - (sink.count() - before),
           "left": target.queued(), "accepted_per_second": count / accepted if accepted and source.returncode == 0 else None,
           "relayed_per_second": count / relayed if relayed else None, "cpu_us": 1e6 * used / count,
           "generator_us": 1e6 * generator / count, "sink_us": 1e6 * sunk / count, "rss_mb": round(max(rss, target.rss()), 1)}
    return {**row, **noise.row(used + generator + sunk + sum(os.times()[:2]) - own)}


def system_calls(bench, target, sink, size, kept, sessions):
    """A slow run of its own under strace: calls per message by name."""
    pids = target.group.pids() if getattr(target, "group", None) else [target.gateway.process.pid]
    path = bench.directory / "strace"
    tracer = subprocess.Popen(["strace", "-f", "-c", "-U", "calls,name", "-o", path, *(x for p in pids for x in ("-p", str(p)))],
                              stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    processes.wait_until(lambda: all("TracerPid:\t0" not in machine.read(f"/proc/{p}/status") for p in pids), "strace to attach", 10)
    count = 5000
    one_run(target, sink, size, kept, sessions, count, 120)
    tracer.send_signal(2)
    tracer.wait(30)
    calls = {}
    for line in machine.read(path).splitlines():
        words = line.split()
        if len(words) == 2 and words[0].isdigit() and words[1] != "total":
            calls[words[1]] = round(int(words[0]) / count, 2)
    return dict(sorted(calls.items(), key=lambda one: -one[1]))


def rows_of(options):
    wanted = (options.rows or "2k-kept,2k-each,50k-kept,50k-each").split(",")
    for name in wanted:
        size, _, mode = name.partition("-")
        if size not in SIZES or mode not in ("kept", "each"):
            raise SystemExit(f"no row {name}")
        yield SIZES[size], mode == "kept"


def run(bench, options):
    names = options.targets.split(",") if options.targets else TARGETS + (PEERS if options.peers else [])
    sessions, seconds = options.sessions or 20, options.seconds or 10
    for size, kept in rows_of(options):
        parts, counts = [], {}
        try:
            # Everything is started anew for each row, and everything runs while one of them is measured; idle relays cost nothing.
            for name in names:
                sink = processes.SmtpSink(processes.free_port(), bench.directory)
                parts.append((targets.make(name, bench, sink.port), sink))
                parts[-1][0].start()
            for target, sink in parts:  # a warm-up, which also says how many messages fill the time
                first = one_run(target, sink, size, kept, sessions, min(options.count or 2000, 2000), 120)
                rate = first["relayed_per_second"] or 100
                counts[target.name] = options.count or int(min(400_000, max(1000, rate * seconds)))
            for _ in range(bench.runs):
                for target, sink in parts:
                    bench.record(one_run(target, sink, size, kept, sessions, counts[target.name], 20 * seconds + 60))
            if options.strace:
                for target, sink in parts:
                    if target.name not in ("direct", "limit"):
                        bench.note(f"{target.name} {size} kept={kept}: calls per message " +
                                   str(system_calls(bench, target, sink, size, kept, sessions)))
        finally:
            for target, sink in parts:
                target.stop()
                sink.stop()


def faults(rows):
    found = [f"smtp-source ended with {r['returned']}: {r['complaint']}" for r in rows if r["returned"]]
    found += [f"{r['missing']} missing" for r in rows if r["missing"]] + [f"{r['left']} left" for r in rows if r["left"]]
    return ", ".join(found) or "none"


def tables(rows):
    out = []
    for size, kept in dict.fromkeys((r["size"], r["kept"]) for r in rows):
        here = [r for r in rows if (r["size"], r["kept"]) == (size, kept)]
        out.append(f"{size // 1024} KB, {'connections kept' if kept else 'a connection each'}, {here[0]['sessions']} sessions\n")
        limit = [r["relayed_per_second"] for r in here if r["target"] == "limit" and r["relayed_per_second"]]
        lines = []
        for name in dict.fromkeys(r["target"] for r in here):
            own = [r for r in here if r["target"] == name]
            rates = [r["relayed_per_second"] for r in own if r["relayed_per_second"]]
            ratio = f"{median(rates) / median(limit):.2f}" if rates and limit else "-"
            lines.append([name, len(own), own[0]["count"], report.spread(own, "accepted_per_second"),
                          report.spread(own, "relayed_per_second"), ratio, report.middle(own, "cpu_us"),
                          report.middle(own, "generator_us"), report.middle(own, "sink_us"), report.middle(own, "rss_mb"),
                          report.middle(own, "other_cpu_pct"), faults(own)])
        out.append(report.table(["target", "runs", "messages", "accepted/s", "relayed/s", "of limit", "CPU us", "generator us", "sink us",
                                 "RSS MB", "other CPU %", "faults"], lines))
    return "\n".join(out)


def complete(rows):
    return all(r["returned"] == 0 and r["missing"] == 0 and r["left"] == 0 for r in rows)
