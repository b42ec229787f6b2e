"""The documents say what the code does. `--write` fills the marked blocks and tables of docs/*.md and README.md; without it they are compared."""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

import yaml

from running_gateway import BINARY, ENVIRONMENT, ROOT, TOKEN, Part, write_config

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "examples/README.md", ROOT / "tests/docs/README.md"]
POLICIES = sorted(p for p in (ROOT / "examples/policies").glob("*.yaml") if not p.name.endswith(".cases.yaml"))
BLOCK = re.compile(r"(<!-- file: (\S+) -->\n```\w*\n)(.*?)(^```$)", re.M | re.S)
SIGNALS = re.compile(r"(<!-- signals -->\n)(.*?)(?=\n[^|\n]|\Z)", re.S)


def signal_table() -> str:
    """The rows of the source: {{"name", T, 1.0, place, "what"}, "key", pattern}."""
    text = (ROOT / "policy/classify/signal_patterns.cpp").read_text()
    rows = re.findall(r'\{\{"([^"]+)", ([TM]), ([0-9.]+), (\w+), "((?:[^"\\]|\\.)*)"\}', text)
    lines = ["", "| Signal | Points to | Weight | Where | What it looks for |", "|---|---|---|---|---|"]
    for name, stream, weight, place, what in rows:
        lines.append(f"| `{name}` | {'marketing' if stream == 'M' else 'transactional'} | {weight} | {place} | {what} |")
    return "\n".join(lines) + "\n"


def filled(page: pathlib.Path) -> str:
    text = page.read_text()
    text = BLOCK.sub(lambda m: m.group(1) + (ROOT / m.group(2)).read_text() + m.group(4), text)
    if "<!-- signals -->" in text:
        text = SIGNALS.sub(lambda m: m.group(1) + signal_table(), text)
    return text


def run(*arguments, **more):
    return subprocess.run([BINARY, *map(str, arguments)], env=ENVIRONMENT, capture_output=True, text=True, timeout=120, **more)


def anchor(heading: str) -> str:
    words = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading.strip().lower())
    return re.sub(r"[^\w\- ]", "", words).replace(" ", "-")


def without_code(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)


class Pages(unittest.TestCase):
    def test_marked_blocks_and_tables_are_their_source(self):
        for page in PAGES:
            with self.subTest(page=page.name):
                self.assertEqual(page.read_text(), filled(page), "run tests/docs/docs_test.py --write")

    def test_links_lead_somewhere(self):
        for page in PAGES:
            for target in re.findall(r"\[[^\]\n]*\]\(([^)\s]+)\)", without_code(page.read_text())):
                if re.match(r"[a-z]+:", target):
                    continue
                with self.subTest(page=page.name, target=target):
                    path, _, name = target.partition("#")
                    file = (page.parent / path).resolve() if path else page
                    self.assertTrue(file.exists(), "does not exist")
                    if name and file.suffix == ".md":
                        headings = re.findall(r"^#+\s+(.*)$", without_code(file.read_text()), re.M)
                        self.assertIn(name, [anchor(h) for h in headings])

    def test_every_page_of_docs_is_in_its_index(self):
        index = (ROOT / "docs/README.md").read_text()
        for page in (ROOT / "docs").glob("*.md"):
            if page.name != "README.md":
                self.assertIn(f"({page.name})", index)

    def test_every_recipe_is_told(self):
        told = re.findall(r"<!-- file: examples/policies/(\S+) -->", (ROOT / "docs/policy.md").read_text())
        self.assertEqual(sorted(told), [p.name for p in POLICIES])


