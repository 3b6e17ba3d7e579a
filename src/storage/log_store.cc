#include "storage/log_store.h"

namespace distributary {

std::string to_string(const LogId& id) { return to_string(id.stream) + "." + std::to_string(id.lane); }

}  // namespace distributary
