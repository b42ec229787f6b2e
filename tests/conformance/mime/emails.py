"""The messages of the round trip: each a kind of text, name or structure that programs get wrong."""
import base64
import random


def _b64(data):
    return base64.b64encode(data).decode()


def _base(name, **fields):
    email = {"name": name, "from": {"display_name": "Shop", "address": "shop@shop.example"},
             "to": [{"address": "a@x.example"}], "subject": "Hello", "text": "Hi there\n"}
    email.update(fields)
    return email


def _random_text(rng, length):
    alphabet = "abc XYZ äöüß€日本語🚂.,;:=?_\"'<>()-\n"
    return "".join(rng.choice(alphabet) for _ in range(length))


def _fixed():
    every_byte = bytes(range(256)) * 40
    return [
        _base("plain"),
        _base("empty", subject="", text=""),
        _base("dots", text=".\n..\n.x\n\nFrom here\n"),
        _base("umlauts", subject="Grüße aus Köln", text="Grüße aus Köln, der Stadt am Rhein\n"),
        _base("japanese", subject="日本語のとても長い件名です、これは必ず折り返されるはずです。もっと長く、もっと長く書きます。",
              text="日本語のテキスト\n" * 30),
        _base("emoji", subject="🚂 " * 40 + "!", text="🚂\n"),
        _base("looks_encoded", subject="=?utf-8?Q?not_a_word?= =?", text="=?utf-8?Q?x?= = == =3D =\n"),
        _base("long_words", subject="x" * 400, text="y" * 5000 + "\n"),
        _base("trailing_blanks", text="line with blanks   \nund ein tab\t\nü   \n"),
        _base("names", to=[{"display_name": n, "address": f"u{i}@x.example"} for i, n in enumerate(
            ["Plain Name", "Müller, Jürgen", "O'Brien", "Dr. A. B.", 'say "hi" \\ ho', "=?utf-8?Q?x?=", "日本 太郎",
             "N" * 200, "a@b.example", "semi;colon: group", "(comment)"])],
            cc=[{"display_name": "Köln", "address": "k@münchen.example"}],
            reply_to=[{"display_name": "Antwort", "address": "r@x.example"}]),
        _base("many_recipients", to=[{"display_name": f"Empfänger {i}", "address": f"user{i}@x.example"}
                                     for i in range(200)]),
        _base("only_bcc", to=[], bcc=[{"address": "secret@x.example"}]),
        _base("html_only", text="", html="<p>Grüße</p>\n"),
        _base("alternative", html="<p>Grüße</p>\n"),
        _base("related", html='<p><img src="cid:logo@x"></p>\n',
              attachments=[{"filename": "logo.png", "content_type": "image/png", "content": _b64(every_byte),
                            "content_id": "logo@x"}]),
        _base("everything", html='<p>ü<img src="cid:logo"></p>\n', attachments=[
            {"filename": "logo.png", "content_type": "image/png", "content": _b64(every_byte), "content_id": "<logo>"},
            {"filename": "Übersicht für März.pdf", "content_type": "application/pdf", "content": _b64(b"%PDF-1.7\r\n")},
            {"filename": "日本語のとても長いファイル名ですこれは必ず分割されるはずです.txt", "content_type": "text/plain; charset=utf-8",
             "content": _b64("ü\n".encode())},
            {"filename": 'we"ird\\ name;=.bin', "content": _b64(b"\0\r\n\n\r.")},
            {"filename": "n" * 150 + ".bin", "content_type": "application/octet-stream", "content": _b64(b"")}]),
        _base("headers", headers=[{"name": "X-Campaign", "value": "Frühling 2026 " * 12 + "Ende"},
                                  {"name": "List-Unsubscribe", "value": "<https://x.example/" + "u" * 300 + ">"},
                                  {"name": "X-Plain", "value": "word " * 60 + "end"}]),
    ]


def _attachment(filename, content=b"x", content_type="application/octet-stream", **more):
    return {"filename": filename, "content_type": content_type, "content": _b64(content), **more}