class Source(unittest.TestCase):
    """Tables that repeat what stands in the source."""

    def words_of(self, page, pattern=r"`([^`\n]+)`"):
        return set(re.findall(pattern, (ROOT / "docs" / page).read_text()))

    def test_configuration_names_every_key(self):
        keys = set()
        for name in ("load", "load_destinations", "load_ingress", "load_policy"):
            text = (ROOT / f"gateway/config/{name}.cpp").read_text()
            keys |= set(re.findall(r'\.(?:text|boolean|integer|integer64|number|duration_value|optional_duration|size|rate|percent|money_value|texts|'
                                   r'file_path|secret|get|has)\("(\w+)"', text))
            keys |= set(re.findall(r'\.choice<[^(]*>\(\s*"(\w+)"', text))
        words = {part for word in self.words_of("configuration.md") for part in re.findall(r"\w+", word)}
        self.assertGreater(len(keys), 90)
        self.assertEqual(keys - words, set())

    def test_failover_has_every_outcome_and_state(self):
        words = self.words_of("failover.md")
        outcomes = re.findall(r'case attempt_outcome::(\w+): return', (ROOT / "mail/attempt_outcome.cpp").read_text())
        states = re.findall(r'case recipient_state::(\w+): return', (ROOT / "mail/recipient_state.cpp").read_text())
        self.assertEqual(len(outcomes), 12)
        self.assertEqual(set(outcomes) - words, set())
        self.assertEqual(set(states) - self.words_of("glossary.md"), set())

    def test_smtp_has_every_reply_and_control_field(self):
        text = (ROOT / "docs/smtp.md").read_text()
        for code in set(re.findall(r'"(\d{3} \d\.\d\.\d+) ', (ROOT / "gateway/ingress/smtp/replies.hpp").read_text())):
            self.assertTrue(code in text, code)
        for name in re.findall(r'\{"([A-Z][\w-]*)", read_', (ROOT / "gateway/ingress/control_headers.cpp").read_text()):
            self.assertTrue(f"X-Stellwerk-{name}" in text, name)

    def test_grpc_has_every_error_reason(self):
        text = (ROOT / "docs/grpc.md").read_text()
        reasons = set()
        for source in (ROOT / "gateway/ingress/grpc").glob("*.cpp"):
            reasons |= set(re.findall(r'"([A-Z]+(?:_[A-Z]+)*)"', source.read_text()))
        self.assertGreater(len(reasons), 8)
        for reason in reasons - {"GRPC", "UNCLASSIFIED"}:  # a protocol name; behind a switch that has every case
            self.assertTrue(reason in text, reason)

    def test_policy_names_every_variable_and_function(self):
        words = {part for word in self.words_of("policy.md") for part in re.findall(r"\w+", word)}
        schema = (ROOT / "policy/fact_schema.cpp").read_text().split("schema& whole_fact_schema")[0]
        self.assertEqual(set(re.findall(r'"(\w+)"', schema)) - words, set())
        text = (ROOT / "docs/policy.md").read_text()
        for name in re.findall(r'^ +\{"(\w{2,})", (?:method|function)', (ROOT / "policy/expression/builtins.cpp").read_text(), re.M):
            self.assertTrue(name in text, name)

    def test_operations_has_every_command(self):
        text = (ROOT / "docs/operations.md").read_text()
        main = (ROOT / "gateway/app/main.cpp").read_text()
        for name in re.findall(r'add_subcommand\("([\w-]+)"', main):
            self.assertTrue(name in text, name)


class Recipes(unittest.TestCase):
    def test_smallest_configuration_is_accepted(self):
        answer = run("check", "--config", ROOT / "examples/smallest.yaml")
        self.assertEqual(answer.returncode, 0, answer.stderr)

    def test_every_recipe_passes_check_and_its_cases(self):
        self.assertGreaterEqual(len(POLICIES), 10)
        for policy in POLICIES:
            with self.subTest(policy=policy.name):
                checked = run("check", "--config", policy)
                self.assertEqual(checked.returncode, 0, checked.stderr)
                tested = run("test", "--config", policy, policy.with_suffix(".cases.yaml"))
                self.assertEqual(tested.returncode, 0, tested.stdout + tested.stderr)
                self.assertNotIn("never:", tested.stdout, "every route is taken by a case")

    def test_yaml_blocks_of_the_pages_can_be_read(self):
        for page in PAGES:
            for block in re.findall(r"^```yaml\n(.*?)^```$", page.read_text(), re.M | re.S):
                with self.subTest(page=page.name, block=block[:60]):
                    yaml.safe_load(block)


