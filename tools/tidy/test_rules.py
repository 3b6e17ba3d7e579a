import unittest

import commits
import headers
import sizes
import words
import world
from support import tree_of


class SizesTest(unittest.TestCase):
    def messages(self, path, text):
        return [problem.message for problem in sizes.check(tree_of({path: text}))]

    def test_limits_are_exact(self):
        self.assertEqual(self.messages("src/a.h", "\n" * 300), [])
        self.assertEqual(self.messages("src/a.h", "\n" * 301), ["301 lines; at most 300"])
        self.assertEqual(self.messages("src/a.cc", "\n" * 500), [])
        self.assertEqual(self.messages("src/a.cc", "\n" * 501), ["501 lines; at most 500"])
        self.assertEqual(self.messages("src/a.cc", "x" * 120 + "\n"), [])
        self.assertEqual(self.messages("src/a.cc", "x" * 121 + "\n"), ["121 columns; at most 120"])
        body = "void f() {\n" + "  g();\n" * 68 + "}\n"
        self.assertEqual(self.messages("src/a.cc", body), [])
        longer = body.replace("{\n", "{\n\n")
        self.assertEqual(self.messages("src/a.cc", longer), ["a function of 71 lines; at most 70"])

    def test_blanks_at_the_end(self):
        self.assertEqual(self.messages("tools/a.py", "x \n"), ["blanks at the end of the line"])

    def test_pages_are_not_code(self):
        self.assertEqual(self.messages("docs/a.md", "x" * 200), [])


class WordsTest(unittest.TestCase):
    def found(self, path, text):
        return len(words.check(tree_of({path: text})))

    def test_notes_numbers_machines(self):
        for bad in ("// TODO later", "FIXME", "is not implemented", "Not yet implemented", "see #12", "fixes (#7)",
                    "issue 5", "Task #9", "/work/x", "/home/ann/x"):
            self.assertEqual(self.found("src/a.cc", bad), 1, bad)

    def test_what_only_looks_like_it(self):
        for good in ("todo list", "[x](#1-words)", "&#39;", "it works/work/x", "unsupported", "five tasks", "a.#1b"):
            self.assertEqual(self.found("docs/a.md", good), 0, good)
        self.assertEqual(self.found("web/a.css", "color: #123;"), 0)

    def test_waiting_by_the_clock_in_tests(self):
        self.assertEqual(self.found("tests/system/test_a.py", "    time.sleep(1)"), 1)
        self.assertEqual(self.found("src/a_test.cc", "std::this_thread::sleep_for(1s);"), 1)
        self.assertEqual(self.found("tests/system/a.sh", "sleep 1"), 1)
        self.assertEqual(self.found("tests/system/wait.py", "    time.sleep(1)"), 0)
        self.assertEqual(self.found("src/a_test.cc", "co_await sleep_for(executor, span);"), 0)


class WorldTest(unittest.TestCase):
    def found(self, path, text):
        return len(world.check(tree_of({path: text})))

    def test_the_world_is_behind_io(self):
        for bad in ("steady_clock::now();", "system_clock::now()", "std::this_thread::sleep_for(x);", "rand();",
                    "std::random_device d;", "std::ifstream in;", "std::mutex m;", "::socket(AF_INET, 0, 0)"):
            self.assertEqual(self.found("src/stream/a.cc", bad), 1, bad)
            self.assertEqual(self.found("src/io/real/a.cc", bad), 0, bad)

    def test_what_only_looks_like_it(self):
        for good in ("operand(x)", "// rand()", '"std::mutex"', "executor.now()", "tls->socket()"):
            self.assertEqual(self.found("src/stream/a.cc", good), 0, good)

    def test_tests_may_read_files_but_not_clocks(self):
        self.assertEqual(self.found("src/wire/a_test.cc", "std::ifstream in;"), 0)
        self.assertEqual(self.found("src/wire/a_test.cc", "steady_clock::now();"), 1)


class HeadersTest(unittest.TestCase):
    def test_comment_and_pragma(self):
        self.assertEqual(headers.check(tree_of({"src/a.h": "// What it is.\n#pragma once\n"})), [])
        self.assertEqual(len(headers.check(tree_of({"src/a.h": "#include <x>\n"}))), 2)


class CommitsTest(unittest.TestCase):
    def test_subjects(self):
        for good in ("base: errors", "base: errors; io: tasks", "io/sim: disks", "model, wire: views", "./x: help"):
            self.assertIsNone(commits.problem_of(good), good)
        for bad in ("Add things", "base: errors.", "base:errors", "base: " + "x" * 70):
            self.assertIsNotNone(commits.problem_of(bad), bad)


if __name__ == "__main__":
    unittest.main()
