"""A policy is swapped under load: no session is dropped, and each attempt is made under exactly one version of it."""
import smtplib
import threading
import unittest

from harness import Case, config, main, message, wait_for

# Each names its routes by its own letter, and B refuses a probe at the door: so a session sees which one it met.
A = """
    - {name: a-bulk, when: 'stream == "marketing"', via: [mailjet, onprem]}
    - {name: a-rest, via: [onprem, mailjet]}"""
B = """
    - {name: b-no-probes, when: 'recipient.domain == "probe.example"', via: {refuse: closed by B}}
    - {name: b-bulk, when: 'stream == "marketing"', via: [mailjet, onprem]}
    - {name: b-rest, via: [onprem, mailjet]}"""
SWAPS = 6
SESSIONS = 6


class Session(threading.Thread):
    """A session that is never closed: mail and probes in turn."""

    def __init__(self, port, number):
        super().__init__()
        self.port, self.number, self.ended = port, number, False
        self.met, self.ids, self.dropped, self.wrong = [], [], "", []

    def run(self):
        try:
            with smtplib.SMTP("127.0.0.1", self.port, timeout=60) as client:
                client.ehlo("app.example")
                while not self.ended:
                    self.talk(client)
        except (OSError, smtplib.SMTPException) as failure:
            self.dropped = repr(failure)

    def talk(self, client):
        code, text = self.offer(client, f"s{self.number}-{len(self.ids)}@example.org")
        if code == 250:
            self.ids.append(text.decode().rsplit(" ", 1)[-1])
        else:
            self.wrong.append((code, text))
        code, text = self.offer(client, "ann@probe.example")
        met = {250: "A", 550: "B"}.get(code)
        if met is None:
            self.wrong.append((code, text))
        elif self.met[-1:] != [met]:
            self.met.append(met)

    def offer(self, client, recipient):
        client.mail("shop@shop.example")
        client.rcpt(recipient)
        mail = message("Rechnung", to=recipient)
        return client.data(mail.as_bytes(policy=mail.policy.clone(linesep="\r\n")))


class Swap(Case):
    def test_no_session_is_dropped_and_each_attempt_has_one_version(self):
        stand_in = self.simulate()
        texts = [config(stand_in.smtp_port, stand_in.url, routes=routes) for routes in (A, B)]
        gw = self.gateway(texts[0])
        versions = [gw.call("PolicyService/GetPolicy")["version"]]
        sessions = [Session(gw.smtp_port, n) for n in range(SESSIONS)]
        for one in sessions:
            one.start()
        try:
            wait_for(lambda: all(s.met or s.dropped for s in sessions), "every session to meet a policy")
            for number in range(SWAPS):
                gw.rewrite(texts[(number + 1) % 2])
                gw.reload()
                wait_for(lambda: all(len(s.met) == number + 2 or s.dropped for s in sessions), f"swap {number + 1} in every session")
                if number == 0:
                    versions.append(gw.call("PolicyService/GetPolicy")["version"])
        finally:
            for one in sessions:
                one.ended = True
            for one in sessions:
                one.join(60)
        self.assertEqual([s.dropped for s in sessions], [""] * SESSIONS)
        self.assertEqual([s.wrong for s in sessions], [[]] * SESSIONS)
        for one in sessions:
            self.assertEqual(one.met, ["A", "B"] * (SWAPS // 2) + ["A"], "one after the other, and never back within a swap")
        self.assertEqual(len(set(versions)), 2)
        ids = [queue_id for s in sessions for queue_id in s.ids]
        self.assertGreater(len(ids), SESSIONS * SWAPS)
        for queue_id in ids:
            gw.wait_state(queue_id, "delivered")
        seen = set()
        for queue_id in ids:
            for attempt in gw.recipients(queue_id)[0]["attempts"]:
                letter = "ab"[versions.index(attempt["policyVersion"])]
                self.assertEqual(attempt["route"][0], letter, "a route of the version that the attempt names")
                seen.add(letter)
        self.assertEqual(seen, {"a", "b"})


if __name__ == "__main__":
    main()
