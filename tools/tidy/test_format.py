import pathlib
import tempfile
import unittest

import format
from tree import Tree


class FormatTest(unittest.TestCase):
    def test_finds_remembers_and_mends(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / ".clang-format").write_text("BasedOnStyle: Google\n")
            (root / "good.cc").write_text("int a = 1;\n")
            (root / "bad.cc").write_text("int  a=1;\n")
            paths = [".clang-format", "good.cc", "bad.cc"]
            self.assertEqual([problem.path for problem in format.check(Tree(root, paths))], ["bad.cc"])
            self.assertEqual(len(format.Remembered(root).digests), 1)
            self.assertEqual(format.fix(Tree(root, paths)), ["bad.cc"])
            self.assertEqual((root / "bad.cc").read_text(), "int a = 1;\n")
            self.assertEqual(format.check(Tree(root, paths)), [])
            # A change of the rules is a change of every file.
            (root / ".clang-format").write_text("BasedOnStyle: Google\nSpaceBeforeAssignmentOperators: false\n")
            self.assertEqual(len(format.check(Tree(root, paths))), 2)


if __name__ == "__main__":
    unittest.main()
