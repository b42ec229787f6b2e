"""Each stream takes its way; recipients have their own fates; bytes stay as they are."""
import hashlib
import subprocess
import sys
import unittest

from harness import Case, config, main, message, send, wait_for

NEWSLETTER = dict(subject="20 % Rabatt, nur heute", List_Unsubscribe="<https://shop.example/u>", Precedence="bulk",
                  body="Jetzt shoppen! Im Browser ansehen. Newsletter abbestellen.\n")


class Routes(Case):
    def setUp(self):
        super().setUp()
        self.sink = self.simulate("sink")
        self.mta = self.postfix(self.sink.smtp_port)
        self.esp = self.simulate("esp")
        self.gw = self.gateway(config(self.mta.port, self.esp.url))

    def test_each_stream_its_way(self):
        home = send(self.gw.smtp_port, message("Rechnung 2026-1", body="Rechnungsnummer: 2026-1, zahlbar bis 1.12.\n"))
        away = send(self.gw.smtp_port, message(to="bob@example.org", **NEWSLETTER))
        self.gw.wait_state(home, "delivered")
        self.gw.wait_state(away, "delivered")
        wait_for(lambda: self.sink.recipients("smtp") == ["ann@example.org"], "the MTA to hand on the invoice")
        self.assertEqual(self.esp.recipients("mailjet"), ["bob@example.org"])
        self.assertEqual(self.gw.call("QueueService/GetMessage", {"queueId": away})["streamSource"], "signal")
        self.assertEqual(self.gw.metric("stellwerk_dispositions_total", stream="marketing", state="delivered"), 1)

    def test_refused_recipient_bounces_and_does_not_fail_over(self):
        queue_id = send(self.gw.smtp_port, message("Rechnung 3", to="gone@example.org"))
        self.gw.wait_state(queue_id, "bounced")
        # The notice goes to the sender through the MTA.
        notice = wait_for(lambda: [r for r in self.sink.records("smtp") if r["recipients"] == ["shop@shop.example"]], "the notice")
        self.assertEqual(notice[0]["reverse_path"], "")
        self.assertEqual(self.esp.records(), [])

    def test_two_recipients_a_accepted_b_deferred_then_b_alone(self):
        self.gw.rewrite(config(self.mta.port, self.esp.url,
                               extra_policy="  retry: {transactional: {first: 1s, factor: 1, max: 2s, lifetime: 24h}}"))
        self.gw.reload()
        wait_for(lambda: self.gw.metric("stellwerk_policy_reloads_total", result="accepted") >= 1, "the reload")
        mail = message("Rechnung 4", to="ann@example.org, full@example.org")
        queue_id = send(self.gw.smtp_port, mail, recipients=["ann@example.org", "full@example.org"])
        wait_for(lambda: self.gw.state(queue_id, 0) == "delivered", "a to be delivered")
        wait_for(lambda: len(self.gw.recipients(queue_id)[1].get("attempts", [])) >= 2, "b to be tried again alone")
        self.assertEqual(self.gw.state(queue_id, 1), "deferred")
        self.assertEqual(self.sink.recipients("smtp").count("ann@example.org"), 1)
        self.assertEqual(self.esp.records(), [], "the API would mail a again")

    def test_bytes_are_identical_but_for_the_declared_changes(self):
        body = "Ünïcödé line\r\n.\r\n..dots\r\n" + "x" * 900 + "\r\nlast"
        raw = ("From: shop@shop.example\r\nTo: ann@example.org\r\nSubject: Rechnung 5\r\nX-Odd:  spaced  \r\n folded\r\n"
               "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + body).encode()
        raw_directory = self.directory / "raw"
        raw_directory.mkdir()
        sink = self.own(RawSink(self.directory, raw_directory))
        self.gw.rewrite(config(sink.smtp_port, self.esp.url))
        self.gw.reload()
        wait_for(lambda: self.gw.metric("stellwerk_policy_reloads_total", result="accepted") >= 1, "the reload")
        import smtplib
        with smtplib.SMTP("127.0.0.1", self.gw.smtp_port, timeout=30) as client:
            client.sendmail("shop@shop.example", ["ann@example.org"], raw, mail_options=["BODY=8BITMIME"])
        record = wait_for(lambda: sink.records("smtp"), "the message")[0]
        seen = open(record["raw_file"], "rb").read()
        self.assertTrue(seen.startswith(b"Received: "))
        end = seen.index(b"From: shop@shop.example")
        self.assertEqual(seen[end:], raw + b"\r\n")

    def test_P_115_signed_message_still_verifies(self):
        import dkim
        key = self.directory / "key.pem"
        subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True)
        public = subprocess.run(["openssl", "rsa", "-in", key, "-pubout", "-outform", "DER"], check=True, capture_output=True).stdout
        import base64
        raw = (b"From: shop@shop.example\r\nTo: ann@example.org\r\nSubject: Rechnung 6\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\n"
               b"Message-ID: <1@shop.example>\r\n\r\nSigned body.\r\n.leading dot\r\n")
        signature = dkim.sign(raw, b"s1", b"shop.example", key.read_bytes(), include_headers=[b"From", b"To", b"Subject", b"Date", b"Message-ID"])
        raw_directory = self.directory / "raw"
        raw_directory.mkdir()
        sink = self.own(RawSink(self.directory, raw_directory))
        self.gw.rewrite(config(sink.smtp_port, self.esp.url))
        self.gw.reload()
        wait_for(lambda: self.gw.metric("stellwerk_policy_reloads_total", result="accepted") >= 1, "the reload")
        import smtplib
        with smtplib.SMTP("127.0.0.1", self.gw.smtp_port, timeout=30) as client:
            client.sendmail("shop@shop.example", ["ann@example.org"], signature + raw)
        record = wait_for(lambda: sink.records("smtp"), "the message")[0]
        seen = open(record["raw_file"], "rb").read()
        record_text = b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)
        self.assertTrue(dkim.verify(seen, dnsfunc=lambda name, timeout=5: record_text))
        self.assertFalse(dkim.verify(seen.replace(b"Signed", b"Forged"), dnsfunc=lambda name, timeout=5: record_text))


from harness import BINARY, Process, Simulate  # noqa: E402


class RawSink(Simulate):
    """A stand-in that keeps the bytes of each message."""

    def __init__(self, directory, raw_directory):
        self.record_path = directory / "raw.ndjson"
        self.record_path.touch()
        Process.__init__(self, [BINARY, "simulate", "--record", self.record_path, "--raw", raw_directory], directory / "raw.log")
        self.wait_listening("smtp", "http")


if __name__ == "__main__":
    main()
