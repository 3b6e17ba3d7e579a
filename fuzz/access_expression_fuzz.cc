// The normal form of what parses is its own normal form, and allows the same people.
#include "base/bytes.h"
#include "base/check.h"
#include "model/access_expression.h"

using namespace distributary;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto parsed = AccessExpression::parse(as_text({data, size}));
  if (!parsed) return 0;
  auto again = AccessExpression::parse(parsed->text());
  CHECK(again && *again == *parsed);
  for (const Principal& who : {Principal{.user = "a"}, Principal{.user = "b", .groups = {"a"}}, Principal{}}) {
    CHECK(again->allows(who) == parsed->allows(who));
  }
  return 0;
}
