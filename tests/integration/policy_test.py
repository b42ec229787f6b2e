"""The policy of a running gateway: who owns it, what changed it, what it would do; and the operator's hand on mail."""
import base64
import json
import subprocess
import threading
import unittest
import urllib.error

from harness import BINARY, LIMIT, Case, config, main, message, send, wait_for

STORE = "policy_source: store"
ESP_FIRST = "routes: [{name: esp-first, via: [mailjet, onprem]}]\n"


class Policy(Case):
    def setUp(self):
        super().setUp()
        self.stand_in = self.simulate()

    def start(self, **more):
        self.gw = self.gateway(config(self.stand_in.smtp_port, self.stand_in.url, **more))
        return self.gw

    def typed(self, *arguments, code=0):
        answer = subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=60,
                                env={"MJ_PUBLIC": "x", "MJ_PRIVATE": "y", "PATH": "/usr/bin:/bin"})
        self.assertEqual(answer.returncode, code, answer.stdout + answer.stderr)
        return answer.stdout + answer.stderr

    def admin(self):
        host, port = self.gw.addresses["admin"]
        return "--admin", f"{host}:{port}"

    def refused(self, method, body):
        with self.assertRaises(urllib.error.HTTPError) as caught:
            self.gw.call(method, body)
        return json.loads(caught.exception.read())

    def audit(self):
        return [json.loads(line) for line in self.audit_path().read_text().splitlines()]

    def audit_path(self):
        return self.directory / "data/audit.ndjson"

    def test_the_file_owns_the_policy_by_default(self):
        self.start()
        fault = self.refused("PolicyService/ApplyPolicy", {"policy": ESP_FIRST, "reason": "try"})
        self.assertEqual(fault["code"], "failed_precondition")
        self.assertIn(str(self.gw.config_path), fault["message"])
        self.assertEqual(self.gw.call("PolicyService/GetPolicy")["source"], "file")

    def test_an_applied_policy_is_in_force_at_once_and_after_a_restart(self):
        self.start(extra=STORE)
        first = self.gw.call("PolicyService/GetPolicy")["version"]
        policy = self.directory / "next.yaml"
        policy.write_text(ESP_FIRST)
        wrong = self.refused("PolicyService/ApplyPolicy", {"policy": ESP_FIRST, "reason": "x", "expectedVersion": "0" * 64})
        self.assertEqual(wrong["code"], "failed_precondition")
        self.typed("policy", "apply", *self.admin(), "--reason", "trial of the ESP", "--expect", first, policy)
        second = self.gw.call("PolicyService/GetPolicy")["version"]
        self.assertNotEqual(first, second)
        queue_id = send(self.gw.smtp_port, message("Rechnung 1", body="Rechnungsnummer: 2026-1\n"))
        self.gw.wait_state(queue_id, "delivered")
        attempt = self.gw.recipients(queue_id)[0]["attempts"][-1]
        self.assertEqual((attempt["destination"], attempt["route"], attempt["policyVersion"]), ("mailjet", "esp-first", second))
        self.gw.kill()
        self.gw = self.own(self.gw.restart())
        self.assertEqual(self.gw.call("PolicyService/GetPolicy")["version"], second)
        self.gw.reload()
        wait_for(lambda: self.gw.metric("stellwerk_policy_reloads_total", result="accepted") >= 1, "the reload")
        self.assertEqual(self.gw.call("PolicyService/GetPolicy")["version"], second, "the file does not own it any more")
        unreachable = {"policy": "routes: [{name: a, via: onprem}, {name: b, via: mailjet}]", "reason": "slip"}
        self.assertIn("never reached", self.refused("PolicyService/ApplyPolicy", unreachable)["message"])
        actions = [line["action"] for line in self.audit()]
        self.assertEqual(actions, ["gateway.start", "policy.apply", "gateway.start", "configuration.reload"])
        self.assertEqual(self.audit()[1]["reason"], "trial of the ESP")
        self.assertEqual(self.audit()[1]["details"]["previous_version"], first)

    def test_the_audit_log_tells_every_change_and_that_nobody_touched_it(self):
        self.start()
        for verb in ("Drain", "Resume"):
            self.gw.call(f"DestinationService/{verb}Destination", {"name": "onprem", "reason": "maintenance"})
        self.gw.reload()
        wait_for(lambda: len(self.audit()) == 4, "the reload's line")
        self.assertIn("4 lines, whole", self.typed("audit", "verify", self.audit_path()))
        self.assertIn("maintenance", self.typed("audit", "list", self.audit_path()))
        self.gw.stop()
        whole = self.audit_path().read_text()
        lines = whole.splitlines(keepends=True)
        for what, broken, line in (("edited", [lines[0], lines[1].replace("maintenance", "an accident"), *lines[2:]], 2),
                                   ("deleted", [lines[0], *lines[2:]], 2), ("moved", [lines[0], lines[2], lines[1], lines[3]], 2)):
            with self.subTest(what):
                self.audit_path().write_text("".join(broken))
                self.assertIn(f"audit.ndjson:{line}: ", self.typed("audit", "verify", self.audit_path(), code=1))
        # A missing end is no broken chain: the head in the store tells.
        self.audit_path().write_text("".join(lines[:-1]))
        self.typed("audit", "verify", self.audit_path())
        self.gw = self.own(self.gw.restart())
        self.assertEqual([(e["line"]) for e in self.gw.log_events("audit_broken")], [4])
        self.assertEqual(self.gw.metric("stellwerk_audit_intact"), 0)

    def test_held_mail_rerouted_by_filter_but_not_past_an_invariant(self):
        home = "  invariants: [{name: home, when: '\"personal\" in tags', only: 'zone == \"on_prem\"'}]"
        self.start(extra_policy=home)
        self.gw.call("DestinationService/DrainDestination", {"name": "onprem", "reason": "maintenance"})
        self.gw.call("DestinationService/DrainDestination", {"name": "mailjet", "reason": "maintenance"})
        personal = send(self.gw.smtp_port, message("Rechnung", X_Stellwerk_Tags="personal"))
        other = send(self.gw.smtp_port, message("Rechnung"))
        shown = self.typed("queue", "reroute", *self.admin(), "--to", "mailjet", "--reason", "MTA is down", "--state", "deferred")
        self.assertIn("not done: invariant: home", shown)
        self.assertIn("1 changed", shown)
        explained = self.gw.call("PolicyService/ExplainMessage", {"queueId": other})["explanation"]["decisions"][0]
        self.assertEqual([c["destination"] for c in explained["candidates"]], ["mailjet", "onprem"])
        for name in ("mailjet", "onprem"):
            self.gw.call("DestinationService/ResumeDestination", {"name": name, "reason": "back"})
        for queue_id, destination in ((other, "mailjet"), (personal, "onprem")):
            self.gw.wait_state(queue_id, "delivered")
            self.assertEqual(self.gw.recipients(queue_id)[0]["attempts"][-1]["destination"], destination)

    def test_an_operators_mark_outlives_a_crash(self):
        self.start()
        self.gw.call("DestinationService/SuspendDestination", {"name": "onprem", "reason": "moving house", "duration": "3600s"})
        self.gw.call("DestinationService/DrainDestination", {"name": "mailjet", "reason": "no more"})
        self.gw.call("DestinationService/ResumeDestination", {"name": "mailjet", "reason": "a bit more"})
        self.gw.kill()
        self.gw = self.own(self.gw.restart())
        onprem = self.gw.destination("onprem")
        self.assertEqual((onprem["state"], onprem["operatorReason"]), ("suspended", "moving house"))
        self.assertIn("suspendedUntil", onprem)
        self.assertEqual(self.gw.destination("mailjet")["state"], "closed")

    def test_past_traffic_is_replayed_here_and_by_the_gateway(self):
        self.start()
        for n in range(3):
            queue_id = send(self.gw.smtp_port, message(f"Rechnung {n}", body="Rechnungsnummer: 2026-1\n"))
            self.gw.wait_state(queue_id, "delivered")
        policy = self.directory / "next.yaml"
        policy.write_text(ESP_FIRST)
        asked = json.loads(self.typed("replay", *self.admin(), "--policy", policy, "--json"))
        self.assertEqual((asked["facts"], asked["changed_destination"]), (3, 3))
        self.assertEqual(asked["destinations"], [{"before": "onprem", "after": "mailjet", "count": 3}])
        facts = self.directory / "facts.ndjson"
        facts.write_text(self.typed("facts", "--from", self.directory / "data"))
        self.assertEqual(len(facts.read_text().splitlines()), 3)
        self.assertNotIn("ann", facts.read_text(), "no address")
        same = json.loads(self.typed("replay", "--config", self.gw.config_path, "--facts", facts, "--json"))
        self.assertEqual((same["facts"], same["changed_route"], same["changed_destination"]), (3, 0, 0))
        live = json.loads(self.typed("replay", "--config", self.gw.config_path, "--from", self.directory / "data", "--json"))
        self.assertEqual(live["facts"], 3)

    def test_explain_takes_no_more_recipients_than_a_submission(self):
        self.start()
        ask = {"message": base64.b64encode(b"From: a@shop.example\r\nTo: b@example.org\r\n\r\nHello.\r\n").decode()}
        many = [f"user-{i}@example.org" for i in range(1001)]
        answer = self.gw.call("PolicyService/ExplainMessage", {**ask, "to": many[:1000]})
        self.assertEqual(len(answer["explanation"]["decisions"]), 1000)
        self.assertEqual(self.refused("PolicyService/ExplainMessage", {**ask, "to": many}),
                         {"code": "invalid_argument", "message": "to: at most 1000 recipients"})

    def test_a_long_policy_is_replayed_beside_everything_else(self):
        self.start()
        rules = "".join(f"  - {{name: rule-{i}, when: 'header[\"x-a{i}\"] == \"{i}\"', via: [onprem]}}\n" for i in range(3000))
        answered = []
        asking = threading.Thread(target=lambda: answered.append(
            self.gw.call("PolicyService/ReplayTraffic", {"policy": f"routes:\n{rules}  - {{name: all, via: [onprem]}}\n"}, limit=LIMIT)))
        asking.start()
        meanwhile = 0
        while asking.is_alive():
            self.assertEqual(self.gw.get("/livez")[0], 200)
            meanwhile += 1 if not answered else 0
        asking.join()
        self.assertTrue(answered and "report" in answered[0], answered)
        self.assertGreater(meanwhile, 3, "nothing was answered on its thread until it was done")

    def test_explain_by_api_is_explain_by_command(self):
        self.start()
        letter = self.directory / "letter.eml"
        letter.write_bytes(message("Rechnung 7", body="Rechnungsnummer: 2026-7\n").as_bytes())
        by_command = json.loads(self.typed("explain", "--config", self.gw.config_path, letter))
        by_api = self.gw.call("PolicyService/ExplainMessage", {"message": base64.b64encode(letter.read_bytes()).decode()})["explanation"]
        self.assertEqual(by_api, by_command)
        lines = self.typed("explain", "--config", self.gw.config_path, "--json", letter, letter).splitlines()
        self.assertEqual([json.loads(line) for line in lines], [by_command, by_command])


if __name__ == "__main__":
    main()
