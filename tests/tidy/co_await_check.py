#!/usr/bin/python3
"""Finds the shapes inside a co_await expression that g++ 12 miscompiles (double destruction, heap corruption).

A full expression that contains co_await may hold only named objects and temporaries of classes with a user-written
constructor. Reported: a temporary aggregate (`agg{...}`, `agg(...)`), a bare braced initialiser as an argument, a
temporary lambda with captures. Which class has a constructor is read from the sources of the tree.

usage: co_await_check.py [--root DIR] [FILE...]     exit 0 clean, 1 findings
"""

import argparse
import pathlib
import re
import sys

from cpp_text import line_of, matching, split_text, without_preprocessor
from findings import finding, tree

CLASS = re.compile(r"\b(?:class|struct)\s+(?:\[\[\w+\]\]\s*)?(\w+)(?:\s+final)?\s*(?::[^;{]*)?\{")
STANDARD_ALIAS = re.compile(r"\busing\s+(\w+)\s*=\s*std::(?!array\b)")
BLOCK_WORDS = {"else", "do", "try", "const", "noexcept", "mutable", "override", "final"}
# Of the standard library these are aggregates; everything else there has constructors.
STANDARD_AGGREGATES = {"array"}
CHRONO = {"nanoseconds", "microseconds", "milliseconds", "seconds", "minutes", "hours"}


def constructors_by_class(code: str):
    """name -> True if its body declares a constructor (or inherits some), for every class and struct in `code`; an
    alias of a type of the standard library is as good as that type."""
    known = {m.group(1): True for m in STANDARD_ALIAS.finditer(code)}
    for m in CLASS.finditer(code):
        name, begin = m.group(1), m.end() - 1
        body = code[begin:matching(code, begin)]
        has = re.search(rf"(?<![\w~.>]){name}\s*\(", body) or re.search(r"\busing\s+[\w:<>, ]+::\w+\s*;", body)
        known[name] = known.get(name, True) and bool(has)
    return known


def _opening(code: str, at: int) -> int:
    """Offset of the bracket that the one at `at` closes, or -1."""
    opens = {")": "(", "]": "[", "}": "{"}[code[at]]
    depth = 0
    for i in range(at, -1, -1):
        if code[i] == code[at]:
            depth += 1
        elif code[i] == opens:
            depth -= 1
            if depth == 0:
                return i
    return -1


def _is_block(code: str, brace: int) -> bool:
    """Whether the brace at this offset opens a block (of a function, lambda or statement), not an initialiser."""
    before = code[:brace].rstrip()
    if not before or before[-1] in ");{}:]":
        return True
    word = re.search(r"[A-Za-z_]\w*$", before)
    if word and word.group() in BLOCK_WORDS:
        return True
    return bool(re.search(r"->\s*[\w:<>,&*\s]+$", before[-200:]))


def _ends_an_expression(code: str, brace: int) -> bool:
    """Whether the closing brace at this offset belongs to an initialiser or lambda in the middle of an expression."""
    after = code[brace + 1:].lstrip()[:2]
    return after[:1] in {".", ",", ")", "]", "(", "?", ":", "+", "=", "<", "&", "|", "}"} or after == "->"


def full_expression(code: str, at: int):
    """(begin, end) of the full expression around the co_await at this offset."""
    i, floor_paren = at - 1, None
    while i >= 0:
        c = code[i]
        if c == ";" or (c == "{" and _is_block(code, i)):
            break
        if c in ")]" or (c == "}" and _ends_an_expression(code, i)):
            i = _opening(code, i)
        elif c == "}":
            break
        elif c == "(" and re.search(r"\b(if|while|for|switch)\s*(constexpr\s*)?$", code[max(0, i - 20):i]):
            floor_paren = i
            break
        i -= 1
    begin = i + 1
    end = at
    while end < len(code) and code[end] != ";":
        if code[end] in "([{":
            end = matching(code, end)
        elif code[end] in ")}" and floor_paren is not None and _opening(code, end) == floor_paren:
            break
        end += 1
    return begin, end


def _is_introducer(text: str, bracket: int) -> bool:
    """Whether `[` opens a lambda rather than a subscript, attribute or structured binding."""
    before = text[:bracket].rstrip()
    if text.startswith("[[", bracket) or re.search(r"\bauto\s*(const)?[&\s]*$", before):
        return False
    word = re.search(r"[A-Za-z_]\w*$", before)
    if word:
        return word.group() in ("co_await", "return", "co_return", "co_yield", "case")
    return not before or before[-1] not in ")]\"'"


