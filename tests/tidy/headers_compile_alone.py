#!/usr/bin/python3
"""Each header of the light rooms compiles alone, so that no include order is needed.

Left out: base/async and base/net (Asio and OpenSSL cost seconds per file); their own sources include them first.

usage: headers_compile_alone.py [--root DIR] [HEADER...]     exit 0 clean, 1 findings
"""

import argparse
import concurrent.futures
import os
import pathlib
import subprocess
import sys

from findings import tree

ROOMS = ("base/", "mail/", "policy/")
COSTLY = ("base/async/", "base/net/")


def light_headers(root: pathlib.Path):
    return [f.path for f in tree(root).cpp if f.is_header and f.path.startswith(ROOMS) and not f.path.startswith(COSTLY)]


def compile_alone(root: pathlib.Path, header: str):
    command = [os.environ.get("CXX", "g++"), "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-I", str(root),
               "-x", "c++", "-include", header, os.devnull]
    return header, subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parents[2])
    options.add_argument("headers", nargs="*")
    chosen = options.parse_args()
    headers = chosen.headers or light_headers(chosen.root)
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for header, done in pool.map(lambda h: compile_alone(chosen.root, h), headers):
            if done.returncode != 0:
                failed += 1
                print(f"{header}:1: header: does not compile alone\n{done.stderr}")
    print(f"headers: {len(headers)} compiled alone, {failed} failed")
    return 1 if failed or not headers else 0


if __name__ == "__main__":
    sys.exit(main())
