import unittest

from cpp import blank, functions

SOURCE = '''
#define OPEN { \\
  {
namespace a {
// { not a brace
template <class T>
class Box : public Base<int(int)> {
 public:
  Box(int a, T b) : a_(a), b_{b}, c_(std::vector<int>{1}) {
    run();
  }
  int get() const { return a_; }
  void set(std::vector<int> v = {}) override {
    auto f = [] {
      return "}";
    };
  }

 private:
  int a_{10'000};
  std::array<int, 2> d_ = {1, 2};
};
enum class Kind { x, y };
extern "C" int entry(const char* p) {
  return '}' + p[0];
}
const char* raw = R"x(} " {)x";
template <class T, class U = std::vector<T>>
  requires(sizeof(T) > 1)
T load(const U& from) {
  /* } */
  return T{};
}
}  // namespace a
TEST(Box, Works) {
  EXPECT_EQ(1, 1);
}
'''


class FunctionsTest(unittest.TestCase):
    def test_finds_each_outermost_function_once(self):
        found = {(f.head.split("(")[0].split()[-1], f.length) for f in functions(SOURCE)}
        self.assertEqual(found, {("Box", 3), ("get", 1), ("set", 5), ("entry", 3), ("requires", 4), ("TEST", 3)})

    def test_lines_are_those_of_the_source(self):
        lines = SOURCE.split("\n")
        for function in functions(SOURCE):
            self.assertIn("{", lines[function.line - 1])

    def test_an_open_end_counts_to_the_end(self):
        self.assertEqual(functions("void f() {\n\n")[0].length, 3)


class BlankTest(unittest.TestCase):
    def test_keeps_the_place_of_everything(self):
        out = blank(SOURCE)
        self.assertEqual(len(out), len(SOURCE))
        self.assertEqual(out.count("\n"), SOURCE.count("\n"))

    def test_literals_and_comments_go(self):
        blanked = "a(" + " " * 6 + ", " + " " * 3 + ", 1'000); " + " " * 4
        self.assertEqual(blank("a(\"x\\\"{\", '{', 1'000); // {"), blanked)


if __name__ == "__main__":
    unittest.main()
