import pathlib
import tempfile
import unittest

import count_tests

PROGRAM = """<testsuites><testsuite>
<testcase name="a" status="run"/><testcase name="b" status="run"><failure/></testcase>
<testcase name="c" status="notrun"/><testcase name="d" status="run"><skipped/></testcase>
</testsuite></testsuites>"""
GOOD = """<testsuites><testsuite><testcase name="a" status="run"/></testsuite></testsuites>"""


def counted(junit: str, programs: dict[str, str]):
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        (root / "results").mkdir()
        for name, text in programs.items():
            (root / "results" / f"{name}.xml").write_text(text)
        (root / "junit.xml").write_text(f"<testsuite>{junit}</testsuite>")
        return count_tests.count(root / "junit.xml", root / "results")


class CountTest(unittest.TestCase):
    def test_cases_of_programs_and_other_tests(self):
        junit = '<testcase name="io" status="fail"/><testcase name="script" status="run"/>'
        self.assertEqual(counted(junit, {"io_test": PROGRAM}), (2, 1, 2))

    def test_a_program_that_died(self):
        self.assertEqual(counted('<testcase name="io" status="fail"/>', {}), (0, 1, 0))
        # It wrote its good result and died at the end.
        self.assertEqual(counted('<testcase name="io" status="fail"/>', {"io_test": GOOD}), (1, 1, 0))

    def test_a_test_that_was_not_run(self):
        self.assertEqual(counted('<testcase name="x" status="notrun"/>', {}), (0, 0, 1))


if __name__ == "__main__":
    unittest.main()
