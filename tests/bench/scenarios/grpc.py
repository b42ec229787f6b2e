"""grpc: how many durable submissions a second one gRPC client gets, and how long a lone one takes.

Delivery is paused (the only destination is drained), so that what is measured is the door and the store. `lone` is held against
the device: what one 4 KB append and sync took in the same minute.
"""
import hashlib
import json
import subprocess

import machine
import report

TOKEN = "bench-token"
MODES = {"stream": {}, "unary": {"in-flight": 64}, "lone": {"in-flight": 1}}
CONFIGURATION = """
node: {{name: bench.example, data_directory: data}}
ingress:
  grpc: {{address: "127.0.0.1:0"}}
http: {{admin: {{address: "127.0.0.1:0"}}}}
clients:
  - {{name: service, token_hash: {{env: BENCH_TOKEN}}, may_choose_stream: true}}
destinations:
  onprem: {{adapter: smtp, hosts: ["127.0.0.1:9"], zone: on_prem}}
policy:
  routes:
    - {{name: everything, via: [onprem]}}
"""


def arguments(group):
    group.add_argument("--grpc-count", type=int, help="messages of stream and unary (default 100000; lone: a hundredth)")


def run(bench, options):
    count = options.grpc_count or 100_000
    for _ in range(bench.runs):
        for mode, flags in MODES.items():
            gateway = bench.gateway(CONFIGURATION.format(), environment={"BENCH_TOKEN": hashlib.sha256(TOKEN.encode()).hexdigest()})
            try:
                gateway.call("DestinationService/DrainDestination", {"name": "onprem", "reason": "measurement"})
                host, port = gateway.addresses["grpc"]
                wanted = max(1, count // 100) if mode == "lone" else count
                command = [bench.tool("grpc_load"), "--address", f"{host}:{port}", "--token", TOKEN,
                           "--mode", "stream" if mode == "stream" else "unary", "--count", str(wanted), "--size", "2048"]
                for name, value in flags.items():
                    command += ["--" + name, str(value)]
                sync = machine.sync_latency(gateway.directory, 0.5)
                noise, cpu = machine.Noise(), gateway.cpu()
                got = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=600).stdout)
                used = gateway.cpu() - cpu
                row = {"mode": mode, "count": wanted, "accepted": got["accepted"], "refused": got["refused"],
                       "queued": gateway.queued(), "per_second": got["accepted"] / got["seconds"], "cpu_us": 1e6 * used / wanted,
                       "sync_p50_us": sync["p50_us"], "sync_p99_us": sync["p99_us"], "rss_mb": gateway.rss(), **noise.row(used)}
                if mode != "stream":
                    row.update(p50_us=got["p50_us"], p99_us=got["p99_us"], max_us=got["max_us"])
                bench.record(row)
            finally:
                gateway.stop()


def tables(rows):
    lines = []
    for mode in dict.fromkeys(r["mode"] for r in rows):
        own = [r for r in rows if r["mode"] == mode]
        lines.append([mode, len(own), own[0]["count"], *(report.spread(own, key) for key in ("per_second", "cpu_us", "p50_us", "p99_us")),
                      report.middle(own, "sync_p50_us"), report.middle(own, "sync_p99_us"), report.middle(own, "rss_mb"),
                      sum(r["count"] - r["accepted"] for r in own)])
    return report.table(["mode", "runs", "messages", "accepted/s", "CPU us", "p50 us", "p99 us", "sync p50 us", "sync p99 us", "RSS MB",
                         "missing"], lines)


def complete(rows):
    return bool(rows) and all(r["accepted"] == r["count"] == r["queued"] and r["refused"] == 0 for r in rows)
