"""Clients from outside: swaks, nodemailer, smtplib; health, metrics, reload faults."""
import json
import os
import pathlib
import re
import shutil
import smtplib
import subprocess
import unittest

from harness import ROOT, Case, config, main, message, send, wait_for


class Clients(Case):
    def setUp(self):
        super().setUp()
        self.sink = self.simulate("sink")
        self.gw = self.gateway(config(self.sink.smtp_port, self.sink.url))

    def test_swaks(self):
        done = subprocess.run(["swaks", "--server", "127.0.0.1", "--port", str(self.gw.smtp_port), "--from", "shop@shop.example",
                               "--to", "ann@example.org", "--header", "Subject: Rechnung", "--pipeline"], capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout.decode(errors="replace"))
        wait_for(lambda: self.sink.recipients("smtp") == ["ann@example.org"], "the message")

    def test_nodemailer(self):
        tools = ROOT / "build/tools/node"
        tools.mkdir(parents=True, exist_ok=True)
        if not (tools / "node_modules/nodemailer").exists():
            subprocess.run(["npm", "install", "--no-save", "--silent", "nodemailer@6"], cwd=tools, check=True, timeout=300)
        script = """
const nodemailer = require('nodemailer');
const transport = nodemailer.createTransport({host: '127.0.0.1', port: Number(process.argv[2]), secure: false, ignoreTLS: true, pool: true});
Promise.all([1, 2, 3, 4, 5].map(i => transport.sendMail({from: 'Shop <shop@shop.example>', to: `node${i}@example.org`,
  subject: 'Rechnung äöü', text: 'Hallo', html: '<p>Hallo</p>', attachments: [{filename: 'rechnung.txt', content: 'x'.repeat(5000)}]})))
  .then(r => { console.log(JSON.stringify(r.map(x => x.response))); transport.close(); })
  .catch(e => { console.error(e); process.exit(1); });
"""
        done = subprocess.run(["node", "-e", script, "x", str(self.gw.smtp_port)], cwd=tools, capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr.decode(errors="replace"))
        for response in json.loads(done.stdout):
            self.assertRegex(response, r"^250 2\.0\.0 queued as [0-9A-HJKMNP-TV-Z]{26}$")
        wait_for(lambda: len(self.sink.recipients("smtp")) == 5, "all five")

    def test_the_vendors_own_client_is_content_with_the_stand_in(self):
        """What `simulate` answers is what Mailjet's SDK for Node expects: sending, partial failure, sandbox, look-up."""
        tools = ROOT / "build/tools/node"
        tools.mkdir(parents=True, exist_ok=True)
        if not (tools / "node_modules/node-mailjet").exists():
            subprocess.run(["npm", "install", "--no-save", "--silent", "node-mailjet@6"], cwd=tools, check=True, timeout=300)
        script = """
const Mailjet = require('node-mailjet');
const client = new Mailjet({apiKey: 'public', apiSecret: 'private', config: {host: process.argv[2] + '/mailjet'}});
client.post('send', {version: 'v3.1'}).constructor.protocol = 'http://';
const send = body => client.post('send', {version: 'v3.1'}).request(body).then(r => r.body, e => ({status: e.statusCode, ...e.response.data}));
const one = (to, more) => ({From: {Email: 'a@shop.example'}, To: to.map(Email => ({Email})), Subject: 's', TextPart: 't', ...more});
(async () => {
  const sent = await send({Messages: [one(['ann@example.org', 'bob@example.org'], {Cc: [{Email: 'carl@example.org'}], CustomID: 'id-1'})]});
  const partly = await send({Globals: {CustomID: 'id-2'}, Messages: [one(['good@example.org']), one(['nobody'])]});
  const sandbox = await send({SandboxMode: true, Messages: [one(['dry@example.org'])]});
  const found = (await client.get('message', {version: 'v3'}).request({}, {CustomID: 'id-1', ShowCustomID: true})).body;
  const header = await send({Messages: [one(['ann@example.org'], {Headers: {'X-MJ-Vars': '{}'}})]});
  console.log(JSON.stringify({sent, partly, sandbox, found, header}));
})();
"""
        done = subprocess.run(["node", "-e", script, "x", self.sink.url.removeprefix("http://")], cwd=tools, capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr.decode(errors="replace"))
        seen = json.loads(done.stdout)
        sent = seen["sent"]["Messages"][0]
        self.assertEqual((sent["Status"], sent["CustomID"], sent["Bcc"]), ("success", "id-1", []))
        ids = [one["MessageID"] for one in sent["To"] + sent["Cc"]]
        self.assertEqual(len(set(ids)), 3)
        self.assertTrue(all(isinstance(i, str) for i in ids), "the SDK keeps what a double cannot hold as text")
        self.assertEqual({row["ID"] for row in seen["found"]["Data"]}, set(ids))
        self.assertEqual(seen["partly"]["status"], 400)
        self.assertEqual([m["Status"] for m in seen["partly"]["Messages"]], ["success", "error"])
        fault = seen["partly"]["Messages"][1]["Errors"][0]
        self.assertEqual((fault["ErrorCode"], fault["ErrorRelatedTo"]), ("mj-0013", ["To[0].Email"]))
        self.assertEqual((seen["sandbox"]["Messages"][0]["To"][0]["MessageUUID"], seen["sandbox"]["Messages"][0]["To"][0]["MessageID"]), ("", 0))
        self.assertEqual(seen["header"]["Messages"][0]["Errors"][0]["ErrorCode"], "send-0011")

    def test_health_and_metrics(self):
        self.assertEqual(self.gw.get("/livez")[0], 200)
        self.assertEqual(self.gw.get("/readyz")[0], 200)
        text = self.gw.get("/metrics")[1]
        for family in ("submissions_total", "accept_seconds", "commit_seconds", "spool_bytes", "messages", "ready", "attempts_total",
                       "attempt_seconds", "handoff_seconds", "destination_state", "failover_budget_remaining", "dispositions_total",
                       "unknown", "policy_version_info", "policy_reloads_total", "store_writable", "event_loop_lag_seconds", "build_info",
                       "oldest_message_age_seconds", "failovers_total", "unknown_total", "policy_errors_total"):
            self.assertIn(f"# TYPE stellwerk_{family} ", text, family)
        for series in ('failovers_total{from="onprem",to="mailjet",reason="connect"}', 'policy_errors_total{rule="policy.routes[0].when"}',
                       'unknown_total{destination="mailjet",cause="response"}', 'policy_reloads_total{result="refused"}',
                       'event_loop_lag_seconds{thread="io"}'):
            self.assertIn(f"\nstellwerk_{series} ", text, "known before the first event")
        self.assertNotIn("@", text, "no address in a metric")

    def test_a_bad_file_changes_nothing(self):
        good = self.gw.config_path.read_text()
        self.gw.rewrite(good.replace("via: [onprem, mailjet]", "via: [onprem, mailjett]"))
        wait_for(lambda: self.gw.metric("stellwerk_policy_reloads_total", result="refused") == 1, "the file watch to refuse it")
        refused = wait_for(lambda: self.gw.log_events("reload_refused"), "the log to tell it")[-1]["reason"]
        self.assertIn("mailjett", refused)
        self.assertRegex(refused, r"stellwerk\.yaml:\d+:\d+: policy\.routes\[1\]\.via\[1\]")
        self.gw.wait_state(send(self.gw.smtp_port, message("Rechnung")), "delivered")

    def test_what_needs_a_restart_is_named_and_the_rest_applies(self):
        good = self.gw.config_path.read_text()
        self.gw.rewrite(good.replace("name: gw.example", "name: gw2.example").replace('grpc: {address: "127.0.0.1:0"}', 'grpc: {address: "127.0.0.1:1"}')
                        .replace("allow_networks: [127.0.0.0/8]", "allow_networks: [127.0.0.0/8], size_max: 1000"))
        wait_for(lambda: self.gw.metric("stellwerk_policy_reloads_total", result="accepted") == 1, "the reload")
        wait_for(lambda: self.gw.log_events("reloaded"), "its log line, behind those of the paths")
        self.assertEqual([e["path"] for e in self.gw.log_events("restart_needed")], ["node.name", "ingress.grpc.address"])
        named = wait_for(lambda: self.gw.log_events("restart_needed"), "the log to name it")
        self.assertEqual(named[0]["message"], "restart needed: node.name")
        with self.assertRaises(smtplib.SMTPResponseException) as caught:
            send(self.gw.smtp_port, message("Rechnung", body="x" * 900 + "\n" + "x" * 900 + "\n"))
        self.assertEqual(caught.exception.smtp_code, 552)

    def test_log_has_no_address_in_clear(self):
        self.gw.wait_state(send(self.gw.smtp_port, message("Geheimer Betreff", to="very.private@example.org")), "delivered")
        text = self.gw.log_text()
        self.assertNotIn("very.private", text)
        self.assertNotIn("Geheimer", text)

    def evaluate(self, run):
        """The language's door: any expression, its value as JSON; variables from a file of facts."""
        def value(expression, facts=None, code=0):
            file = self.directory / "facts.json"
            file.write_text(json.dumps(facts or {}))
            out, err = run("eval", expression, "--facts", str(file), code=code)
            return (json.loads(out), err) if code == 0 else err
        for expression, expected in {
                "-(42)": -42, "--5": 5, "-0.0": -0.0, "'--facts'": "--facts", "7u": 7, "1e3": 1000.0, "0.0 / 0.0": "NaN", "-1.0 / 0.0": "-Infinity",
                "b'\\xff'": "/w==", "{1: 'a', true: null}": {"1": "a", "true": None}, "type(1)": "int", "duration('90m')": "5400s",
                "timestamp('2026-07-01T10:00:00+02:00')": "2026-07-01T08:00:00Z", "size == 0 && subject == '' && recipient.domain == ''": True,
                "age == duration('0s') && now == timestamp(0) && header['x'] == ''": True, "backlog('anywhere')": 0, "spent('anywhere')": 0.0}.items():
            given = value(expression)[0]
            self.assertEqual(repr(given), repr(expected), expression)
        facts = {"x": 3, "a.b": {"c": "d"}, "size": 12, "age": "30s", "now": "2026-07-01T10:00:00Z", "recipient": {"domain": "example.org"},
                 "spent": {"mailjet": 5}, "metadata": {"order": "4711"}}
        for expression in ("x + 1 == 4", "a.b.c == 'd'", "size == 12 && age < duration('31s')", "now.getHours('Europe/Berlin') == 12",
                           "recipient.domain == 'example.org' && recipient.local == ''", "spent('mailjet') + 0.5 == 5.5",
                           "metadata.order == '4711' && metadata.missing == ''"):
            self.assertIs(value(expression, facts)[0], True, expression)
        loose, note = value("1.0 == 1")
        self.assertIs(loose, True)
        self.assertIn("a policy refuses this expression: 1:5:", note)
        self.assertIn("did you mean 'stream'?\n  strem == 'x'\n  ^", value("strem == 'x'", code=1))
        self.assertIn("1:3: division by zero\n  1 / 0\n    ^", value("1 / 0", code=1))

    def test_command_line(self):
        def run(*arguments, code=0):
            done = subprocess.run([self.gw.arguments[0], *arguments], capture_output=True, timeout=60,
                                  env={**os.environ, **self.gw.environment})
            self.assertEqual(done.returncode, code, (arguments, done.stderr))
            return done.stdout.decode(), done.stderr.decode()
        admin = "127.0.0.1:%d" % self.gw.addresses["admin"][1]
        self.sink.faults([{"door": "smtp", "stage": "rcpt", "do": "reply", "reply": "450 4.2.0 later"}])
        letter = self.directory / "letter.eml"
        letter.write_bytes(message("Rechnung 9").as_bytes())
        queue_id = run("send", "--server", f"127.0.0.1:{self.gw.smtp_port}", "--from", "shop@shop.example", "--to", "ann@example.org",
                       str(letter))[0].strip().rsplit(" ", 1)[-1]
        self.gw.wait_state(queue_id, "deferred")
        self.assertIn(queue_id, run("queue", "list", "--admin", admin)[0])
        row = json.loads(run("queue", "list", "--admin", admin, "--json", "--state", "deferred")[0].splitlines()[0])
        self.assertEqual(row["queueId"], queue_id)
        self.assertIn("deferred_recipient", run("queue", "show", "--admin", admin, queue_id)[0])
        self.assertIn("onprem", run("destinations", "list", "--admin", admin)[0])
        run("queue", "cancel", "--admin", admin, "--reason", "test", queue_id)
        self.gw.wait_state(queue_id, "cancelled")
        explained = json.loads(run("explain", "--config", str(self.gw.config_path), str(letter))[0])
        self.assertEqual(explained["stream"], "transactional")
        self.assertEqual([c["verdict"] for c in explained["decisions"][0]["candidates"]], ["chosen", "standby"])
        self.assertEqual(run("eval", '1 + size("abc")')[0].strip(), "4")
        self.assertIn("^", run("eval", "1 +", code=1)[1])
        self.evaluate(run)
        self.assertIn("stellwerk", run("version")[0])
        run("nonsense", code=2)
        run("check", "--config", "/nonexistent.yaml", code=1)
        doors = self.directory / "doors.yaml"
        (self.directory / "c.pem").write_text("no certificate")
        doors.write_text(self.gw.config_path.read_text().replace('grpc: {address: "127.0.0.1:0"}', 'grpc: {address: "127.0.0.1:0", tls: {certificate: c.pem, key: c.pem}}')
                         .replace("allow_networks: [127.0.0.0/8]", "allow_networks: [127.0.0.0/8, nowhere], tls: {mode: starttls, certificate: none.pem, key: none.pem}"))
        for command in ("check", "serve"):
            faults = run(command, "--config", str(doors), code=1)[1].splitlines()
            self.assertEqual([line.split(": ")[1] for line in faults],
                             ["ingress.smtp[0].allow_networks[1]", "ingress.smtp[0].tls", "ingress.grpc.tls"], faults)
            self.assertTrue(all(re.match(r".*doors\.yaml:\d+:\d+: ", line) for line in faults), faults)
        second = self.directory / "second.yaml"
        second.write_text(self.gw.config_path.read_text().replace("./data", "./second").replace(
            'name: legacy, address: "127.0.0.1:0"', f'name: legacy, address: "127.0.0.1:{self.gw.smtp_port}"'))
        self.assertIn("legacy 127.0.0.1", run("serve", "--config", str(second), code=4)[1])
        bad = self.directory / "bad.yaml"
        bad.write_text(self.gw.config_path.read_text().replace("connect_timeout", "conect_timeout"))
        self.assertIn("did you mean 'connect_timeout'", run("check", "--config", str(bad), code=1)[1])


if __name__ == "__main__":
    main()
