"""idle: what the gateway costs when nothing happens: start to ready, memory, wake-ups."""
import pathlib
import time

import machine
import report

CONFIGURATION = """
node: {{name: bench.example, data_directory: data}}
ingress:
  smtp: [{{name: door, address: "127.0.0.1:0", allow_networks: [127.0.0.0/8]}}]
  grpc: {{address: "127.0.0.1:0"}}
http: {{admin: {{address: "127.0.0.1:0"}}}}
clients:
  - {{name: local, networks: [127.0.0.0/8]}}
destinations:
  onprem: {{adapter: smtp, hosts: ["127.0.0.1:9"], zone: on_prem}}
  mailjet: {{adapter: mailjet, api_key: {{env: BENCH_PUBLIC}}, secret_key: {{env: BENCH_PRIVATE}}, zone: eu}}
policy:
  routes:
    - {{name: newsletters, when: 'stream == "marketing"', via: [mailjet, onprem]}}
    - {{name: everything-else, via: [onprem, mailjet]}}
"""


def arguments(group):
    group.add_argument("--idle-seconds", type=float, help="how long to watch an idle gateway (default 10)")


def switches(pid):
    """Voluntary context switches of all threads: how often something woke up, and the name of each thread with its share."""
    found = {}
    tasks = pathlib.Path(f"/proc/{pid}/task")
    for task in tasks.iterdir():
        name = machine.read(task / "comm").strip()
        found[name] = found.get(name, 0) + int(machine.field(machine.read(task / "status"), "voluntary_ctxt_switches") or 0)
    return found


def run(bench, options):
    seconds = options.idle_seconds or 10
    for _ in range(bench.runs):
        gateway = bench.gateway(CONFIGURATION.format())
        try:
            before, cpu, begun = switches(gateway.process.pid), gateway.cpu(), time.monotonic()
            while time.monotonic() - begun < seconds:
                time.sleep(0.1)
            after, wall = switches(gateway.process.pid), time.monotonic() - begun
            woken = {name: round((count - before.get(name, 0)) / wall, 1) for name, count in after.items()}
            status = machine.read(f"/proc/{gateway.process.pid}/status")
            bench.record({"ready_ms": 1e3 * gateway.ready_seconds, "rss_mb": gateway.rss(),
                          "anonymous_mb": int(machine.field(status, "RssAnon").split()[0]) * 1024 / 1e6,
                          "threads": int(machine.field(status, "Threads")), "wakeups_per_second": sum(woken.values()),
                          "woken": {k: v for k, v in sorted(woken.items(), key=lambda one: -one[1]) if v},
                          "cpu_ms_per_second": 1e3 * (gateway.cpu() - cpu) / wall})
        finally:
            gateway.stop()


def tables(rows):
    keys = ["ready_ms", "rss_mb", "anonymous_mb", "threads", "wakeups_per_second", "cpu_ms_per_second"]
    return report.table(["runs", *(k.replace("_", " ") for k in keys)], [[len(rows), *(report.spread(rows, k) for k in keys)]])


def complete(rows):
    return bool(rows)
