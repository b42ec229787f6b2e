#!/usr/bin/python3
"""The tidy rules against small trees: each violation is reported by its rule on its line, and a clean tree by none."""

import pathlib
import tempfile
import unittest

import tidy

ROLE = "// The address of a mailbox, and nothing that needs a network.\n"
HEADER = ROLE + "#pragma once\n"
CLEAN = {
    "mail/README.md": "# mail\n\nThe [address](address.hpp) and [more](#mail).\n",
    "mail/CMakeLists.txt": "stellwerk_library(mail SOURCES address.cpp)\n",
    "mail/address.hpp": HEADER + "\n#include <string>\n\n#include \"base/text.hpp\"\n",
    "mail/address.cpp": '#include "mail/address.hpp"\n',
    "base/README.md": "# base\n",
    "base/text.hpp": HEADER,
}

# (what is wrong, rule, path, text, line)
LONG_BODY = "".join(f"  total += {n};\n" for n in range(70))
VIOLATIONS = [
    ("base knows mail", "layer", "base/wrong.hpp", HEADER + '#include "mail/address.hpp"\n', 3),
    ("mail reaches async", "layer", "mail/wrong.hpp", HEADER + '#include "base/async/mailbox.hpp"\n', 3),
    ("delivery knows a concrete adapter", "layer", "gateway/delivery/wrong.hpp", HEADER + '#include "adapters/smtp/client.hpp"\n', 3),
    ("one vendor knows another", "layer", "adapters/esp/ses/wrong.hpp", HEADER + '#include "adapters/esp/mailjet/request.hpp"\n', 3),
    ("app is included", "layer", "gateway/cli/wrong.hpp", HEADER + '#include "gateway/app/gateway.hpp"\n', 3),
    ("an include that is not there", "include", "mail/wrong.hpp", HEADER + '#include "mail/nothing.hpp"\n', 3),
    ("a relative include", "include", "mail/wrong.hpp", HEADER + '#include "address.hpp"\n', 3),
    ("Beast outside net", "third party", "adapters/smtp/wrong.hpp", HEADER + "#include <boost/beast/core.hpp>\n", 3),
    ("prometheus outside telemetry", "third party", "gateway/delivery/wrong.hpp", HEADER + "#include <prometheus/counter.h>\n", 3),
    ("RocksDB outside the embedded store", "third party", "gateway/spool/wrong.hpp", HEADER + "#include <rocksdb/db.h>\n", 3),
    ("YAML outside config", "third party", "gateway/cli/wrong.hpp", HEADER + "#include <yaml-cpp/yaml.h>\n", 3),
    ("protobuf deep inside", "third party", "gateway/delivery/wrong.hpp", HEADER + '#include <stellwerk/v1/submission.pb.h>\n', 3),
    ("a library in no row", "third party", "mail/wrong.hpp", HEADER + "#include <gumbo.h>\n", 3),
    ("own header is not first", "include order", "mail/address.cpp", '#include "base/text.hpp"\n#include "mail/address.hpp"\n', 1),
    ("wall clock", "banned call", "mail/address.cpp", "auto t = std::chrono::system_clock::now();\n", 1),
    ("steady clock in a unit test", "banned call", "tests/unit/mail/address.cpp", "auto t = std::chrono::steady_clock::now();\n", 1),
    ("time(nullptr)", "banned call", "mail/address.cpp", "long t = time(nullptr);\n", 1),
    ("rand", "banned call", "mail/address.cpp", "int n = rand();\n", 1),
    ("detached coroutine", "banned call", "adapters/address.cpp", "spawn(ex, f(), asio::detached);\n", 1),
    ("detached thread", "banned call", "mail/address.cpp", "worker.detach();\n", 1),
    ("sleep", "banned call", "tests/unit/mail/address.cpp", "std::this_thread::sleep_for(1s);\n", 1),
    ("console output", "banned call", "mail/address.cpp", 'std::cout << "x";\n', 1),
    ("a file opened by hand", "banned call", "gateway/delivery/address.cpp", "int fd = ::open(path, 0);\n", 1),
    ("fsync by hand", "banned call", "gateway/delivery/address.cpp", "int rc = fsync(fd);\n", 1),
    ("getenv", "banned call", "mail/address.cpp", 'auto v = std::getenv("HOME");\n', 1),
    ("std::regex", "banned call", "mail/address.cpp", "std::regex r;\n", 1),
    ("static function", "banned call", "mail/address.cpp", "static int one() { return 1; }\n", 1),
    ("no pragma once", "header", "mail/wrong.hpp", ROLE, 1),
    ("no role comment", "header", "mail/wrong.hpp", "#pragma once\n", 1),
    ("using namespace in a header", "header", "mail/wrong.hpp", HEADER + "using namespace std;\n", 3),
    ("a name that says nothing", "name", "mail/string_utils.hpp", HEADER, 1),
    ("a folder that says nothing", "name", "mail/common/x.hpp", HEADER, 1),
    ("a file too long", "file size", "mail/wrong.hpp", HEADER + "\n" * 600, 602),
    ("a function too long", "function size", "mail/address.cpp", "int sum() {\n  int total = 0;\n" + LONG_BODY + "  return total;\n}\n", 1),
    ("a Python function too long", "function size", "tests/x.py", "def f():\n" + "    pass\n" * 70, 1),
    ("a source that nobody builds", "not built", "mail/orphan.cpp", "int x;\n", 1),
    ("a dead link", "link", "mail/README.md", "# mail\n\n[gone](gone.md)\n", 3),
    ("a dead anchor", "link", "mail/README.md", "# mail\n\n[gone](#nowhere)\n", 3),
    ("a path that is gone", "stale path", "mail/wrong.hpp", "// See docs/gone.md for the reasons of this header.\n#pragma once\n", 1),
    ("a promise", "stale word", "mail/wrong.hpp", HEADER + "// TO" + "DO: finish\n", 3),
    ("a path of one machine", "machine path", "mail/README.md", "# mail\n\nSee /wo" + "rk/main/x.\n", 3),
    ("a folder without a README", "folder", "policy/x.hpp", HEADER, 1),
]

