"""The stand-ins do what a rule says, at every stage, and their record tells the truth."""
import json
import re
import socket
import threading
import unittest
import urllib.error

from harness import Case, main, wait_for

CONTENT = b"From: a@shop.example\r\nSubject: s\r\nX-MJ-CustomID: attempt-1\r\n\r\ntext\r\n"
STAGES = ["connect", "greeting", "mail", "rcpt", "data", "dot"]


class StandIn(Case):
    door = ""

    def setUp(self):
        super().setUp()
        self.sink = self.simulate()

    def rule(self, stage, do, **more):
        self.sink.record_path.write_text("")
        self.sink.faults([{"door": self.door, "stage": stage, "do": do, **more}])

    def records(self):
        return [(r["verdict"], r["replied"], r["fault"]) for r in self.sink.records(verdict=None)]


class Smtp(StandIn):
    door = "smtp"

    def talk(self, timeout=10):
        """What a transaction sees: the last reply and how it ended: 'quit', 'closed', 'reset' or 'silent'."""
        seen = b""
        try:
            with socket.create_connection(("127.0.0.1", self.sink.smtp_port), timeout) as peer:
                peer.settimeout(timeout)
                lines = peer.makefile("rb")
                for command in (b"", b"EHLO me\r\n", b"MAIL FROM:<a@shop.example>\r\n", b"RCPT TO:<b@example.org>\r\n", b"DATA\r\n",
                                CONTENT + b".\r\n", b"QUIT\r\n"):
                    peer.sendall(command)
                    line = b"250-"
                    while line[3:4] == b"-":
                        line = lines.readline()
                    if not line.endswith(b"\r\n"):
                        return (seen + line).decode(), "closed"
                    if line[:1] in b"45":
                        return line.decode(), "refused"
                    seen = line
                return seen.decode(), "quit"
        except (ConnectionResetError, BrokenPipeError):
            return seen.decode(), "reset"
        except TimeoutError:
            return seen.decode(), "silent"

    def test_every_verb_at_every_stage_before_the_dot(self):
        for stage in STAGES[:-1]:
            for do, ending in (("close", "closed"), ("reset", "reset"), ("accept_then_close", "closed"), ("discard", "closed")):
                self.rule(stage, do)
                self.assertEqual(self.talk()[1], ending, (stage, do))
            self.rule(stage, "stall")
            self.assertEqual(self.talk(timeout=0.5)[1], "silent", stage)
            self.rule(stage, "partial")
            self.assertRegex(self.talk()[0], "250$", stage)
            if stage not in ("connect", "greeting"):
                self.rule(stage, "refuse")
                self.assertEqual(self.talk()[1], "refused", stage)
            self.rule(stage, "reply", reply="451 4.3.0 " + stage)
            self.assertEqual(self.talk()[0], f"451 4.3.0 {stage}\r\n")
            self.rule(stage, "slow", delay="50ms")
            self.assertEqual(self.talk()[1], "quit", stage)

    def test_the_record_of_the_dot_says_what_was_kept_and_what_was_told(self):
        for do, ending, record in (("refuse", "refused", ("refused", True, "refuse")), ("close", "closed", ("not_complete", False, "close")),
                                   ("reset", "reset", ("not_complete", False, "reset")),
                                   ("accept_then_close", "closed", ("accepted", False, "accept_then_close")),
                                   ("partial", "closed", ("accepted", False, "partial")), ("slow", "quit", ("accepted", True, "slow")),
                                   ("discard", "quit", ("not_complete", True, "discard"))):
            self.rule("dot", do)
            self.assertEqual(self.talk()[1], ending, do)
            self.assertEqual(self.records(), [record])
        self.rule("dot", "reply", reply="452 4.3.1 full")
        self.assertEqual(self.talk()[0], "452 4.3.1 full\r\n")
        self.assertEqual(self.records(), [("refused", True, "reply")])

    def test_a_record_has_every_field(self):
        self.assertEqual(self.talk()[1], "quit")
        (record,) = self.sink.records()
        self.assertLessEqual({"at", "door", "attempt", "reverse_path", "recipients", "headers", "sha256", "size", "verdict", "replied",
                              "fault", "idempotency_key", "raw_file"}, set(record))
        self.assertRegex(record["at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertEqual((record["attempt"], record["reverse_path"], record["recipients"], record["size"]),
                         ("attempt-1", "a@shop.example", ["b@example.org"], len(CONTENT)))
        self.assertEqual(record["headers"]["Subject"], "s")

    def test_rules_are_chosen_by_match_count_and_order(self):
        self.sink.faults([{"door": "mailjet", "stage": "rcpt", "do": "refuse"},
                          {"door": "smtp", "stage": "rcpt", "match": {"recipient": "other@*"}, "do": "reply", "reply": "550 wrong"},
                          {"door": "smtp", "stage": "rcpt", "match": {"recipient": "B@*.org", "from": "*@shop.example"}, "do": "reply",
                           "reply": "450 4.2.0 first", "count": 1},
                          {"stage": "rcpt", "do": "reply", "reply": "450 4.2.0 any door", "count": 1},
                          {"door": "smtp", "stage": "rcpt", "do": "refuse", "ratio": 0},
                          {"door": "smtp", "stage": "rcpt", "do": "refuse", "from": "1h"},
                          {"door": "smtp", "stage": "dot", "match": {"header": "Subject: other"}, "do": "refuse"}])
        self.assertEqual(self.talk()[0], "450 4.2.0 first\r\n")
        self.assertEqual(self.talk()[0], "450 4.2.0 any door\r\n")
        self.assertEqual(self.talk()[1], "quit")

    def test_a_faulty_list_is_refused_and_changes_nothing(self):
        self.sink.faults([{"stage": "mail", "do": "reply", "reply": "451 4.3.0 kept"}])
        for rules in ([{"stage": "nowhere", "do": "close"}], [{"stage": "mail", "do": "nothing"}], [{"do": "close"}], [{"stage": "mail"}],
                      [{"stage": "mail", "do": "close", "speed": 1}], [{"stage": "mail", "do": "slow", "delay": "soon"}],
                      [{"stage": "mail", "do": "close", "match": {"subject": "x"}}], {}):
            with self.assertRaises(urllib.error.HTTPError) as caught:
                self.sink.faults(rules)
            self.assertEqual(caught.exception.code, 400)
        self.assertEqual(self.talk()[0], "451 4.3.0 kept\r\n")
        self.sink.faults([])
        self.assertEqual(self.talk()[1], "quit")


class Mailjet(StandIn):
    door = "mailjet"

    def talk(self, timeout=10):
        body = json.dumps({"Messages": [{"From": {"Email": "a@shop.example"}, "To": [{"Email": "b@example.org"}], "Subject": "s",
                                         "TextPart": "t", "CustomID": "attempt-1"}]}).encode()
        address = self.sink.addresses["http"]
        answer = b""
        try:
            with socket.create_connection(address, timeout) as peer:
                peer.settimeout(timeout)
                peer.sendall(b"POST /mailjet/v3.1/send HTTP/1.1\r\nHost: x\r\nAuthorization: Basic eDp5\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
                             % len(body) + body)
                while piece := peer.recv(65536):
                    answer += piece
        except (ConnectionResetError, BrokenPipeError):
            return answer.decode(), "reset"
        except TimeoutError:
            return answer.decode(), "silent"
        status = re.match(rb"HTTP/1.1 (\d+)", answer)
        length = re.search(rb"Content-Length: (\d+)", answer)
        whole = status and length and len(answer.split(b"\r\n\r\n", 1)[1]) == int(length[1])
        return answer.decode(), status[1].decode() if whole else "closed"

    def test_every_verb_at_the_connection(self):
        for do, ending in (("close", "closed"), ("reset", "reset"), ("refuse", "closed"), ("slow", "200")):
            self.rule("connect", do)
            self.assertEqual(self.talk()[1], ending, do)
        self.rule("connect", "stall")
        self.assertEqual(self.talk(timeout=0.5)[1], "silent")

    def test_the_record_of_a_request_says_what_was_kept_and_what_was_told(self):
        lost, kept = ("not_complete", False), ("accepted", False)
        for stage, do, ending, record in (
                ("request", "refuse", "400", ("refused", True)), ("request", "close", "closed", lost), ("request", "reset", "reset", lost),
                ("request", "accept_then_close", "closed", kept), ("request", "discard", "200", ("not_complete", True)),
                ("request", "partial", "closed", lost), ("request", "slow", "200", ("accepted", True)),
                ("response", "close", "closed", kept), ("response", "reset", "reset", kept), ("response", "accept_then_close", "closed", kept),
                ("response", "partial", "closed", kept), ("response", "discard", "200", ("not_complete", True)),
                ("response", "slow", "200", ("accepted", True))):
            self.rule(stage, do)
            self.assertEqual(self.talk()[1], ending, (stage, do))
            self.assertEqual(self.records(), [(*record, do)], (stage, do))
        self.rule("request", "reply", reply='429 {"wait": 1}')
        answer, status = self.talk()
        self.assertEqual((status, answer.rsplit("\r\n", 1)[1]), ("429", '{"wait": 1}'))
        for stage in ("request", "response"):
            self.rule(stage, "stall")
            self.assertEqual(self.talk(timeout=0.5)[1], "silent", stage)

    def test_a_record_has_every_field(self):
        self.assertEqual(self.talk()[1], "200")
        (record,) = self.sink.records("mailjet")
        self.assertEqual((record["attempt"], record["reverse_path"], record["recipients"]), ("attempt-1", "a@shop.example", ["b@example.org"]))

    def test_rules_match_headers_and_doors(self):
        self.sink.faults([{"door": "mailjet", "stage": "request", "match": {"header": "subject: S"}, "do": "reply", "reply": "503 first", "count": 1},
                          {"door": "smtp", "stage": "request", "do": "close"}])
        self.assertEqual(self.talk()[1], "503")
        self.assertEqual(self.talk()[1], "200")

    def test_requests_at_once_are_all_recorded(self):
        threads = [threading.Thread(target=self.talk) for _ in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        wait_for(lambda: len(self.sink.records("mailjet")) == 50, "fifty records")


if __name__ == "__main__":
    main()
