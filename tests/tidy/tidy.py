#!/usr/bin/python3
"""The tree checks itself: include table, sizes, banned calls, header shape, names, links.

usage: tidy.py [--root DIR] [--ask]     exit 0 clean, 1 findings; --ask also lists files long enough to be asked about
"""

import argparse
import pathlib
import sys

import code_rules
import code_table
import document_rules
import include_rules
from findings import tree

RULES = [
    include_rules.check_includes,
    code_rules.check_calls,
    code_rules.check_headers,
    code_rules.check_names,
    code_rules.check_sizes,
    code_rules.check_sources_are_built,
    document_rules.check_links,
    document_rules.check_named_paths,
    document_rules.check_words,
    document_rules.check_folder_readmes,
]


def run_rules(root: pathlib.Path):
    house = tree(root)
    found = [f for rule in RULES for f in rule(house) if (f.rule, f.path) not in code_table.EXCEPTIONS]
    return house, sorted(found, key=lambda f: (f.path, f.line, f.rule))


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parents[2])
    options.add_argument("--ask", action="store_true")
    chosen = options.parse_args()
    house, found = run_rules(chosen.root)
    for f in found:
        print(f)
    if chosen.ask:
        for lines, path in code_rules.files_to_ask_about(house):
            print(f"{path}: {lines} lines: is it one idea?")
    print(f"tidy: {len(house.files)} files, {len(found)} findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
