#!/usr/bin/python3
"""The benchmarks: named scenarios, each a file of scenarios/. One JSON line per run, then a table.

    ./dev bench [SCENARIO...] [--runs N] [--out FILE] ...
"""
import argparse
import contextlib
import datetime
import importlib
import json
import pathlib
import signal
import sys
import tempfile

import gateway_process
import machine

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SCENARIOS = ["relay", "grpc", "esp", "deep", "isolation", "idle", "long", "swap", "outage", "replay", "auth", "micro"]


class Bench:
    """What a scenario is given: folders, binaries, and where its rows go."""

    def __init__(self, options, directory, out):
        self.runs, self.directory, self.out = options.runs, pathlib.Path(directory), out
        self.binary = pathlib.Path(options.binary)
        self.scenario, self.rows, self.folders = None, [], 0

    def tool(self, name):
        path = self.binary.parent / "bench" / name
        if not path.exists():
            raise SystemExit(f"{path} is not built: ./dev bench builds it")
        return path

    def folder(self, name):
        """A new one, on the disk to be measured."""
        self.folders += 1
        path = self.directory / f"{self.folders}-{name}"
        path.mkdir()
        return path

    def gateway(self, configuration, name="gateway", **more):
        return gateway_process.Gateway(self.binary, self.folder(name), configuration, **more)

    def record(self, row):
        row = {"scenario": self.scenario, **row, "at": datetime.datetime.now().strftime("%H:%M:%S")}
        self.rows.append(row)
        self.out.write(json.dumps(row) + "\n")
        self.out.flush()
        self.note(" ".join(f"{k}={round(v, 1) if isinstance(v, float) else v}" for k, v in row.items() if v not in (None, "", 0)))

    def note(self, text):
        print(text, file=sys.stderr, flush=True)


def parse(modules):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help=f"of {', '.join(SCENARIOS)}; none: all")
    parser.add_argument("--runs", type=int, default=3, help="runs of each case, alternating (default 3)")
    parser.add_argument("--binary", default=str(ROOT / "build/bench/stellwerk"), help="the gateway; the tools are in bench/ beside it")
    parser.add_argument("--dir", default=str(ROOT / "build"), help="scratch space is made here: the disk to be measured")
    parser.add_argument("--sync-probe", type=float, default=1.0, help="seconds to measure the disk's sync latency (default 1)")
    parser.add_argument("--document", action="store_true", help="also write the tables into docs/performance.md, in place of the last ones")
    parser.add_argument("--out", help="JSON lines (default build/bench-results/DATE.jsonl)")
    for name, module in modules.items():
        module.arguments(parser.add_argument_group(name, module.__doc__.split("\n")[0]))
    options = parser.parse_args()
    for name in options.scenarios:
        if name not in SCENARIOS:
            parser.error(f"no scenario {name}: {', '.join(SCENARIOS)}")
    return options


def write_figures(name, table, facts):
    """Between the two marks of docs/performance.md that name this scenario."""
    document = ROOT / "docs/performance.md"
    opening, closing = f"<!-- figures: {name} -->", f"<!-- end of figures: {name} -->"
    text = document.read_text()
    if opening not in text or closing not in text:
        raise SystemExit(f"{document} has no place for the figures of {name}")
    before, rest = text.split(opening)
    after = rest.split(closing)[1]
    origin = (f"{facts['when'][:10]}, {facts['cores']} cores ({facts['cpu']}), {facts['filesystem']}, "
              f"a synced 4 KB append {facts['sync']['p50_us']} us (median), {facts['sync']['p99_us']} us (p99)")
    document.write_text(f"{before}{opening}\n{origin}\n\n{table}{closing}{after}")


def main():
    modules = {name: importlib.import_module(f"scenarios.{name}") for name in SCENARIOS}
    options = parse(modules)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    path = pathlib.Path(options.out or ROOT / "build/bench-results" / f"{datetime.datetime.now():%Y%m%d-%H%M%S}.jsonl")
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = True
    with contextlib.ExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-", dir=options.dir))
        pathlib.Path(directory).chmod(0o755)
        out = stack.enter_context(open(path, "a"))
        bench = Bench(options, directory, out)
        facts = machine.facts(directory, options.sync_probe)
        out.write(json.dumps({"machine": facts}) + "\n")
        bench.note(json.dumps(facts))
        for name in options.scenarios or SCENARIOS:
            bench.scenario, bench.rows = name, []
            modules[name].run(bench, options)
            table = modules[name].tables(bench.rows)
            print(f"\n## {name}\n\n{table}", flush=True)
            if options.document:
                write_figures(name, table, facts)
            if not modules[name].complete(bench.rows):
                whole = False
                print(f"{name}: something was lost or did not finish; see {path}", file=sys.stderr)
    print(f"\n{json.dumps(facts)}\nresults in {path}", file=sys.stderr)
    return 0 if whole else 1


if __name__ == "__main__":
    sys.exit(main())
