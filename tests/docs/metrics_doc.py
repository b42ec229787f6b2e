"""docs/metrics.md is what a running gateway shows on /metrics. `--write` writes it, without it the two are compared."""

import pathlib
import re
import sys
import tempfile
import urllib.request

from running_gateway import ROOT, Part, write_config

PAGE = ROOT / "docs/metrics.md"
BEGIN, END = "<!-- table: made by tests/docs/metrics_doc.py --write -->", "<!-- end of table -->"
# Labels whose values are names of the configuration or of the build; of the others every value is shown.
NAMED = {"listener": "listener", "destination": "destination", "from": "destination", "to": "destination", "invariant": "name", "rule": "path of the condition",
         "sha256": "version", "version": "version", "currency": "ISO 4217", "le": "", "name": "listener"}
# Shown where a listener has a certificate.
LATER = [("stellwerk_certificate_expiry_timestamp_seconds", "gauge", "When the certificate of a listener ends.", {"name"})]


def scrape() -> str:
    with tempfile.TemporaryDirectory(prefix="stellwerk-metrics-") as folder, Part("simulate") as stand_ins:
        smtp, http = stand_ins.wait("smtp", "http")
        with Part("serve", "--config", write_config(pathlib.Path(folder), smtp, http)) as gateway:
            (admin,) = gateway.wait("admin")
            return urllib.request.urlopen(f"http://{admin}/metrics", timeout=10).read().decode()


def families(text: str):
    """name -> [help, type, {label: {values}}]"""
    found = {}
    for line in text.splitlines():
        if line.startswith("# HELP "):
            _, _, name, help_text = line.split(" ", 3)
            found[name] = [help_text, "", {}]
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            found[name][1] = kind
        elif line and not line.startswith("#"):
            name = re.match(r"[a-z_0-9]+", line).group()
            owner = name if name in found else re.sub(r"_(bucket|sum|count)$", "", name)
            for label, value in re.findall(r'([a-z_0-9]+)="((?:[^"\\]|\\.)*)"', line):
                found[owner][2].setdefault(label, set()).add(value)
    for name, kind, help_text, labels in LATER:
        found.setdefault(name, [help_text, kind, {label: {""} for label in labels}])
    return found


def label_text(labels) -> str:
    shown = []
    for label, values in sorted(labels.items()):
        if label == "le":
            continue
        if label in NAMED:
            shown.append(f"`{label}` ({NAMED[label]})" if NAMED[label] != label else f"`{label}`")
        elif values - {""}:
            shown.append(f"`{label}`: " + ", ".join(sorted(values)))
        else:
            shown.append(f"`{label}`")
    return "<br>".join(shown)


def table(text: str) -> str:
    rows = ["| Family | Type | Meaning | Labels |", "|---|---|---|---|"]
    for name, (help_text, kind, labels) in sorted(families(text).items()):
        rows.append(f"| `{name}` | {kind} | {help_text} | {label_text(labels)} |")
    return "\n".join(rows)


def main() -> int:
    page = PAGE.read_text()
    before, rest = page.split(BEGIN)
    after = rest.split(END)[1]
    made = f"{before}{BEGIN}\n\n{table(scrape())}\n\n{END}{after}"
    if "--write" in sys.argv:
        PAGE.write_text(made)
        return 0
    if made == page:
        print("docs/metrics.md agrees with /metrics")
        return 0
    shown, is_now = set(page.splitlines()), set(made.splitlines())
    for line in sorted(is_now - shown):
        print("/metrics shows:       ", line)
    for line in sorted(shown - is_now):
        print("docs/metrics.md says: ", line)
    print("run tests/docs/metrics_doc.py --write")
    return 1


if __name__ == "__main__":
    sys.exit(main())
