// Answers that another cluster sends: JSON of any kind is records, an error with a message, or refused; and records are
// the same when they are written and read again.
#include "api/admin/envelope.h"
#include "base/bytes.h"
#include "base/check.h"

using namespace distributary;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr const char* kCommand = "stream info";
  auto records = admin::parse_envelope(as_text(ByteView(data, size)), kCommand);
  if (!records) return 0;
  (void)admin::to_table(*records);
  auto again = admin::parse_envelope(admin::to_envelope(*records, kCommand, WallMillis{}), kCommand);
  CHECK(again && again->size() == records->size());
  return 0;
}
