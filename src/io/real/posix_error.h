// errno as an Error: "<operation> <path>: <what the system says>".
#pragma once

#include <string_view>

#include "base/error.h"

namespace distributary {

tl::unexpected<Error> posix_error(std::string_view operation, std::string_view path, int error_number);

}  // namespace distributary
