"""Attempts whose outcome nobody knows: visible, and resolved as the route's on_unknown says; an API is asked by CustomID first."""
import json
import subprocess

from harness import BINARY, Case, config, main, message, send, wait_for

WAITS = "  unknown_wait: {smtp: 300ms, api: 300ms}"
HTTP_LOST = {"door": "mailjet", "stage": "response", "do": "reset", "count": 1}
HTTP_CUT = {"door": "mailjet", "stage": "request", "do": "reset", "count": 1}
DOT_LOST = {"door": "smtp", "stage": "dot", "do": "accept_then_close", "count": 1}


class Unknown(Case):
    def setUp(self):
        super().setUp()
        self.mta, self.esp = self.simulate("mta"), self.simulate("esp")

    def open(self, on_unknown="same_destination", first="onprem", waits=WAITS):
        other = "mailjet" if first == "onprem" else "onprem"
        routes = f"\n    - {{name: all, via: [{first}, {other}], on_unknown: {on_unknown}}}"
        return self.gateway(config(self.mta.smtp_port, self.esp.url, routes=routes, extra_policy=waits))

    def listed(self, gateway):
        host, port = gateway.addresses["admin"]
        done = subprocess.run([BINARY, "queue", "list", "--state", "unknown", "--admin", f"{host}:{port}", "--json"], capture_output=True, timeout=30)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def test_it_is_listed_and_counted_while_it_waits(self):
        self.mta.faults([DOT_LOST])
        gw = self.open(waits="  unknown_wait: {smtp: 1h, api: 1h}")
        queued = send(gw.smtp_port, message("Rechnung"))
        gw.wait_state(queued, "unknown")
        self.assertEqual([row["queueId"] for row in self.listed(gw)], [queued])
        self.assertEqual(gw.metric("stellwerk_unknown", destination="onprem"), 1)
        self.assertEqual(gw.metric("stellwerk_unknown_total", destination="onprem"), 1)
        gw.call("QueueService/RetryMessages", {"queueIds": [queued], "reason": "the peer was asked"})
        gw.wait_state(queued, "delivered")
        self.assertEqual(self.listed(gw), [])
        self.assertEqual(gw.metric("stellwerk_unknown", destination="onprem"), 0)
        self.assertEqual((len(self.mta.recipients("smtp")), self.esp.recipients("mailjet")), (2, []))

    def test_same_destination_repeats_over_smtp_there_and_nowhere_else(self):
        self.mta.faults([DOT_LOST])
        gw = self.open()
        gw.wait_state(send(gw.smtp_port, message("Rechnung")), "delivered")
        self.assertEqual((len(self.mta.recipients("smtp")), self.esp.recipients("mailjet")), (2, []))

    def test_an_api_that_has_it_is_found_by_its_custom_id(self):
        self.esp.faults([HTTP_LOST])
        gw = self.open(first="mailjet")
        queued = send(gw.smtp_port, message("Newsletter"))
        gw.wait_state(queued, "delivered")
        self.assertEqual(len(self.esp.recipients("mailjet")), 1, "not sent again")
        self.assertEqual(self.mta.recipients("smtp"), [])
        self.assertEqual(gw.recipients(queued)[0]["reason"], "found_by_lookup")

    def test_an_api_that_has_it_not_is_asked_twice_and_then_sent_to_again(self):
        self.esp.faults([HTTP_CUT])
        gw = self.open(first="mailjet")
        gw.wait_state(send(gw.smtp_port, message("Newsletter")), "delivered")
        self.assertEqual((len(self.esp.recipients("mailjet")), self.mta.recipients("smtp")), (1, []))

    def test_hold_repeats_nowhere(self):
        self.mta.faults([DOT_LOST])
        gw = self.open("hold")
        queued = send(gw.smtp_port, message("Rechnung"))
        gw.wait_state(queued, "unknown")
        other = send(gw.smtp_port, message("Rechnung", to="bob@example.org"))
        gw.wait_state(other, "delivered")
        wait_for(lambda: gw.metric("stellwerk_unknown", destination="onprem") == 1, "the wait to be over and it to stay")
        self.assertEqual(gw.state(queued), "unknown")
        self.assertEqual(sorted(self.mta.recipients("smtp")), ["ann@example.org", "bob@example.org"])

    def test_duplicate_is_better_goes_on_at_once_and_is_counted(self):
        self.mta.faults([{**DOT_LOST, "count": 1}])
        gw = self.open("duplicate_is_better", waits="  unknown_wait: {smtp: 1h, api: 1h}")
        gw.wait_state(send(gw.smtp_port, message("Rechnung")), "delivered")
        self.assertEqual(gw.metric("stellwerk_unknown_total", destination="onprem"), 1)
        self.assertEqual(len(self.mta.recipients("smtp")) + len(self.esp.recipients("mailjet")), 2)


if __name__ == "__main__":
    main()
