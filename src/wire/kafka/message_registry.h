// Every message by name, for tests and fuzzers that treat all alike.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/piece.h"
#include "base/error.h"

namespace distributary::kafka {

struct MessageType {
  std::string_view name;  // "FetchRequest"
  int16_t min_version;
  int16_t max_version;
  // Decodes and encodes again. The pieces may borrow from `body`.
  Result<std::vector<Piece>> (*recode)(ByteView body, int16_t version);
};

std::span<const MessageType> message_registry();

}  // namespace distributary::kafka
