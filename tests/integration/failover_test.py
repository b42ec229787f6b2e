"""One way closed, the other takes over; and what may not move does not."""
import threading
import time
import unittest

from harness import Case, config, main, message, send, wait_for

PERSONAL = """
  invariants:
    - {name: personal-data-stays-home, when: '"personal" in tags', only: 'zone == "on_prem"'}"""


class Failover(Case):
    def setUp(self):
        super().setUp()
        self.sink = self.simulate("sink")
        self.esp = self.simulate("esp")

    def test_mta_dead_at_connect_goes_to_the_esp_and_back_with_slow_start(self):
        mta = self.postfix(self.sink.smtp_port)
        gw = self.gateway(config(mta.port, self.esp.url))
        gw.wait_state(send(gw.smtp_port, message("Rechnung 1")), "delivered")
        mta.stop()
        began = time.monotonic()
        first = send(gw.smtp_port, message("Rechnung 2", to="two@example.org"))
        gw.wait_state(first, "delivered", limit=15)
        self.assertIn("two@example.org", self.esp.recipients("mailjet"))
        self.assertLess(time.monotonic() - began, 15)
        gw.wait_state(send(gw.smtp_port, message("Rechnung 3")), "delivered")
        wait_for(lambda: gw.destination("onprem")["state"] == "open", "the MTA to be out")
        mta.start()
        wait_for(lambda: gw.destination("onprem")["state"] in ("half_open", "closed"), "the way back")

        def home_again():
            recipient = f"back{time.monotonic_ns()}@example.org"
            gw.wait_state(send(gw.smtp_port, message("Rechnung 4", to=recipient)), "delivered")
            return recipient not in self.esp.recipients("mailjet")
        wait_for(home_again, "mail to go home again")
        self.assertGreaterEqual(gw.metric("stellwerk_failovers_total", **{"from": "onprem", "to": "mailjet"}), 1)

    def test_mta_dead_under_load_all_mail_leaves_by_the_esp(self):
        gw = self.gateway(config(self.sink.smtp_port, self.esp.url))
        self.sink.faults([{"door": "smtp", "stage": "connect", "do": "close"}, {"door": "smtp", "stage": "mail", "do": "close"}])
        ids, stop = [], threading.Event()

        def load(worker):
            for i in range(150):
                ids.append(send(gw.smtp_port, message("Rechnung", to=f"w{worker}-{i}@example.org")))
        workers = [threading.Thread(target=load, args=(w,)) for w in range(4)]
        for w in workers:
            w.start()
        for w in workers:
            w.join()
        self.assertEqual(len(ids), 600)
        wait_for(lambda: len(self.esp.recipients("mailjet")) >= 600, "all of it at the ESP", limit=120)
        self.assertEqual(len(set(self.esp.recipients("mailjet"))), 600)
        self.assertEqual(len(self.esp.recipients("mailjet")), 600, "nothing twice")
        self.assertEqual(gw.metric("stellwerk_failover_budget_refusals_total"), 0, "the budget is never the reason")

    def test_esp_401_alerts_and_fails_over(self):
        gw = self.gateway(config(self.sink.smtp_port, self.esp.url))
        self.esp.faults([{"door": "mailjet", "stage": "request", "do": "reply", "reply": "401 {\"ErrorMessage\":\"no\",\"StatusCode\":401}"}])
        queue_id = send(gw.smtp_port, message("Our newsletter", Precedence="bulk", List_Id="<n.shop.example>", List_Unsubscribe="<https://x/u>"))
        gw.wait_state(queue_id, "delivered")
        self.assertEqual(self.sink.recipients("smtp"), ["ann@example.org"])
        wait_for(lambda: gw.destination("mailjet")["state"] == "account_refused", "the alert state")
        self.assertEqual(gw.metric("stellwerk_destination_state", destination="mailjet", state="account_refused"), 1)

    def test_relay_denied_by_the_own_mta_bounces_nobody(self):
        gw = self.gateway(config(self.sink.smtp_port, self.esp.url))
        self.sink.faults([{"door": "smtp", "stage": "rcpt", "do": "reply", "reply": "554 5.7.1 relay access denied"}])
        ids = [send(gw.smtp_port, message("Rechnung", to=f"u{i}@d{i}.example")) for i in range(30)]
        wait_for(lambda: all(gw.state(i) in ("delivered", "deferred") for i in ids), "every message to settle")
        self.assertEqual(gw.metric("stellwerk_dispositions_total", state="bounced"), 0)
        self.assertGreaterEqual(len(self.esp.recipients("mailjet")), 20)

    def test_connection_lost_after_the_dot_is_unknown_and_stays(self):
        gw = self.gateway(config(self.sink.smtp_port, self.esp.url,
                                 extra_policy="  unknown_wait: {smtp: 3s, api: 3s}"))
        self.sink.faults([{"door": "smtp", "stage": "dot", "do": "accept_then_close", "count": 1}])
        queue_id = send(gw.smtp_port, message("Rechnung"))
        gw.wait_state(queue_id, "unknown")
        self.assertEqual(gw.metric("stellwerk_unknown", destination="onprem"), 1)
        gw.wait_state(queue_id, "delivered")  # repeated there
        self.assertEqual(self.esp.records(), [], "no second destination")
        self.assertEqual(len(self.sink.records("smtp")), 2, "SMTP repeats: one possible duplicate")
        self.assertEqual(gw.metric("stellwerk_unknown", destination="onprem"), 0)

    def test_a_destination_with_unknown_mail_does_not_disappear(self):
        text = config(self.sink.smtp_port, self.esp.url, extra_policy="  unknown_wait: {smtp: 10s, api: 10s}")
        gw = self.gateway(text)
        self.sink.faults([{"door": "smtp", "stage": "dot", "do": "accept_then_close", "count": 1}])
        queue_id = send(gw.smtp_port, message("Rechnung"))
        gw.wait_state(queue_id, "unknown")
        without = "\n".join(line for line in text.splitlines() if not line.strip().startswith("onprem:"))
        gw.rewrite(without.replace("[mailjet, onprem]", "[mailjet]").replace("[onprem, mailjet]", "[mailjet]"))
        wait_for(lambda: gw.metric("stellwerk_policy_reloads_total", result="refused") == 1, "the reload to be refused")
        refused = wait_for(lambda: gw.log_events("reload_refused"), "the log to tell it")[-1]["reason"]
        self.assertIn("1 recipients of unknown outcome are tied to destination 'onprem'", refused)
        gw.wait_state(queue_id, "delivered")
        self.assertEqual(self.esp.records(), [])
        gw.reload()
        wait_for(lambda: gw.metric("stellwerk_policy_reloads_total", result="accepted") >= 1, "it to be taken now")

    def test_personal_mail_waits_at_home_and_so_does_its_notice(self):
        gw = self.gateway(config(self.sink.smtp_port, self.esp.url, extra_policy=PERSONAL))
        self.sink.faults([{"door": "smtp", "stage": "connect", "do": "close"}, {"door": "smtp", "stage": "mail", "do": "close"}])
        good = send(gw.smtp_port, message("Befund", X_Stellwerk_Tags="personal"))
        bad = send(gw.smtp_port, message("Befund", to="gone@example.org", X_Stellwerk_Tags="personal"))
        for queue_id in (good, bad):
            gw.wait_state(queue_id, "deferred")
        self.sink.faults([{"door": "smtp", "stage": "rcpt", "match": {"recipient": "gone@*"}, "do": "reply", "reply": "550 5.1.1 no such user"}])
        gw.wait_state(good, "delivered")
        gw.wait_state(bad, "bounced")
        wait_for(lambda: "shop@shop.example" in self.sink.recipients("smtp"), "the notice at home")
        self.assertEqual(self.esp.records(door=None, verdict=None), [], "nothing at the ESP")


if __name__ == "__main__":
    main()
