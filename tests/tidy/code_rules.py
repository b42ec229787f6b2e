"""Banned calls, header shape, names, sizes, sources that no target builds."""

import ast
import re

import code_table as table
from cpp_text import functions, line_of
from findings import finding

CODE_ENDINGS = (".hpp", ".cpp", ".py", ".sh", ".mjs", ".js", ".ts", ".cmake", ".proto", "CMakeLists.txt")


def check_calls(tree):
    for f in tree.cpp:
        for name, pattern, where, allowed, instead in table.BANNED_CALLS:
            if not f.path.startswith(tuple(where)) or (allowed and f.path.startswith(tuple(allowed))):
                continue
            for m in re.finditer(pattern, f.code):
                yield finding(f.path, line_of(f.code, m.start()), "banned call", f"{name} ({m.group().strip()}): {instead}")


def check_headers(tree):
    for f in tree.cpp:
        if not f.is_header:
            continue
        if not re.search(r"^#pragma once$", f.code, re.M):
            yield finding(f.path, 1, "header", "#pragma once is missing")
        top = f.text.split("#pragma once")[0]
        if not top.startswith("//") or len(top.strip()) < 40:
            yield finding(f.path, 1, "header", "begins with its role: what it is, what it refuses, its thread rule or RFC, in sentences")
        if f.path.startswith("tests/"):
            continue  # included by one test's sources; not an interface
        for name, pattern, instead in table.BANNED_IN_HEADERS:
            for m in re.finditer(pattern, f.code):
                yield finding(f.path, line_of(f.code, m.start()), "header", f"{name}: {instead}")


def check_names(tree):
    for path in tree.paths:
        for part in path.split("/"):
            words = set(re.split(r"[_\-.]", part.lower()))
            bad = words & table.BANNED_NAME_WORDS
            # A dot-separated ending is a language's own convention (Helm's _helpers.tpl).
            if bad and not part.endswith(".tpl"):
                yield finding(path, 1, "name", f"'{sorted(bad)[0]}' says nothing; name the idea")


def read_ratchet(tree):
    """Functions that are longer than allowed and may not grow: `path function lines reason`."""
    file = tree.root / "tests/tidy/ratchet.txt"
    rows = {}
    for line in file.read_text().splitlines() if file.exists() else []:
        if line.strip() and not line.startswith("#"):
            path, function, lines, _reason = line.split(None, 3)
            rows[(path, function)] = int(lines)
    return rows


def _python_functions(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, node.lineno, node.end_lineno - node.lineno + 1


def _function_sizes(f):
    if f.is_cpp:
        return [(s.name, s.first, s.lines) for s in functions(f.code)]
    if f.path.endswith(".py"):
        return list(_python_functions(f.text))
    return []


def check_sizes(tree):
    ratchet = read_ratchet(tree)
    seen = set()
    for f in tree.files:
        if not f.path.endswith(CODE_ENDINGS):
            continue
        lines = f.text.count("\n")
        if lines > table.FILE_LINES_MAX:
            yield finding(f.path, lines, "file size", f"{lines} lines, at most {table.FILE_LINES_MAX}: which two ideas are in it?")
        for name, line, length in _function_sizes(f):
            limit = max(table.FUNCTION_LINES_MAX, ratchet.get((f.path, name), 0))
            seen.add((f.path, name))
            if length > limit:
                yield finding(f.path, line, "function size", f"{name} has {length} lines, at most {limit}: branch here, work in leaves")
    for path, name in ratchet.keys() - seen:
        yield finding("tests/tidy/ratchet.txt", 1, "ratchet", f"{path} {name} is gone: remove its row")


def files_to_ask_about(tree):
    return sorted((f.text.count("\n"), f.path) for f in tree.files
                  if f.path.endswith(CODE_ENDINGS) and f.text.count("\n") > table.FILE_LINES_ASK)


def check_sources_are_built(tree):
    """A .cpp that no CMakeLists.txt names is dead, or a test that never runs."""
    lists = "\n".join(re.sub(r"#.*", "", f.text) for f in tree.files if f.name == "CMakeLists.txt" or f.path.startswith("cmake/"))
    named = set(re.findall(r"[\w./-]+\.cpp", lists))
    stems = {n.rsplit("/", 1)[-1] for n in named}
    for f in tree.cpp:
        if f.path.endswith(".cpp") and not f.path.startswith("examples/") and f.name not in stems:
            yield finding(f.path, 1, "not built", "no CMakeLists.txt names it")
