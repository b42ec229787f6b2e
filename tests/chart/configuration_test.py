#!/usr/bin/python3
"""`stellwerk check` accepts the configuration that the chart makes of every values file, with Secrets in place."""

import hashlib
import os
import pathlib
import subprocess
import tempfile
import unittest

from rendered_chart import CHART, ROOT, rendered_chart

BINARY = pathlib.Path(os.environ.get("STELLWERK_BINARY", ROOT / "build/release/stellwerk"))
SECRETS = "/etc/stellwerk/secrets"


def make_certificate(folder: pathlib.Path):
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=gateway.example", "-keyout",
                    folder / "tls.key", "-out", folder / "tls.crt"], check=True, capture_output=True)
    (folder / "ca.crt").write_bytes((folder / "tls.crt").read_bytes())


def secret_for(path: pathlib.Path):
    """Content for one key of a Secret: what an operator would have put there."""
    if path.name.endswith(".hash"):
        return subprocess.run([BINARY, "hash-password"], input="a long password\n", check=True, capture_output=True, text=True).stdout
    if "token" in path.name:
        return hashlib.sha256(b"a long token").hexdigest()
    return "value"


def place_secrets(chart, folder: pathlib.Path):
    for path in (folder / p.removeprefix(SECRETS + "/") for p in chart.secret_paths):
        if path.exists():
            continue
        if path.name in ("tls.crt", "tls.key", "ca.crt"):
            make_certificate(path.parent)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(secret_for(path))


class rendered_configuration(unittest.TestCase):
    def check(self, text, folder):
        file = folder / "stellwerk.yaml"
        file.write_text(text)
        return subprocess.run([BINARY, "check", "--config", file], capture_output=True, text=True, check=False)

    def test_is_accepted(self):
        checked = 0
        for values in sorted((CHART / "ci").glob("*-values.yaml")):
            chart = rendered_chart(values)
            if chart.configuration is None:
                continue
            with self.subTest(values.name), tempfile.TemporaryDirectory() as name:
                folder = pathlib.Path(name)
                place_secrets(chart, folder / "secrets")
                text = chart.configuration.replace(SECRETS, str(folder / "secrets")).replace("/var/lib/stellwerk", str(folder))
                done = self.check(text, folder)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                checked += 1
        self.assertGreaterEqual(checked, 3)

    def test_a_fault_in_it_is_found(self):
        chart = rendered_chart(CHART / "ci/minimal-values.yaml")
        with tempfile.TemporaryDirectory() as name:
            text = chart.configuration.replace("/var/lib/stellwerk", name).replace("hosts:", "hsots:")
            done = self.check(text, pathlib.Path(name))
            self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
            self.assertIn("hosts", done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
