#include "common/payload.h"

#include <fstream>
#include <iterator>

#include "common/arguments.h"

namespace distributary::bench {
namespace {
constexpr size_t kLeastBytes = 2 << 20;
}

Payload::Payload(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  bytes_.assign(std::istreambuf_iterator<char>(file), {});
  if (bytes_.size() < kLeastBytes) throw Failure(path + " has less than 2 MiB of lines");
}

}  // namespace distributary::bench
