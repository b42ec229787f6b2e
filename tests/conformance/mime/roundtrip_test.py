#!/usr/bin/python3
"""Composes emails with mail/composer and compares what a foreign parser reads back with what went in."""
import argparse
import base64
import email
import email.header
import email.policy
import email.utils
import json
import pathlib
import re
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from emails import emails  # noqa: E402

HERE = pathlib.Path(__file__).parent


def compose(program, work, messages):
    work.mkdir(parents=True, exist_ok=True)
    for old in work.glob("*.eml"):
        old.unlink()
    (work / "emails.json").write_text(json.dumps(messages), encoding="utf-8")
    subprocess.run([program, str(work / "emails.json"), str(work)], check=True)
    return {m["name"]: (work / f"{m['name']}.eml") for m in messages}


def check_octets(name, content):
    """What holds for every message, whoever reads it."""
    faults = []
    if re.search(rb"(?<!\r)\n|\r(?!\n)|\0", content):
        faults.append("bare CR, LF or NUL")
    if max(len(line) for line in content.split(b"\r\n")) > 998:
        faults.append("line over 998 octets")
    if not content.isascii():
        faults.append("not ASCII")
    header = content.split(b"\r\n\r\n", 1)[0]
    for line in header.split(b"\r\n"):
        if len(line) > 78 and len(line.split(b" ")) > 2:
            faults.append(f"line could be folded: {line!r}")
        if not line.strip():
            faults.append("header line of blanks")
    if re.search(rb"(?im)^bcc:", header):
        faults.append("Bcc field")
    return [f"{name}: {fault}" for fault in faults]


def python_mailboxes(field):
    """By email.utils: the phrases of policy.default keep the blank between two encoded words (3.11), against RFC 2047
    section 6.2, and fold blanks in quoted names."""
    def decoded(name):
        return str(email.header.make_header(email.header.decode_header(name)))
    unfolded = re.sub(r"\r?\n", "", field or "")
    return [{"display_name": decoded(name), "address": address}
            for name, address in email.utils.getaddresses([unfolded]) if address]


def read_with_python(paths):
    read = {}
    for name, path in paths.items():
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        plain = email.message_from_bytes(path.read_bytes())
        defects = [d for part in message.walk() for d in part.defects]
        found = {"subject": message.get("subject", ""), "message_id": message["message-id"],
                 "date": message["date"].datetime.isoformat(), "defects": [repr(d) for d in defects],
                 "text": "", "html": "", "attachments": []}
        for field in ("from", "to", "cc", "reply-to", "bcc"):
            found[field.replace("-", "_")] = python_mailboxes(plain[field])
        found["headers"] = {key.lower(): str(value) for key, value in message.items()}
        for part in message.walk():
            if part.is_multipart():
                continue
            if part.get_content_disposition():
                found["attachments"].append({
                    "filename": part.get_filename() or "", "content_type": part.get_content_type(),
                    "content": base64.b64encode(part.get_payload(decode=True)).decode(),
                    "content_id": part.get("content-id", "")})
            else:
                kind = "html" if part.get_content_type() == "text/html" else "text"
                found[kind] += part.get_content()
        read[name] = found
    return read


def install_mailparser(work):
    npm = shutil.which("npm")
    if npm is None:
        sys.exit("FAILED: npm is not installed; the mailparser half of this test needs it")
    work.mkdir(parents=True, exist_ok=True)
    shutil.copy(HERE / "package.json", work / "package.json")
    if (work / "node_modules" / "mailparser").is_dir():
        return
    done = subprocess.run([npm, "install", "--no-audit", "--no-fund", "--loglevel=error"], cwd=work, timeout=240)
    if done.returncode != 0:
        sys.exit("FAILED: npm could not install mailparser (no network and no cache?); this test never skips")


def read_with_mailparser(paths, work):
    install_mailparser(work)
    done = subprocess.run(["node", str(HERE / "read_with_mailparser.mjs"), *map(str, paths.values())], cwd=work,
                          stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit("FAILED: mailparser stopped, its error is above")
    lines = done.stdout.split("\n")[:-1]  # U+2028 may stand in JSON and ends a line for splitlines()
    assert len(lines) == len(paths), "one line per message"
    return dict(zip(paths, map(json.loads, lines)))


def normalised_address(text):
    local, domain = text.rsplit("@", 1)
    return f"{local}@{domain.encode('idna').decode().lower()}"


def expected_mailboxes(mailboxes):
    return [(m.get("display_name", ""), normalised_address(m["address"])) for m in mailboxes]


def without_last_break(text):
    return text.replace("\r\n", "\n").rstrip("\n")


def compare(message, found, parser):
    """Every difference between what went in and what came out, as text."""
    faults = []

    def same(what, got, wanted):
        if got != wanted:
            faults.append(f"{message['name']}: {what}: got {got!r}, wanted {wanted!r}")

    blanks = (lambda s: re.sub(r"\s+", " ", s).strip()) if parser == "mailparser" else (lambda s: s)
    same("subject", blanks(found["subject"]), blanks(message["subject"]))
    for field in ("from", "to", "cc", "reply_to"):
        wanted = message.get(field, [])
        wanted = expected_mailboxes([wanted] if isinstance(wanted, dict) else wanted)
        got = [(m["display_name"], normalised_address(m["address"])) for m in found[field]]
        same(field, [(blanks(n), a) for n, a in got], [(blanks(n), a) for n, a in wanted])
    same("bcc", found["bcc"], [])
    same("message_id", found["message_id"], f"<{message['name']}@gw-1.example>")
    same("date", found["date"][:19], "2026-01-31T08:15:00")
    for kind in ("text", "html"):
        same(kind, without_last_break(found[kind]), without_last_break(message.get(kind, "")))
    # get_filename() of Python trims.
    filename = str.strip if parser == "python" else str
    wanted = [{"filename": filename(a["filename"]), "content_type": a.get("content_type", "application/octet-stream").split(";")[0],
               "content": a["content"], "content_id": a.get("content_id", "").strip("<>")}
              for a in message.get("attachments", [])]
    # Inline images come first in the content: the HTML part they belong to does.
    wanted.sort(key=lambda a: a["content_id"] == "")
    got = [{**a, "content_id": a["content_id"].strip("<>")} for a in found["attachments"]]
    same("attachments", got, wanted)
    same("defects", found.get("defects", []), [])
    for header in message.get("headers", []) if parser == "python" else []:
        same(header["name"], found["headers"].get(header["name"].lower()), header["value"])
    return faults


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--compose", required=True)
    arguments.add_argument("--work", required=True, type=pathlib.Path)
    arguments.add_argument("--parser", required=True, choices=["python", "mailparser"])
    options = arguments.parse_args()
    options.work = options.work.resolve()
    messages = emails()
    paths = compose(options.compose, options.work / "composed", messages)
    faults = [fault for name, path in paths.items() for fault in check_octets(name, path.read_bytes())]
    if options.parser == "python":
        found = read_with_python(paths)
    else:
        found = read_with_mailparser(paths, options.work)
    for message in messages:
        faults += compare(message, found[message["name"]], options.parser)
    print("\n".join(faults[:40]))
    print(f"{len(messages)} messages, {len(faults)} differences")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