def _hostile():
    """What programs send by accident, and people on purpose."""
    names = ["\\", '"', '\\"', "a\\", "<b@c.example>", "a@b.example, c@d.example", "x:y;", "=?utf-8?", "?=", "(", "()", "[x]", "a.b", "..",
             "'", "undisclosed-recipients:;", "👩‍👩‍👧‍👦", "\u202eevil", "ü" * 300, "a" * 900, "A  B", "ü  ü", "a ü b ü c", 'Mr. "Q" <x>']
    locals_ = ['"a b"@x.example', '"a@b"@x.example', "a+b=c@x.example", "{x}|y@x.example", "!#$%&'*+-/=?^_`{|}~@x.example"]
    files = ["a%b.bin", "it's.bin", "*.bin", "..", "...hidden", ".htaccess", "a;b=c.bin", 'q"uote.bin', "back\\slash.bin", "ü'%*.bin",
             "x" * 500 + ".bin", "ü" * 300 + ".bin", "=?utf-8?Q?x?=.bin", "a\u202enib.exe", "no_extension", "a  b.bin"]
    return [
        _base("separators", subject="a\u2028b\u2029c\u0085d\u200be\u202ef", text="a\u2028b\u2029c\u0085d\u200b\u202e\n"),
        _base("zwj", subject="👩‍👩‍👧‍👦 " * 20 + "Ende", text="é".join(["e\u0301"] * 200) + "\n"),
        _base("subject_blanks", subject="a  b   ü  ü   c  日本  語  z"),
        _base("subject_alternating", subject=" ".join("ü" if i % 2 else "u" for i in range(120))),
        _base("subject_2000", subject="x" * 2000), _base("subject_utf8_2000", subject="ü" * 2000),
        _base("no_last_newline", text="no newline at the end", html="<p>x</p>"),
        _base("ends_with_blanks", text="ends with blanks   ", html="<p>x</p>\t"),
        _base("equals_at_end", text="ü=\n==\n=20\n=\n"), _base("crlf_text", text="a\r\nb\r\n\r\nc\r\n"),
        _base("from_lines", text="From me\n.From\n>From you\nü\nFrom x\n"), _base("only_newlines", text="\n\n\n"),
        _base("long_cjk_line", text="日本語" * 3000 + "\n", html="<p>" + "日本語" * 3000 + "</p>\n"),
        _base("boundary_like", text="--=_x\n--boundary--\nContent-Type: text/html\n\n<b>x</b>\n", html="--\n------=_Part\n"),
        _base("names2", to=[{"display_name": name, "address": f"u{i}@x.example"} for i, name in enumerate(names)]),
        _base("odd_locals", to=[{"address": address} for address in locals_]),
        _base("filenames", attachments=[_attachment(name) for name in files]),
        _base("types", attachments=[
            _attachment("a.txt", b"\xe4\xf6\n\r\nx\r", 'text/plain; charset="iso-8859-1"'), _attachment("b.html", b"<p>\n", "text/html; charset=utf-8"),
            _attachment("c.ics", b"BEGIN:VCALENDAR\r\n", "text/calendar; method=REQUEST; charset=utf-8"),
            _attachment("d.json", b"{}", "application/json"), _attachment("e.svg", bytes(range(256)) * 300, "image/svg+xml")]),
        _base("inline_many", html='<img src="cid:a.b-c@d"><img src="cid:x_1">', attachments=[
            _attachment("1.png", b"1", "image/png", content_id="a.b-c@d"), _attachment("2.png", b"2", "image/png", content_id="x_1"),
            _attachment("3.bin")]),
        _base("inline_without_html", attachments=[_attachment("1.png", b"1", "image/png", content_id="solo")]),
        _base("only_attachment", text="", attachments=[_attachment("1.png", b"1", "image/png")]),
        _base("headers2", headers=[{"name": "X-A", "value": "ü  ü"}, {"name": "X-C", "value": "x" * 900}, {"name": "X-D", "value": "a  b"},
                                   {"name": "X-E", "value": "日本語" * 100}, {"name": "X-F", "value": '"quoted" (c) <a>'}]),
    ]


def emails():
    rng = random.Random(20260131)
    generated = [
        _base(f"random_{i}", subject=_random_text(rng, rng.randrange(120)).replace("\n", " "),
              text=_random_text(rng, rng.randrange(3000)) + "\n", html=_random_text(rng, rng.randrange(500)) + "\n",
              to=[{"display_name": _random_text(rng, rng.randrange(60)).replace("\n", " "), "address": "a@x.example"}],
              attachments=[{"filename": _random_text(rng, 1 + rng.randrange(60)).replace("\n", "_") + ".bin",
                            "content_type": "application/octet-stream",
                            "content": _b64(rng.randbytes(rng.randrange(4000)))}])
        for i in range(60)]
    return _fixed() + _hostile() + generated
