#!/usr/bin/python3
"""Every source of ours is as clang-format writes it; `./dev format` mends what is not."""
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def sources():
    listed = subprocess.run(["git", "ls-files", "--", "*.cpp", "*.hpp", ":!tests/tidy/fixtures"], cwd=ROOT, check=True, capture_output=True)
    return [name for name in listed.stdout.decode().splitlines() if (ROOT / name).exists()]


def main():
    names = sources()
    done = subprocess.run(["clang-format", "--dry-run", "--Werror", *names], cwd=ROOT, capture_output=True, text=True)
    faulty = sorted({line.split(":")[0] for line in done.stderr.splitlines() if "[-Wclang-format-violations]" in line})
    for name in faulty:
        print(f"{name}: not as clang-format writes it: ./dev format")
    print(f"format: {len(names)} files, {len(faulty)} findings")
    if done.returncode != 0 and not faulty:
        print(done.stderr, file=sys.stderr)
    return 0 if done.returncode == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