# Looks like a violation and is none.
ACCEPTED = [
    ("config reads each part's aggregate", "gateway/config/x.hpp", HEADER + '#include "gateway/spool/spool_config.hpp"\n'),
    ("app includes everything", "gateway/app/x.hpp", HEADER + '#include "adapters/smtp/client.hpp"\n'),
    ("a word in a comment or literal", "mail/address.cpp", '// rand() and std::cout\nauto x = "sleep_for(1) time(nullptr)";\n'),
    ("a raw literal", "mail/address.cpp", 'auto x = R"(" rand() )"; int y = 1\'000;\n'),
    ("a member that shares a name", "mail/address.cpp", "source.rand(); clock.time(0);\n"),
    ("a long table is no function", "mail/address.cpp", "constexpr int rows[] = {\n" + "  1,\n" * 100 + "};\n"),
    ("a class may be longer than a function", "mail/address.cpp", "struct x {\n" + "  int a() { return 1; }\n" * 100 + "};\n"),
    ("a timer of ours", "mail/address.cpp", "co_await timer.sleep_until(deadline);\n"),
]


def findings_for(extra):
    files = {**CLEAN, **extra}
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        return tidy.run_rules(root)[1]


class tidy_rules(unittest.TestCase):
    def test_a_clean_tree_has_no_findings(self):
        self.assertEqual([str(f) for f in findings_for({})], [])

    def test_each_violation_is_reported_by_its_rule(self):
        for what, rule, path, text, line in VIOLATIONS:
            with self.subTest(what):
                found = findings_for({path: text})
                self.assertIn((rule, line), [(f.rule, f.line) for f in found], [str(f) for f in found])

    def test_what_only_looks_like_a_violation_is_not_reported(self):
        rules = {"layer", "banned call", "function size"}
        for what, path, text in ACCEPTED:
            with self.subTest(what):
                self.assertEqual([str(f) for f in findings_for({path: text}) if f.rule in rules], [])

    def test_the_number_of_expensive_files_is_bounded(self):
        files = {f"base/net/part{n}.cpp": "#include <boost/beast/core.hpp>\n" for n in range(13)}
        self.assertIn("expensive include", [f.rule for f in findings_for(files)])
        files.popitem()
        self.assertNotIn("expensive include", [f.rule for f in findings_for(files)])

    def test_the_ratchet_lets_a_function_stay_but_not_grow(self):
        body = "int sum() {\n  int total = 0;\n" + LONG_BODY + "  return total;\n}\n"
        row = {"tests/tidy/ratchet.txt": "mail/address.cpp sum 74 a table in disguise\n"}
        self.assertNotIn("function size", [f.rule for f in findings_for({"mail/address.cpp": body, **row})])
        longer = body.replace("  return", "  total += 1;\n  return")
        self.assertIn("function size", [f.rule for f in findings_for({"mail/address.cpp": longer, **row})])
        self.assertIn("ratchet", [f.rule for f in findings_for(row)])


if __name__ == "__main__":
    unittest.main()