class QuickStarts(unittest.TestCase):
    def test_the_grpc_client_of_the_page_submits(self):
        with tempfile.TemporaryDirectory(prefix="stellwerk-docs-") as folder, Part("simulate") as stand_ins:
            work = pathlib.Path(folder)
            smtp, http = stand_ins.wait("smtp", "http")
            subprocess.run(["sh", ROOT / "examples/grpc/generate.sh", work / "grpc"], cwd=ROOT, check=True)
            with Part("serve", "--config", write_config(work, smtp, http)) as gateway:
                grpc_address, admin = gateway.wait("grpc", "admin")
                client = subprocess.run(["/usr/bin/python3", ROOT / "examples/grpc/submit.py", grpc_address, TOKEN, "orders@shop.example", "ben@example.org"],
                                        env={**os.environ, "PYTHONPATH": str(work / "grpc")}, capture_output=True, text=True, timeout=60)
                self.assertEqual(client.returncode, 0, client.stderr)
                self.assertTrue(client.stdout.endswith("STATE_DELIVERED\n"), client.stdout)
                shown = run("queue", "show", client.stdout.split()[0], "--admin", admin, "--json")
                self.assertEqual(shown.returncode, 0, shown.stderr)
                self.assertEqual(json.loads(shown.stdout)["client"], "shop")


class Operations(unittest.TestCase):
    """What operations.md tells an operator to type, in one sitting."""

    def typed(self, *arguments):
        answer = run(*arguments)
        self.assertEqual(answer.returncode, 0, answer.stdout + answer.stderr)
        return answer.stdout

    def until(self, seen, *arguments):
        end = time.monotonic() + 20
        while seen not in (shown := self.typed(*arguments)):
            self.assertLess(time.monotonic(), end, shown)
            time.sleep(0.05)

    def test_an_operators_hour(self):
        with tempfile.TemporaryDirectory(prefix="stellwerk-docs-") as folder, Part("simulate") as stand_ins:
            work = pathlib.Path(folder)
            with Part("serve", "--config", write_config(work, *stand_ins.wait("smtp", "http"))) as gateway:
                door, address = gateway.wait("legacy", "admin")
                admin, why = ("--admin", address), ("--reason", "maintenance")
                self.assertIn("drained", self.typed("destinations", "drain", *admin, *why, "onprem"))
                self.assertIn("onprem answers", self.typed("destinations", "probe", *admin, "onprem"))
                self.assertIn("suspended", self.typed("destinations", "suspend", *admin, *why, "--for", "30m", "mailjet"))
                letter = work / "letter.eml"
                letter.write_text("From: a@shop.example\nTo: b@example.org\nSubject: Hello\n\nHello\n")
                said = self.typed("send", "--server", door, "--from", "a@shop.example", "--to", "b@example.org", letter)
                self.assertRegex(said, "^250 2.0.0 queued as [0-9A-Z]{26}$")
                queue_id = said.split()[-1]
                self.until("no_destination_available", "queue", "list", *admin, "--state", "deferred")
                self.assertIn("held", self.typed("queue", "hold", *admin, *why, queue_id))
                self.assertIn(queue_id, self.typed("queue", "list", *admin, "--state", "held", "--json"))
                self.assertIn("ready", self.typed("queue", "release", *admin, *why, queue_id))
                self.assertIn("closed", self.typed("destinations", "resume", *admin, *why, "onprem"))
                self.until("  delivered  ", "queue", "show", *admin, queue_id)
                self.assertIn("0 changed", self.typed("queue", "bounce", *admin, *why, "--because", "bounce_brake"))
                self.assertIn("source file", self.typed("policy", "show", *admin))
                self.assertIn("whole; head", self.typed("audit", "verify", work / "data/audit.ndjson"))
                self.assertIn("destination.drain", self.typed("audit", "list", work / "data/audit.ndjson"))
                self.assertIn("delivered", self.typed("queue", "cancel", *admin, *why, queue_id), "too late: its real state")
                ready = urllib.request.urlopen(f"http://{address}/readyz", timeout=10).read()
                self.assertEqual(json.loads(ready), {"ready": True, "reasons": []})
            self.assertEqual(gateway.process.returncode, 0, "a drained end")
            self.assertIn("operator_action", "".join(gateway.log))


if __name__ == "__main__":
    if "--write" in sys.argv:
        for one in PAGES:
            one.write_text(filled(one))
    else:
        unittest.main()
