#!/usr/bin/python3
"""The co_await check against its fixtures, in both directions: every line marked `// reported` is reported and no other
line is. Each fixture is real C++: the compiler must take it."""

import pathlib
import subprocess
import unittest

import co_await_check

FIXTURES = pathlib.Path(__file__).parent / "fixtures/co_await"


def reported_lines(path):
    text = path.read_text()
    known = co_await_check.known_classes([(FIXTURES / "task.hpp").read_text(), text])
    return sorted(f.line for f in co_await_check.check_text(path.name, text, known))


def marked_lines(path):
    return [n for n, line in enumerate(path.read_text().splitlines(), 1) if line.endswith("// reported")]


class co_await_shapes(unittest.TestCase):
    def test_bad_shapes_are_reported_on_their_line(self):
        files = sorted(FIXTURES.glob("bad_*.cpp"))
        self.assertGreaterEqual(len(files), 6, "the six shapes of the probe")
        for path in files:
            with self.subTest(path.name):
                self.assertTrue(marked_lines(path))
                self.assertEqual(reported_lines(path), marked_lines(path))

    def test_good_shapes_are_not_reported(self):
        files = sorted(FIXTURES.glob("good_*.cpp"))
        self.assertGreaterEqual(len(files), 6, "the six shapes of the probe")
        for path in files:
            with self.subTest(path.name):
                self.assertEqual(reported_lines(path), [])

    def test_fixtures_compile(self):
        for path in sorted(FIXTURES.glob("*.cpp")):
            with self.subTest(path.name):
                done = subprocess.run(["g++", "-std=c++20", "-fsyntax-only", "-w", path], capture_output=True, text=True, check=False)
                self.assertEqual(done.returncode, 0, done.stderr)

    def test_comments_and_literals_are_not_code(self):
        text = 'task f() { // co_await take(agg{1})\n  log("co_await take({1})"); co_await g(); }\n'
        self.assertEqual(list(co_await_check.check_text("x.cpp", text, {"agg": False})), [])

    def test_a_class_known_only_elsewhere_counts_with_what_the_tree_says(self):
        text = "task f() { co_await g(option{1}); }\n"
        self.assertEqual(len(list(co_await_check.check_text("x.cpp", text, {"option": False}))), 1)
        self.assertEqual(len(list(co_await_check.check_text("x.cpp", text, {"option": True}))), 0)
        self.assertEqual(len(list(co_await_check.check_text("x.cpp", text, {}))), 1, "an unknown class is not trusted")

    def test_a_function_that_shares_its_name_with_an_aggregate_is_a_call(self):
        text = "task session::answer(request r) { co_return 1; }\ntask f(request r) { co_await answer(std::move(r)); }\n"
        self.assertEqual(list(co_await_check.check_text("x.cpp", text, {"answer": False})), [])
        self.assertEqual(len(list(co_await_check.check_text("x.cpp", text.replace("session::answer", "other"), {"answer": False}))), 1)


if __name__ == "__main__":
    unittest.main()
