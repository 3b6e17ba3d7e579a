// Records of the catalog, of links and of copies, as the metadata store may give them back: taken or refused, and what
// is taken encodes to the same record again. The first byte says which.
#include <string>

#include "base/bytes.h"
#include "base/check.h"
#include "cluster/stream_record.h"
#include "replication/copy_job_record.h"
#include "replication/link_record.h"

using namespace distributary;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string text(as_text(ByteView(data + 1, size - 1)));
  switch (data[0] % 3) {
    case 0:
      if (auto record = decode_stream_record(text)) {
        auto again = decode_stream_record(encode_stream_record(*record));
        CHECK(again && again->uuid == record->uuid && again->path == record->path);
      }
      break;
    case 1: (void)LinkRecord::decode(text); break;
    case 2: (void)decode_copy_job(text); break;
  }
  return 0;
}
