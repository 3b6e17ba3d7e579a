// Logging. A module has one Logger; a message is a constant, what varies are typed fields:
//   log.info("segment rolled", {{"stream", path}, {"segment", id}});
// One line per event on standard error: time, level, module, message, key=value. Log once, where the error is handled.
// Thread-safe. Not used in `model` and `wire`. An `error` line in a test run is a failure of that test.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>

namespace distributary {

class LogField {
 public:
  LogField(std::string_view key, std::string_view value) : key(key), value(value) {}
  LogField(std::string_view key, const char* value) : key(key), value(value) {}
  template <class T>
  requires std::is_arithmetic_v<T> LogField(std::string_view key, T value) : key(key), value(std::to_string(value)) {}
  std::string_view key;
  std::string value;
};

enum class LogLevel { debug, info, warn, error };

class Logger {
 public:
  explicit Logger(std::string_view module) : module_(module) {}
  using Fields = std::initializer_list<LogField>;
  void debug(std::string_view message, Fields fields = {}) const { write(LogLevel::debug, message, fields); }
  void info(std::string_view message, Fields fields = {}) const { write(LogLevel::info, message, fields); }
  void warn(std::string_view message, Fields fields = {}) const { write(LogLevel::warn, message, fields); }
  void error(std::string_view message, Fields fields = {}) const { write(LogLevel::error, message, fields); }

 private:
  void write(LogLevel level, std::string_view message, Fields fields) const;
  std::string_view module_;
};

// Lines below `level` are dropped. Default: info.
void set_log_level(LogLevel level);
LogLevel log_level();

}  // namespace distributary
