"""The suppression list from outside: by the command line, at both doors, while mail waits, over restarts and kills."""
import json
import subprocess
import threading
import urllib.error

from grpc_modules import pb, rpc
import grpc

from harness import BINARY, Case, config, main, message, send, token_hash, wait_for

CLIENTS = '  - {name: shop, tenant: acme, token_hash: {env: SHOP_TOKEN}, senders: ["@shop.example"], may_choose_stream: true}'
TOKENS = {"SHOP_TOKEN": token_hash("shop-token")}
RETRY = "  retry: {transactional: {first: 1s, factor: 1, max: 1s, lifetime: 24h}}"


class Suppressions(Case):
    def setUp(self):
        super().setUp()
        self.sink = self.simulate("sink")
        self.gw = self.gateway(self.config(), environment=TOKENS)

    def config(self):
        return config(self.sink.smtp_port, self.sink.url, clients=CLIENTS, extra_policy=RETRY)

    def run_cli(self, verb, *arguments, code=0, stdin=None, gateway=None):
        host, port = (gateway or self.gw).addresses["admin"]
        done = subprocess.run([BINARY, "suppressions", verb, "--admin", f"{host}:{port}", *arguments], input=stdin,
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout if code == 0 else done.stderr + done.stdout

    def add(self, *addresses, **options):
        flags = [part for name, value in options.items() for part in (f"--{name}", value)]
        return self.run_cli("add", "--reason", "ticket 4711", *flags, *addresses)

    def listed(self, *arguments):
        return [json.loads(line) for line in self.run_cli("list", "--json", "--limit", "100000", *arguments).splitlines()]

    def grpc_client(self):
        self.gw.wait_listening("grpc")
        host, port = self.gw.addresses["grpc"]
        channel = grpc.insecure_channel(f"{host}:{port}")
        self.addCleanup(channel.close)
        return rpc.SubmissionServiceStub(channel)

    def test_a_thousand_suppressed_recipients_are_told_of_in_one_notice(self):
        gone = [f"gone{i}@example.org" for i in range(1000)]
        self.add(*gone)
        send(self.gw.smtp_port, message("Rechnung", to="gone0@example.org"), recipients=gone)
        wait_for(lambda: "shop@shop.example" in self.sink.recipients("smtp"), "the notice")
        self.assertEqual(self.gw.metric("stellwerk_dispositions_total", state="suppressed"), 1000)
        self.assertEqual([self.gw.metric(f"stellwerk_dsn{name}_total") for name in ("", "_delayed", "_suppressed")], [1, 0, 0])

    def test_both_doors_accept_and_nothing_is_sent(self):
        self.add("Ada@Example.ORG", because="complaint")
        # SMTP: one of two recipients, in another spelling.
        queue_id = send(self.gw.smtp_port, message("Rechnung", to="ann@example.org"),
                        recipients=["ann@example.org", "<\"ADA\"@example.org>"])
        wait_for(lambda: {r["state"] for r in self.gw.recipients(queue_id)} == {"STATE_DELIVERED", "STATE_SUPPRESSED"}, "both to end")
        ada = next(r for r in self.gw.recipients(queue_id) if r["state"] == "STATE_SUPPRESSED")
        self.assertEqual((ada["reason"], ada["enhancedStatus"]), ("suppression:complaint", "5.7.1"))
        # The sender was told 250 for her, so a notice says what became of it.
        wait_for(lambda: "shop@shop.example" in self.sink.recipients("smtp"), "the notice")
        # gRPC: the answer tells at once, and so do GetSubmission and the events.
        client = self.grpc_client()
        identity = [("authorization", "Bearer shop-token")]
        content = b"From: shop@shop.example\r\nTo: ada@example.org\r\nSubject: raw\r\n\r\nHello.\r\n"
        answer = client.Submit(pb.SubmitRequest(submission=pb.Submission(
            envelope=pb.Envelope(reverse_path="shop@shop.example", recipients=["ada@example.org"]), raw=content)),
            metadata=identity, timeout=20)
        suppressed = pb.RecipientState.State.Value("STATE_SUPPRESSED")
        self.assertEqual([r.state for r in answer.recipients], [suppressed])
        self.assertEqual(answer.recipients[0].reason, "suppression:complaint")
        seen = client.GetSubmission(pb.GetSubmissionRequest(queue_id=answer.queue_id), metadata=identity, timeout=20)
        self.assertEqual((seen.recipients[0].state, seen.recipients[0].reason), (suppressed, "suppression:complaint"))
        for got in client.WatchEvents(pb.WatchEventsRequest(), metadata=identity, timeout=20):
            if got.event.queue_id == answer.queue_id and got.event.kind == pb.Event.KIND_DISPOSITION:
                self.assertEqual((got.event.state, got.event.reason), (suppressed, "suppression:complaint"))
                break
        self.assertEqual(self.sink.recipients().count("ada@example.org"), 0)
        self.assertEqual([r for r in self.sink.recipients() if "ada" in r.lower()], [])
        self.assertEqual(self.gw.metric("stellwerk_suppression_entries"), 1)
        self.assertEqual(self.gw.metric("stellwerk_suppression_hits_total", reason="complaint"), 2)
        self.assertEqual(self.gw.metric("stellwerk_suppression_hits_total", reason="manual"), 0)
        self.assertEqual(self.gw.metric("stellwerk_dispositions_total", state="suppressed"), 2)

    def test_an_address_added_while_its_mail_waits_is_not_mailed(self):
        self.sink.faults([{"door": "smtp", "stage": "rcpt", "match": {"recipient": "ada*"}, "do": "reply", "reply": "450 4.2.0 later"}])
        queue_id = send(self.gw.smtp_port, message("Rechnung", to="ada@example.org"))
        self.gw.wait_state(queue_id, "deferred")
        self.add("ada@example.org")
        explained = self.gw.call("PolicyService/ExplainMessage", {"queueId": queue_id})["explanation"]["decisions"][0]
        self.assertEqual((explained["action"], explained["action_reason"]), ("suppress", "suppression:manual"))
        self.assertEqual({(c["verdict"], c["reason"], c["invariant"]) for c in explained["candidates"]}, {("filtered", "invariant", "suppression")})
        self.sink.faults([])
        self.gw.wait_state(queue_id, "suppressed")
        self.assertNotIn("ada@example.org", self.sink.recipients())

    def test_scope_and_tenant(self):
        self.add("ada@example.org", because="unsubscribe")
        self.add("bob@example.org", tenant="acme")
        self.assertEqual([(r["address"], r.get("tenant", ""), r["scope"]) for r in self.listed()],
                         [("ada@example.org", "", "marketing"), ("bob@example.org", "acme", "all")])
        bill = send(self.gw.smtp_port, message("Rechnung", to="ada@example.org"))
        self.gw.wait_state(bill, "delivered")
        news = send(self.gw.smtp_port, message("News", to="ada@example.org", X_Stellwerk_Stream="marketing"))
        self.gw.wait_state(news, "suppressed")
        self.gw.wait_state(send(self.gw.smtp_port, message("Rechnung", to="bob@example.org")), "delivered")
        self.assertIn("no client has it", self.run_cli("add", "--reason", "x", "--tenant", "acne", "bob@example.org", code=1))

    def test_add_remove_and_what_they_say(self):
        self.assertIn("2 added, 0 replaced", self.add("ada@example.org", "bob@example.org"))
        self.assertIn("0 added, 1 replaced", self.add("ada@example.org"))
        self.assertIn("ADDRESS", self.run_cli("list"))
        self.assertIn("ticket 4711", self.run_cli("list", "--address", "ADA@example.org"))
        self.assertIn("1 removed, 0 absent", self.run_cli("remove", "--reason", "asked to", "ada@example.org"))
        self.assertIn("0 removed, 1 absent", self.run_cli("remove", "--reason", "asked to", "ada@example.org", code=1))
        self.assertIn("address", self.run_cli("add", "--reason", "x", "nobody", code=1))
        self.gw.wait_state(send(self.gw.smtp_port, message("Rechnung", to="ada@example.org")), "delivered")
        audit = (self.directory / "data" / "audit.ndjson").read_text()
        self.assertIn("suppression.remove", audit)
        self.assertNotIn("ada@example.org", audit)

    def test_what_was_answered_survives_sigkill(self):
        known, lock = [], threading.Lock()

        def load(worker):
            for n in range(100_000):
                address = f"user-{worker}-{n}@example.org"
                try:
                    self.gw.call("SuppressionService/AddSuppressions", {"suppressions": [{"address": address}], "reason": "x"})
                except (OSError, urllib.error.URLError):
                    return
                with lock:
                    known.append(address)
        workers = [threading.Thread(target=load, args=(w,)) for w in range(3)]
        for w in workers:
            w.start()
        wait_for(lambda: len(known) > 30, "some to be acknowledged")
        self.gw.kill()
        for w in workers:
            w.join()
        self.gw = self.own(self.gw.restart())
        listed = {r["address"] for r in self.listed()}
        self.assertEqual(set(known) - listed, set(), "acknowledged, and forgotten")
        self.assertEqual(self.gw.metric("stellwerk_suppression_entries"), len(listed))
        self.gw.wait_state(send(self.gw.smtp_port, message("Rechnung", to=known[0])), "suppressed")
        # And an orderly stop.
        self.gw.stop()
        self.gw = self.own(self.gw.restart())
        self.gw.wait_state(send(self.gw.smtp_port, message("Rechnung", to=known[-1])), "suppressed")
        self.assertEqual([r for r in self.sink.recipients() if r.startswith("user-")], [])

    def test_import_and_export(self):
        rows = [f"user{n}@example.org" for n in range(2500)]
        source = self.directory / "rows.txt"
        source.write_text("# from the old system\n\n" + "\n".join(rows) + "\n" +
                          '{"address": "ada@example.org", "reason": "hard_bounce", "scope": "transactional", "source": "crm"}\n')
        self.assertIn("2501 added, 0 replaced", self.run_cli("import", "--reason", "move", "--because", "complaint", source))
        self.assertIn("0 added, 2501 replaced", self.run_cli("import", "--reason", "move", "--because", "complaint", source))
        target = self.directory / "rows.ndjson"
        target.write_text(self.run_cli("export"))
        before = self.listed()
        self.assertEqual(len(before), 2501)
        self.assertEqual({r["reason"] for r in before}, {"complaint", "hard_bounce"})
        self.run_cli("remove", "--reason", "x", "--scope", "transactional", "ada@example.org")
        self.assertIn("1 added, 2500 replaced", self.run_cli("import", "--reason", "back", target))
        self.assertEqual(self.listed(), before, "an export brings everything back, times included")
        self.assertEqual(self.run_cli("export"), target.read_text())
        with open("/dev/full", "w") as full:
            host, port = self.gw.addresses["admin"]
            cut = subprocess.run([BINARY, "suppressions", "export", "--admin", f"{host}:{port}"], stdout=full, stderr=subprocess.PIPE, timeout=60)
        self.assertEqual(cut.returncode, 1, "half a list is no list")
        self.assertIn("2: no address: 'nobody'", self.run_cli("import", "--reason", "x", "-", stdin="a@x.example\nnobody\n", code=1))
        self.assertIn(":1: a JSON object", self.run_cli("import", "--reason", "x", "-", stdin="{broken\n", code=1))

    def test_the_spool_tools_carry_it(self):
        self.add("ada@example.org")
        self.gw.stop()
        archive = self.directory / "archive"
        spool = [BINARY, "spool"]
        run = lambda *arguments: subprocess.run([*spool, *arguments], capture_output=True, text=True, check=True, timeout=60).stdout
        self.assertIn("1 suppressions", run("check", "--data", self.directory / "data"))
        self.assertIn("1 suppressions", run("export", "--data", self.directory / "data", archive))
        self.assertEqual(json.loads(run("import", "--json", "--data", self.directory / "other", archive))["suppressions"], 1)
        self.assertEqual(json.loads(run("check", "--json", "--data", self.directory / "other"))["suppressions"], 1)


if __name__ == "__main__":
    main()
