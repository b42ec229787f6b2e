"""Numbers as text: Markdown tables, min / median / max."""
from statistics import median


def number(value):
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def values(rows, key):
    return [r[key] for r in rows if r.get(key) is not None]


def spread(rows, key):
    """min / median / max, or the one value."""
    found = values(rows, key)
    if len(found) < 2:
        return number(found[0] if found else None)
    return " / ".join(number(x) for x in (min(found), median(found), max(found)))


def middle(rows, key):
    found = values(rows, key)
    return number(median(found)) if found else "-"


def table(header, lines):
    cells = [[str(c) for c in line] for line in [header, *lines]]
    widths = [max(len(line[i]) for line in cells) for i in range(len(header))]
    text = ["| " + " | ".join(c.ljust(w) for c, w in zip(line, widths)) + " |" for line in cells]
    return "\n".join([text[0], "|" + "|".join("-" * (w + 2) for w in widths) + "|", *text[1:]]) + "\n"
