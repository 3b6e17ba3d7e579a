#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace distributary {
namespace {

spdlog::logger& sink() {
  static auto logger = [] {
    auto made = spdlog::stderr_logger_mt("distributary");
    made->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
    return made;
  }();
  return *logger;
}

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::debug: return spdlog::level::debug;
    case LogLevel::info: return spdlog::level::info;
    case LogLevel::warn: return spdlog::level::warn;
    case LogLevel::error: return spdlog::level::err;
  }
  return spdlog::level::err;
}

}  // namespace

LogLevel log_level() {
  switch (sink().level()) {
    case spdlog::level::trace:
    case spdlog::level::debug: return LogLevel::debug;
    case spdlog::level::info: return LogLevel::info;
    case spdlog::level::warn: return LogLevel::warn;
    default: return LogLevel::error;
  }
}

void set_log_level(LogLevel level) { sink().set_level(to_spdlog(level)); }

void Logger::write(LogLevel level, std::string_view message, Fields fields) const {
  if (!sink().should_log(to_spdlog(level))) return;
  std::string line;
  line.append(module_).append(": ").append(message);
  for (const LogField& field : fields) {
    bool quote = field.value.find_first_of(" \t\n\"") != std::string::npos;
    line.append(" ").append(field.key).append("=");
    line.append(quote ? "\"" : "").append(field.value).append(quote ? "\"" : "");
  }
  sink().log(to_spdlog(level), line);
}

}  // namespace distributary
