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
    return _fixed() + generated
