// A path that parses prints as a global path that parses to the same place.
#include "base/bytes.h"
#include "base/check.h"
#include "model/path.h"

using namespace distributary;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text = as_text({data, size});
  if (auto stream = parse_stream_path(text, "here")) {
    auto again = parse_stream_path(to_string(*stream), "elsewhere");
    CHECK(again && *again == *stream);
    CHECK(!stream->base_name().empty());
  }
  if (auto topic = parse_topic_path(text, "here")) {
    auto again = parse_topic_path(to_string(*topic), "elsewhere");
    CHECK(again && *again == *topic);
  }
  return 0;
}
