import unittest

from model import Versions
from parser import SchemaError, parse_errors, parse_messages

_EXAMPLE = """
# comment
api 7 Sample versions 1-5 flexible 3+ advertised 0-5
request
  names        list<text>?2+
  count        i32            2+ = -1   # trailing comment
  parts        list<Part>     3-4
    id         uuid
    leader     Leader         tag 1
      epoch    i32            = -1
  again        Part?          5+ = null
response
  error_code   error
embedded Blob versions 0
  data         bytes
"""


class ParserTest(unittest.TestCase):
    def test_example(self):
        # A tagged field needs a flexible version: "parts" starts at 3, its fields inherit the message's range.
        apis, embedded = parse_messages(_EXAMPLE.replace("tag 1", "3+ tag 1"))
        api = apis[0]
        self.assertEqual((api.key, api.name, api.flexible_from), (7, "Sample", 3))
        self.assertEqual(api.advertised, Versions(0, 5))
        names, count, parts, again = api.request.fields
        self.assertEqual((names.is_list, names.nullable_from, names.versions), (True, 2, Versions(1, 5)))
        self.assertEqual((count.versions, count.default), (Versions(2, 5), "-1"))
        self.assertEqual([s.name for s in api.request.structs], ["Leader", "Part"])
        self.assertEqual(api.request.struct("Part").fields[1].tag, 1)
        self.assertEqual((again.base, again.null_by_default, parts.versions), ("Part", True, Versions(3, 4)))
        self.assertEqual(api.response.fields[0].base, "error")
        self.assertEqual(embedded[0].kind, "embedded")

    def assert_refused(self, body: str, reason: str):
        with self.assertRaisesRegex(SchemaError, reason):
            parse_messages("api 1 A versions 0-2 flexible 1+\nrequest\n" + body)

    def test_mistakes_are_named(self):
        self.assert_refused("  a string\n", "line 3: unknown type string")
        self.assert_refused("  a\n", "line 3: not a field")
        self.assert_refused("  a i32\n  a i32\n", "line 4: field a appears twice")
        self.assert_refused("  a i32 5+\n", "a exists in no version")
        self.assert_refused("  a i32 tag 0\n", "tagged field needs a flexible version")
        self.assert_refused("  a i32 1+ tag 0\n  b i32 1+ tag 0\n", "tag 0 is used twice")
        self.assert_refused("  a i32?\n", "i32 cannot be null")
        self.assert_refused("  a text = null\n", "cannot be null")
        self.assert_refused("  a list<Part>\n", "Part has no fields")
        self.assert_refused("  a list<Part>\n  b i32\n", "Part has no fields")
        self.assert_refused("  a i32\n    b i32\n", "only a struct has fields")
        self.assert_refused("  a list<Result>\n    b i32\n", "another name than Result")
        self.assert_refused("  a P\n    x i8\n  b P\n    x i8\n", "P is already defined")
        self.assert_refused("   a i32\n", "indent by two spaces")
        self.assert_refused("      a i32\n", "indented too far")
        with self.assertRaisesRegex(SchemaError, "expected api"):
            parse_messages("request\n")

    def test_errors(self):
        first, second = parse_errors("-1 unknown\n3  gone  retriable\n")
        self.assertEqual((first.code, first.name, first.retriable), (-1, "unknown", False))
        self.assertEqual((second.code, second.retriable), (3, True))
        with self.assertRaises(SchemaError):
            parse_errors("x y\n")


if __name__ == "__main__":
    unittest.main()
