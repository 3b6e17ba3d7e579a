import importlib.util
import pathlib
import tempfile
import unittest

from cpp import declaration, guard, null_guard, snake
from header import emit_header
from parser import parse_errors, parse_messages
from source import emit_source
from tables import emit_api_table, emit_error_source

# The generator's entry point is __main__.py, a name that belongs to the test runner here.
_spec = importlib.util.spec_from_file_location("generator", pathlib.Path(__file__).with_name("__main__.py"))
generator = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(generator)


def message(body: str):
    apis, _ = parse_messages("api 1 A versions 0-9 flexible 4+\nrequest\n" + body + "response\n  r records?\n")
    return apis[0].request


class EmitTest(unittest.TestCase):
    def test_snake(self):
        self.assertEqual(snake("DescribeUserScramCredentials"), "describe_user_scram_credentials")

    def test_guards(self):
        m = message("  a i32\n  b i32 3+\n  c i32 0-2\n  d i32 3-5\n  e text?7+\n  f text?7+ 7+\n")
        self.assertEqual([guard(f.versions, m) for f in m.fields[:4]],
                         [None, "version >= 3", "version <= 2", "version >= 3 && version <= 5"])
        self.assertEqual(null_guard(m.fields[4], m), "version >= 7")
        self.assertIsNone(null_guard(m.fields[5], m))

    def test_declarations(self):
        m = message("  a i32 = -2147483648\n  b text?\n  c text? = null\n  d list<P>?\n    x f64\n  e records\n")
        self.assertEqual([declaration(f, m) for f in m.fields], [
            "int32_t a = INT32_MIN;", "std::optional<std::string> b{std::in_place};", "std::optional<std::string> c;",
            "std::optional<std::vector<P>> d{std::in_place};", "ByteView e;"])

    def test_tagged_fields_are_written_in_order_of_tag_when_set(self):
        text = emit_source("x.txt", "a", [message("  b i32 5+ tag 1 = -1\n  a text 4+ tag 0\n")])
        first = text.index("tags.start(0)")
        self.assertLess(first, text.index("tags.start(1)"))
        self.assertIn("if (version >= 5 && b != -1)", text)
        self.assertIn("if (version >= 4 && !a.empty())", text)

    def test_equality_only_without_buffers(self):
        apis, _ = parse_messages("api 1 A versions 0 flexible none\nrequest\n  a list<P>\n    b bytes\n"
                                 "  c list<Q>\n    d i8\nresponse\n  e i8\n")
        text = emit_header("x.txt", [apis[0].request, apis[0].response], "a")
        self.assertNotIn("operator==(const P&)", text)
        self.assertNotIn("operator==(const ARequest&)", text)
        self.assertIn("operator==(const Q&)", text)
        self.assertIn("operator==(const AResponse&)", text)

    def test_tables(self):
        apis, _ = parse_messages("api 0 A versions 3-9 flexible none advertised 0-9\nrequest\nresponse\n")
        self.assertIn('{ApiKey::a, "A", 0, 9, 3, kNeverFlexible},', emit_api_table(apis))
        self.assertIn('case ErrorCode::gone: return "GONE";', emit_error_source(parse_errors("3 gone")))

    def test_unchanged_files_are_not_written(self):
        with tempfile.TemporaryDirectory() as folder:
            out = pathlib.Path(folder)
            generator.write({"a.h": "1"}, out)
            before = (out / "a.h").stat().st_mtime_ns
            generator.write({"a.h": "1"}, out)
            self.assertEqual((out / "a.h").stat().st_mtime_ns, before)
            generator.write({"a.h": "2"}, out)
            self.assertEqual((out / "a.h").read_text(), "2")

    def test_the_real_schema_has_every_api_once(self):
        schema, origin = generator.load(pathlib.Path(__file__).parents[2] / "schema" / "kafka")
        self.assertEqual(len(schema.apis), len({api.key for api in schema.apis}))
        self.assertGreater(len(schema.errors), 130)
        self.assertIn("fetch.h", generator.generate(schema, origin))


if __name__ == "__main__":
    unittest.main()