def without_lambdas(text: str):
    """(text with whole lambda expressions blanked, offsets of the capturing ones)."""
    chars, capturing = list(text), []
    i = 0
    while i < len(text):
        if text[i] == "[" and _is_introducer(text, i):
            close = matching(text, i)
            body = text.find("{", close)
            params = re.match(r"\s*\(", text[close + 1:])
            if params:
                body = text.find("{", matching(text, close + params.end()))
            if body < 0:
                break
            if text[i + 1:close].strip():
                capturing.append(i)
            end = matching(text, body)
            for k in range(i, min(end + 1, len(text))):
                chars[k] = "\n" if text[k] == "\n" else " "
            chars[i] = "f"  # stands for the value of the lambda, so that `f(args)` remains a call
            i = end
        i += 1
    return "".join(chars), capturing


def _type_before(text: str, bracket: int):
    """The qualified name right before `{` or `(`, template arguments removed; "" if there is none."""
    before = text[:bracket].rstrip()
    if before.endswith(">"):
        depth = 0
        for i in range(len(before) - 1, -1, -1):
            depth += {">": 1, "<": -1}.get(before[i], 0)
            if depth == 0:
                before = before[:i]
                break
    name = re.search(r"(?:::)?[A-Za-z_][\w]*(?:\s*::\s*\w+)*$", before)
    if not name or re.search(r"(\.|->)\s*$", before[:name.start()]):
        return ""
    return re.sub(r"\s", "", name.group())


def _has_constructor(name: str, known) -> bool:
    last = name.split("::")[-1]
    if name.startswith(("std::", "::std::")):
        return last not in STANDARD_AGGREGATES
    return last in CHRONO or known.get(last, False)


def _is_function_here(name: str, code: str) -> bool:
    """Whether this file declares or defines a function of that name: then `name(...)` is a call, not a temporary."""
    declared = re.search(rf"(\w+|[>&*])\s+(?:\w+::)*{name}\s*\(", code)
    return bool(declared) and declared.group(1) not in ("return", "co_return", "co_await", "co_yield", "else", "new", "explicit")


def faults_in(expression: str, known, code: str = ""):
    """(offset, message) for each bad shape in one full expression of `code`."""
    text, capturing = without_lambdas(expression)
    for at in capturing:
        yield at, "a temporary lambda with captures: name it on the line above"
    for m in re.finditer(r"[{(]", text):
        at = m.start()
        name = _type_before(text, at)
        if m.group() == "(":
            last = name.split("::")[-1]
            if known.get(last) is False and not name.startswith("std::") and not _is_function_here(last, code):
                yield at, f"a temporary aggregate {name}(...): name it on the line above"
        elif not name or name in ("return", "co_return", "co_await"):
            yield at, "a braced initialiser: name the object on the line above"
        elif not _has_constructor(name, known) and not _declares(text, at):
            yield at, f"a temporary {name}{{...}} without a user-written constructor: name it on the line above, or give it one"


def _declares(text: str, brace: int) -> bool:
    """`type name{co_await ...}`: the braces initialise a named object, there is no temporary."""
    return bool(re.match(r"\s*(?:const\s+|static\s+)*[\w:]+(?:<[^;(){}]*>)?[&\s]+\w+\s*$", text[:brace])
                and not re.match(r"\s*(co_return|return|co_await)\b", text))


def check_text(path: str, text: str, known):
    code = without_preprocessor(split_text(text)[0])
    seen = set()
    for m in re.finditer(r"\bco_await\b", code):
        begin, end = full_expression(code, m.start())
        for at, message in faults_in(code[begin:end], known, code):
            if begin + at not in seen:
                seen.add(begin + at)
                yield finding(path, line_of(code, begin + at), "co_await", message)


def known_classes(texts):
    known = {}
    for text in texts:
        for name, has in constructors_by_class(without_preprocessor(split_text(text)[0])).items():
            known[name] = known.get(name, True) and has
    return known


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parents[2])
    options.add_argument("files", nargs="*", type=pathlib.Path)
    chosen = options.parse_args()
    if chosen.files:
        texts = {str(f): f.read_text() for f in chosen.files}
    else:
        texts = {f.path: f.text for f in tree(chosen.root).cpp}
    known = known_classes(texts.values())
    found = [f for path, text in texts.items() for f in check_text(path, text, known)]
    for f in found:
        print(f)
    print(f"co_await: {len(texts)} files, {len(found)} findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
