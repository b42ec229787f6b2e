#!/usr/bin/python3
"""What `cmake --install` leaves works without the source tree: the binary runs, the protos compile, the papers are there."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

BUILD = pathlib.Path(os.environ.get("STELLWERK_BUILD_DIR", pathlib.Path(__file__).resolve().parents[2] / "build/release"))

CONFIGURATION = """\
node: {name: gw-1, data_directory: DATA}
ingress:
  smtp:
    - {name: legacy, address: 127.0.0.1:0, profile: relay, allow_networks: [127.0.0.0/8]}
clients:
  - {name: local, networks: [127.0.0.0/8], senders: ["*"]}
destinations:
  onprem: {adapter: smtp, hosts: ["127.0.0.1:25"], zone: on_prem}
policy:
  routes:
    - {name: everything, via: onprem}
"""


def run(*command, cwd):
    return subprocess.run([str(c) for c in command], cwd=cwd, capture_output=True, text=True, check=False, env={"PATH": "/usr/bin:/bin"})


class installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.prefix = pathlib.Path(cls.folder.name) / "prefix"
        done = run("cmake", "--install", BUILD, "--prefix", cls.prefix, cwd=cls.folder.name)
        if done.returncode != 0:
            raise AssertionError(f"cmake --install: {done.stdout}{done.stderr}")

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def stellwerk(self, *arguments):
        return run(self.prefix / "bin/stellwerk", *arguments, cwd=self.folder.name)

    def test_version(self):
        done = self.stellwerk("version")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"stellwerk \d+\.\d+\.\d+")

    def test_check_accepts_the_smallest_useful_file(self):
        file = pathlib.Path(self.folder.name) / "stellwerk.yaml"
        file.write_text(CONFIGURATION.replace("DATA", self.folder.name))
        done = self.stellwerk("check", "--config", file)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_check_names_the_fault_and_its_place(self):
        file = pathlib.Path(self.folder.name) / "faulty.yaml"
        file.write_text(CONFIGURATION.replace("via: onprem", "via: onperm"))
        done = self.stellwerk("check", "--config", file)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertRegex(done.stdout + done.stderr, r"faulty\.yaml:11:\d+: policy\.routes\[0\]\.via.*onperm.*onprem")

    def test_usage_fault(self):
        self.assertEqual(self.stellwerk("fly").returncode, 2)

    def test_protos_compile_where_they_were_installed(self):
        root = self.prefix / "share/stellwerk/proto"
        protos = sorted(root.glob("stellwerk/v1/*.proto"))
        self.assertTrue(protos)
        done = run("protoc", "-I", root, "--descriptor_set_out", "all.pb", *protos, cwd=self.folder.name)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_papers(self):
        papers = self.prefix / "share/doc/stellwerk"
        self.assertIn("Apache License", (papers / "LICENSE").read_text())
        self.assertTrue((papers / "README.md").exists())

    def test_binary_does_not_look_into_the_build_tree(self):
        done = run("readelf", "-d", self.prefix / "bin/stellwerk", cwd=self.folder.name)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotRegex(done.stdout, r"R(UN)?PATH")


if __name__ == "__main__":
    sys.exit(unittest.main())
