"""C++ as text: what the rules need to know about a source without parsing it.

Comments and literals are blanked with spaces, so offsets and line numbers stay those of the file.
"""

import re

RAW_STRING = re.compile(r'R"([^()\\\s]{0,16})\(')


def line_of(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1


def _blank(chars: list, begin: int, end: int) -> None:
    for i in range(begin, end):
        if chars[i] != "\n":
            chars[i] = " "


def _end_of_quoted(text: str, begin: int) -> int:
    """Offset after the literal that opens at `begin`; a line end closes a broken one."""
    quote = text[begin]
    i = begin + 1
    while i < len(text) and text[i] != "\n":
        if text[i] == "\\":
            i += 2
            continue
        if text[i] == quote:
            return i + 1
        i += 1
    return i


def _is_digit_separator(text: str, at: int) -> bool:
    return text[at] == "'" and at > 0 and text[at - 1].isalnum() and at + 1 < len(text) and text[at + 1].isalnum()


def _next_token(text: str, i: int):
    """(kind, end) of the comment or literal that begins at i, or None. kind: comment, literal."""
    if text.startswith("//", i):
        end = text.find("\n", i)
        return "comment", len(text) if end < 0 else end
    if text.startswith("/*", i):
        end = text.find("*/", i + 2)
        return "comment", len(text) if end < 0 else end + 2
    raw = RAW_STRING.match(text, i) if text[i] == "R" and (i == 0 or not text[i - 1].isalnum()) else None
    if raw:
        end = text.find(")" + raw.group(1) + '"', raw.end())
        return "literal", len(text) if end < 0 else end + len(raw.group(1)) + 2
    if text[i] in "\"'" and not _is_digit_separator(text, i):
        return "literal", _end_of_quoted(text, i)
    return None


def split_text(text: str):
    """(code, comments): code has comments and the inside of literals blanked; comments has everything else blanked."""
    code, comments = list(text), list(text)
    i = kept = 0
    while i < len(text):
        found = _next_token(text, i)
        if not found:
            i += 1
            continue
        kind, end = found
        if kind == "comment":
            _blank(code, i, end)
            _blank(comments, kept, i)
            kept = end
        else:
            _blank(code, i + 1, end - 1)  # the quotes stay, so an argument remains visible as one
        i = end
    _blank(comments, kept, len(text))
    return "".join(code), "".join(comments)


def matching(text: str, at: int) -> int:
    """Offset of the bracket that closes the one at `at`, or len(text)."""
    pairs = {"(": ")", "[": "]", "{": "}"}
    opening, closing = text[at], pairs[text[at]]
    depth = 0
    for i in range(at, len(text)):
        if text[i] == opening:
            depth += 1
        elif text[i] == closing:
            depth -= 1
            if depth == 0:
                return i
    return len(text)


def without_preprocessor(code: str) -> str:
    """Directives blanked, with their continuation lines."""
    return re.sub(r"^[ \t]*#(?:[^\n\\]|\\\n|\\.)*", lambda m: re.sub(r"[^\n]", " ", m.group()), code, flags=re.M)


class function_span:
    def __init__(self, name: str, first: int, last: int):
        self.name, self.first, self.last = name, first, last

    @property
    def lines(self) -> int:
        return self.last - self.first + 1


NOT_A_FUNCTION = re.compile(r"\b(namespace|class|struct|union|enum|concept)\b")
NAME_BEFORE_PAREN = re.compile(r"([~\w:]+|operator\s*\S+)\s*$")


def _function_name(head: str):
    """The name if `head` (text before an opening brace at namespace or class scope) declares a function, else None."""
    first_paren = head.find("(")
    if first_paren < 0:
        return None
    before = re.sub(r"template\s*<.*?>\s*(?=\w)", "", head[:first_paren], flags=re.S)
    if NOT_A_FUNCTION.search(before) or ("=" in before and "operator" not in before and "[" not in before):
        return None
    name = NAME_BEFORE_PAREN.search(before)
    return name.group(1) if name else "(lambda)"


def functions(code: str):
    """Outermost function bodies, as line spans from the opening to the closing brace."""
    code = without_preprocessor(code)
    found = []
    i = head_from = 0
    while i < len(code):
        c = code[i]
        if c in ";}":
            head_from = i + 1
        elif c == "(":
            i = matching(code, i)
        elif c == "{":
            name = _function_name(code[head_from:i])
            if name:
                end = matching(code, i)
                found.append(function_span(name, line_of(code, i), line_of(code, min(end, len(code) - 1))))
                i = end
            elif re.search(r"=\s*$", code[head_from:i]):
                i = matching(code, i)
            head_from = i + 1
        i += 1
    return found
