"""replay: how long recorded traffic takes against a candidate policy of fifty rules, compared with the policy before it.

The facts are made here, in the form `stellwerk facts` prints; `seconds` is the whole command, the file read included.
"""
import json
import os
import resource
import subprocess
import time

import machine
import report
from gateway_process import OPENING

CONFIGURATION = OPENING + """
destinations:
  onprem: {{adapter: smtp, hosts: ["127.0.0.1:9"], zone: on_prem, cost_per_thousand: 0.02 EUR}}
  mailjet: {{adapter: mailjet, api_key: {{env: BENCH_PUBLIC}}, secret_key: {{env: BENCH_PRIVATE}}, zone: eu, cost_per_thousand: 0.85 EUR}}
policy:
  invariants:
    - {{name: personal-stays-home, when: '"personal" in tags', only: 'zone == "on_prem"'}}
  routes:
{routes}
"""


def arguments(group):
    group.add_argument("--facts", type=int, help="recipients of past traffic (default 1000000)")


def policy(last):
    rules = [f"    - {{name: partner-{i}, when: 'recipient.domain == \"partner{i}.example\" && size > 1000', via: [onprem]}}" for i in range(49)]
    return CONFIGURATION.format(routes="\n".join([*rules, f"    - {{name: everything, via: [{last}]}}"]))


def write_facts(path, count):
    with open(path, "w") as out:
        for n in range(count):
            marketing = n % 3 == 0
            fact = {"at": f"2026-11-{1 + n % 28:02}T08:00:00Z", "stream": "marketing" if marketing else "transactional", "client": "local", "tenant": "local",
                    "ingress": "smtp", "listener": "door", "reverse_path": "@shop.example", "header_from": "@shop.example",
                    "recipient": f"@partner{n % 97}.example", "campaign": f"c{n % 40}" if marketing else "", "tags": ["personal"] if n % 10 == 0 else ["otp"],
                    "size": 500 + n % 40_000, "recipients": 1, "content": ["noted", "header_names_recipients"], "state": "delivered",
                    "route": "everything", "destination": "onprem"}
            out.write(json.dumps(fact) + "\n")


def run(bench, options):
    count = options.facts or 1_000_000
    folder = bench.folder("replay")
    before, after, facts = folder / "before.yaml", folder / "after.yaml", folder / "facts.ndjson"
    before.write_text(policy("onprem, mailjet"))
    after.write_text(policy("mailjet, onprem"))
    write_facts(facts, count)
    environment = {**os.environ, "BENCH_PUBLIC": "public", "BENCH_PRIVATE": "private"}
    for _ in range(bench.runs):
        noise, begun, used = machine.Noise(), time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        answer = subprocess.run([bench.binary, "replay", "--config", after, "--against", before, "--facts", facts, "--json"],
                                stdout=subprocess.PIPE, env=environment, check=True, timeout=3600).stdout
        seconds, cpu = time.monotonic() - begun, resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - used
        told = json.loads(answer)
        bench.record({"facts": told["facts"], "asked": count, "changed": told["changed_destination"], "seconds": seconds,
                      "cpu_us_each": 1e6 * cpu / count, **noise.row(cpu)})


def tables(rows):
    keys = ["facts", "seconds", "cpu_us_each", "changed", "other_cpu_pct"]
    return report.table(["runs", *(k.replace("_", " ") for k in keys)], [[len(rows), *(report.spread(rows, k) for k in keys)]])


def complete(rows):
    return bool(rows) and all(r["facts"] == r["asked"] and r["changed"] > 0 for r in rows)
