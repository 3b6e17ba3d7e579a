// Settings that decode encode to settings that are equal.
#include "base/check.h"
#include "model/stream_settings.h"

using namespace distributary;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto settings = decode_stream_settings({data, size});
  if (!settings) return 0;
  auto again = decode_stream_settings(encode_stream_settings(*settings));
  CHECK(again && *again == *settings);
  return 0;
}
