"""What `check`, `test` and `simulate` say to people and to programs."""
import json
import os
import subprocess
import unittest
import urllib.error
import xml.etree.ElementTree

from harness import BINARY, Case, Simulate, config, main

SECRETS = {"MJ_PUBLIC": "canary-one", "MJ_PRIVATE": "canary-two"}
# Everything that XML has an opinion about, and a control character that it cannot carry at all.
AWKWARD = 'less < more > & "quoted" \'single\'\ttab ]]> \u00e4\u20ac \x07'
CASES = """
- name: a newsletter
  facts: {stream: marketing, recipient: ann@example.org}
  expect: {route: newsletters}
- name: %s
  facts: {stream: transactional, recipient: ann@example.org}
  expect: {route: "<&>"}
- facts: {stream: transactional, recipient: ann@example.org}
  expect: {route: everything-else}
"""


class Check(Case):
    def run_it(self, *arguments, code=0):
        done = subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=60, env={**os.environ, **SECRETS})
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout, done.stderr

    def written(self, name="stellwerk.yaml", **more):
        path = self.directory / name
        path.write_text(config(2525, "http://127.0.0.1:1", **more))
        return path

    def test_check_prints_every_setting_and_where_it_was_set(self):
        shown = self.run_it("check", "--config", self.written(mta_extra=", connections: 7"))[0].splitlines()
        line = next(n for n, text in enumerate((self.directory / "stellwerk.yaml").read_text().splitlines(), 1) if "connections: 7" in text)
        self.assertIn(f"destinations.onprem.connections: 7  # line {line}", shown)
        self.assertIn("destinations.mailjet.connections: 20  # default", shown)
        self.assertIn("policy.health.failure_ratio: 0.5  # default", shown)
        self.assertIn("delivery.dsn_per_hour: 100  # default", shown)
        self.assertTrue(any(text.startswith("destinations.mailjet.api_key: ********  # line") for text in shown))
        self.assertFalse(any("canary" in text for text in shown))
        paths = [text.split(": ")[0] for text in shown if "  # " in text]
        self.assertEqual(len(paths), len(set(paths)), "each once")
        self.assertGreater(len(paths), 80)

    def test_a_ca_file_is_read(self):
        tls = ", tls: {mode: verified, ca: ours.pem}"
        path = self.written(mta_extra=tls)
        self.assertRegex(self.run_it("check", "--config", path, code=1)[1], r"stellwerk\.yaml:\d+:\d+: destinations\.onprem\.tls\.ca: .*ours\.pem")
        (self.directory / "ours.pem").write_text("no certificate\n")
        self.assertIn("destinations.onprem.tls.ca", self.run_it("check", "--config", path, code=1)[1])
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=ours",
                        "-keyout", self.directory / "key.pem", "-out", self.directory / "ours.pem"], check=True, capture_output=True)
        self.run_it("check", "--config", path)

    def test_junit_says_what_was_run_what_failed_and_how_long_it_took(self):
        cases, report = self.directory / "cases <1>.yaml", self.directory / "report.xml"
        cases.write_text(CASES % json.dumps(AWKWARD))
        out = self.run_it("test", "--config", self.written(), "--junit", report, cases, code=1)[0]
        self.assertIn("2 passed, 1 failed", out)
        root = xml.etree.ElementTree.parse(report).getroot()
        self.assertEqual(root.tag, "testsuites")
        suite, = root.findall("testsuite")
        for level in (root, suite):
            self.assertEqual((level.get("tests"), level.get("failures"), level.get("errors")), ("3", "1", "0"))
        self.assertEqual(suite.get("name"), "stellwerk test")
        found = suite.findall("testcase")
        self.assertEqual([one.get("name") for one in found], ["a newsletter", AWKWARD.replace("\x07", "?"), "case 3"])
        self.assertEqual({one.get("classname") for one in found}, {str(cases)})
        self.assertEqual([int(one.get("line")) for one in found], [2, 5, 8])
        self.assertEqual([one.find("failure") is None for one in found], [True, False, True])
        failure = found[1].find("failure")
        self.assertIn("<&>", failure.get("message"))
        self.assertIn("everything-else", failure.text)
        self.assertEqual(failure.get("type"), "difference")
        times = [float(one.get("time")) for one in found]
        self.assertTrue(all(t > 0 for t in times), times)
        self.assertAlmostEqual(sum(times), float(suite.get("time")), places=4)
        self.assertEqual(suite.get("time"), root.get("time"))
        share = float(suite.find("properties/property[@name='rule_coverage']").get("value"))
        self.assertEqual(share, 1)

    def test_junit_of_all_passed(self):
        cases, report = self.directory / "cases.yaml", self.directory / "report.xml"
        cases.write_text("- {name: one, facts: {stream: marketing, recipient: a@b.example}, expect: {route: newsletters}}\n")
        self.run_it("test", "--config", self.written(), "--junit", report, cases)
        root = xml.etree.ElementTree.parse(report).getroot()
        self.assertEqual((root.get("tests"), root.get("failures")), ("1", "0"))
        self.assertIsNone(root.find(".//failure"))

    def test_a_fault_rule_for_an_unknown_door_is_refused(self):
        rule = {"stage": "connect", "do": "close"}
        faults = self.directory / "faults.json"
        faults.write_text(json.dumps([{**rule, "door": "smpt"}]))
        self.assertIn('unknown door "smpt": known are smtp, mailjet', self.run_it("simulate", "--smtp", "127.0.0.1:0", "--http", "127.0.0.1:0", "--faults", faults, code=1)[1])
        stand_in = self.own(Simulate(self.directory))
        for door in ("mailjett", "", 5, None):
            with self.assertRaises(urllib.error.HTTPError) as caught:
                stand_in.faults([{**rule, "door": door}])
            self.assertEqual(caught.exception.code, 400)
            self.assertIn("unknown door " + json.dumps(door), caught.exception.read().decode())
        for more in ({}, {"door": "smtp"}, {"door": "mailjet"}):
            stand_in.faults([{**rule, **more}])


if __name__ == "__main__":
    main()
