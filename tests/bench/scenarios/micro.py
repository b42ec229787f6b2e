"""micro: the google-benchmark programs, as multiples of a calibration loop, beside a stored baseline.

A multiple travels between machines better than nanoseconds do. Nothing is asserted: a ratio far from 1 is a question.
"""
import json
import pathlib
import subprocess
from statistics import median

import report

BASELINE = pathlib.Path(__file__).resolve().parents[1] / "micro/baseline.json"
CALIBRATION = "calibration"


def arguments(group):
    group.add_argument("--filter", help="a regular expression over the names of benchmarks")
    group.add_argument("--minimum-time", type=float, help="seconds each is repeated at least (default 0.3)")
    group.add_argument("--store-baseline", action="store_true", help="write what was measured to micro/baseline.json")


def measure(program, options, pattern):
    command = [program, "--benchmark_format=json", f"--benchmark_min_time={options.minimum_time or 0.3}"]
    if pattern:
        command.append(f"--benchmark_filter={pattern}")
    answer = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    scale = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}
    return {one["name"]: one["cpu_time"] * scale[one["time_unit"]]
            for one in (json.loads(answer)["benchmarks"] if answer.strip() else []) if "error_occurred" not in one}


def run(bench, options):
    programs = sorted(p for p in (bench.binary.parent / "bench").glob("*_bench"))
    if not programs:
        raise SystemExit(f"no micro benchmark is built in {bench.binary.parent / 'bench'}")
    calibration = bench.tool("calibration_bench")
    found = {}
    for _ in range(bench.runs):
        for program in programs:
            if program == calibration:
                continue
            # The loop beside each program, so that a change of the machine's speed meets both.
            unit = measure(calibration, options, None)[CALIBRATION]
            for name, nanoseconds in measure(program, options, options.filter).items():
                found.setdefault(name, []).append((nanoseconds, nanoseconds / unit))
    before = json.loads(BASELINE.read_text()) if BASELINE.exists() else {}
    for name, values in found.items():
        multiple = median(m for _, m in values)
        bench.record({"name": name, "ns": median(n for n, _ in values), "multiple": multiple, "baseline": before.get(name),
                      "ratio": multiple / before[name] if name in before else None})
    if options.store_baseline:
        merged = {**before, **{r["name"]: float(f"{r['multiple']:.4g}") for r in bench.rows}}
        BASELINE.write_text(json.dumps(dict(sorted(merged.items())), indent=1) + "\n")


def tables(rows):
    return report.table(["benchmark", "ns", "of the calibration loop", "baseline", "ratio"],
                        [[r["name"], *(report.number(r[k]) for k in ("ns", "multiple", "baseline", "ratio"))] for r in rows])


def complete(rows):
    return bool(rows)
