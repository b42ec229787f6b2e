#!/usr/bin/python3
"""Each scenario of the benchmarks with tiny numbers: it completes and its counts add up. Never a time.

    smoke_test.py SCENARIO     STELLWERK_BINARY names the gateway; the tools lie in bench/ beside it
"""
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
TINY = {
    "relay": ["--rows", "2k-kept,50k-each", "--targets", "direct,limit,stellwerk,unsynced", "--count", "200", "--sessions", "5"],
    "grpc": ["--grpc-count", "300"],
    "esp": ["--esp-count", "300"],
    "deep": ["--queued", "600", "--flow", "200"],
    "isolation": ["--marketing-queued", "300", "--probes", "40", "--probe-rate", "100", "--stall", "greeting"],
    "idle": ["--idle-seconds", "0.2"],
    "long": ["--messages", "600"],
    "swap": ["--swaps", "2", "--probe-sessions", "3"],
    "outage": ["--outages", "dead,account,poison", "--quiet-seconds", "1", "--trouble-seconds", "3", "--outage-rate", "20"],
    "auth": ["--auth-pairs", "3"],
    "replay": ["--facts", "2000"],
    "micro": ["--filter", "parse_path", "--minimum-time", "0.001"],
}


def main():
    name = sys.argv[1]
    out = pathlib.Path(os.environ["STELLWERK_BUILD_DIR"]) / f"bench-smoke-{name}.jsonl"
    out.unlink(missing_ok=True)
    return subprocess.run(["/usr/bin/python3", HERE / "run.py", name, *TINY[name], "--runs", "1", "--sync-probe", "0.05", "--binary", os.environ["STELLWERK_BINARY"],
                           "--dir", os.environ["STELLWERK_BUILD_DIR"], "--out", out], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
