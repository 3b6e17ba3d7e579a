import unittest

import layers
from support import tree_of

RULES = """
layer base <- : ground
layer io <- base : world
layer stream <- base io : core
layer apps <- base io stream : programs
private io/real
header boost/asio : io/real
header boost/json : *.cc
"""


def problems(files):
    return [str(problem) for problem in layers.check(tree_of({"tools/layers.txt": RULES, **files}))]


class LayersTest(unittest.TestCase):
    def assert_only(self, files, part):
        found = problems(files)
        self.assertEqual(len(found), 1, found)
        self.assertIn(part, found[0])

    def test_allowed(self):
        use = '#include "io/a.h"\n#include "base/b.h"\n#include <vector>\n'
        self.assertEqual(problems({"src/io/a.cc": use, "src/io/a.h": ""}), [])

    def test_upward_include(self):
        self.assert_only({"src/base/a.cc": '#include "io/b.h"\n'}, "src/base/a.cc:1: base may not include io")

    def test_unknown_folder_and_short_path(self):
        self.assert_only({"src/util/a.cc": '#include "base/b.h"\n'}, "src/util is not in")
        self.assert_only({"src/io/a.cc": '#include "a.h"\n'}, "must be the full path")

    def test_private_folder(self):
        use = '#include "io/real/socket.h"\n'
        self.assert_only({"src/stream/a.cc": use}, "only apps and tests")
        self.assertEqual(problems({"src/stream/a_test.cc": use, "src/apps/main.cc": use, "src/io/real/x.cc": use}), [])

    def test_a_header_for_tests_only_counts_as_a_test(self):
        use = '#include "stream/fixture.h"\n'
        files = {"src/stream/fixture.h": '#include "io/real/a.h"\n', "src/stream/a_test.cc": use}
        self.assertEqual(problems(files), [])
        files["src/stream/a.cc"] = '#include "stream/fixture.h"\n'
        self.assert_only(files, "src/stream/fixture.h:1")

    def test_foreign_headers(self):
        self.assert_only({"src/io/a.cc": "#include <boost/asio.hpp>\n"}, "only in io/real")
        self.assertEqual(problems({"src/io/real/a.cc": "#include <boost/asio/post.hpp>\n"}), [])
        self.assert_only({"src/stream/a.h": "#include <boost/json.hpp>\n"}, "*.cc")
        self.assertEqual(problems({"src/stream/a.cc": "#include <boost/json.hpp>\n"}), [])

    def test_circle_of_folders(self):
        files = {"src/io/a/x.h": '#include "io/b/y.h"\n', "src/io/b/y.h": '#include "io/a/x.h"\n'}
        self.assert_only(files, "io/a -> io/b -> io/a")

    def test_the_table_itself(self):
        rules = layers.parse_rules("layer a <- b : x\nlayer b <- : y\n")
        self.assertEqual(len(layers.Check(tree_of({}), rules).run()), 1)
        with self.assertRaises(ValueError):
            layers.parse_rules("floor a <- b : x")


if __name__ == "__main__":
    unittest.main()
