"""Documents and comments speak about what exists: link targets, anchors, paths, no promises, no paths of one machine."""

import re

import code_table as table
from cpp_text import line_of
from findings import finding

LINK = re.compile(r"(?<!!)\[[^\]\n]*\]\(([^)\s]+)\)")
ROOMS = r"(?:base|mail|policy|adapters|gateway|proto|cmake|docs|helm|tests|examples|dev\.d)"
NAMED_PATH = re.compile(r"(?<![\w/.<>-])(" + ROOMS + r"/[\w/.-]*\w\.(?:hpp|cpp|py|md|proto|yaml|txt|sh|cmake))\b")
HOUSE_FOLDERS = ["adapters", "base", "cmake", "dev.d", "docs", "examples", "gateway", "helm", "mail", "policy", "proto", "tests"]


def _without_code_blocks(text: str) -> str:
    return re.sub(r"^```.*?^```", lambda m: re.sub(r"[^\n]", " ", m.group()), text, flags=re.M | re.S)


def _anchor(heading: str) -> str:
    words = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading.strip().lower())
    return re.sub(r"[^\w\- ]", "", words).replace(" ", "-")


def _anchors(text: str):
    return {_anchor(h) for h in re.findall(r"^#+\s+(.*)$", _without_code_blocks(text), re.M)}


def _check_link(tree, f, line, target):
    if re.match(r"[a-z]+:", target):
        return None
    path, _, anchor = target.partition("#")
    where = (tree.root / f.folder / path).resolve() if path else (tree.root / f.path)
    if not where.exists():
        return finding(f.path, line, "link", f"{target} does not exist")
    if anchor and where.suffix == ".md" and anchor not in _anchors(where.read_text()):
        return finding(f.path, line, "link", f"no heading in {path or f.path} makes #{anchor}")
    return None


def check_links(tree):
    for f in tree.files:
        if not f.path.endswith(".md"):
            continue
        text = _without_code_blocks(f.text)
        for m in LINK.finditer(text):
            found = _check_link(tree, f, line_of(text, m.start()), m.group(1))
            if found:
                yield found


def _prose(f) -> str:
    if f.is_cpp:
        return f.comments
    return _without_code_blocks(f.text) if f.path.endswith(".md") else f.text


def check_named_paths(tree):
    """A path of the tree that a comment, script or document names must exist; CMake itself checks its own."""
    for f in tree.files:
        if f.name == "CMakeLists.txt" or f.path.startswith("tests/tidy/") and f.path.endswith("_test.py"):
            continue
        text = _prose(f)
        for m in NAMED_PATH.finditer(text):
            if not tree.exists(m.group(1)) and not tree.exists(f"{f.folder}/{m.group(1)}"):
                yield finding(f.path, line_of(text, m.start()), "stale path", f"{m.group(1)} does not exist")


def check_words(tree):
    for f in tree.files:
        text = f.comments if f.is_cpp else f.text
        for rule, pattern, message in (("stale word", table.STALE_WORDS, "say what is, or do it now"),
                                       ("machine path", table.MACHINE_PATHS, "a path of one machine")):
            for m in re.finditer(pattern, text if rule == "stale word" else f.text):
                yield finding(f.path, line_of(text, m.start()), rule, f"{m.group()}: {message}")


def check_folder_readmes(tree):
    for folder in HOUSE_FOLDERS:
        if tree.exists(folder) and not tree.exists(f"{folder}/README.md"):
            yield finding(folder, 1, "folder", f"{folder}/README.md is missing: say what belongs here and what does not")
