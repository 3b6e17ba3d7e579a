#include "api/admin/copy_tool.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/admin/commands.h"
#include "api/admin/envelope.h"
#include "io/task_scope.h"

namespace distributary::admin {
namespace {

constexpr int kBarColumns = 30;
constexpr int64_t kPlainStep = 10;  // per cent between plain lines

std::string amount(int64_t bytes) {
  static constexpr const char* kUnits[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 1024 && unit + 1 < std::size(kUnits)) {
    value /= 1024;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} bytes", bytes) : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

int64_t number_or_zero(const Record& record, std::string_view name) { return number_field(record, name).value_or(0); }
std::string text_or_empty(const Record& record, std::string_view name) {
  return text_field(record, name).value_or(std::string());
}

std::string problem_of(const Record& job) {
  const Value* errors = find_value(job, "errors");
  const auto* record = errors ? std::get_if<Record>(errors) : nullptr;
  return record ? text_or_empty(*record, "Msg") : std::string();
}

// What of a job has been shown already.
class Progress {
 public:
  Progress(Output& output, bool terminal) : output_(output), terminal_(terminal) {}

  void show(const Record& job) {
    std::string problem = problem_of(job);
    if (problem != problem_ && !problem.empty()) {
      end_line();
      output_.error("waiting: " + problem + "\n");
    }
    problem_ = problem;
    int64_t percentage = number_or_zero(job, "percentage");
    if (terminal_) {
      std::string line = progress_line(job, true);
      std::string blanks(last_length_ > line.size() ? last_length_ - line.size() : 0, ' ');
      output_.out("\r" + line + blanks);
      last_length_ = line.size();
    } else if (last_shown_ < 0 || percentage >= last_shown_ + kPlainStep) {
      output_.out(progress_line(job, false) + "\n");
      last_shown_ = percentage;
    }
  }
  void end_line() {
    if (last_length_ > 0) output_.out("\n");
    last_length_ = 0;
  }

 private:
  Output& output_;
  bool terminal_;
  int64_t last_shown_ = -1;
  size_t last_length_ = 0;
  std::string problem_;
};

struct Copy {
  std::string cluster;  // that runs the job
  std::string source;
  std::string destination;
  std::string id;
};

Task<Result<Copy>> start(CommandLineSetting& setting, const Arguments& arguments) {
  std::string own = setting.map.default_cluster();
  CO_TRY(StreamPath from, parse_stream_path(arguments.text("src"), own));
  CO_TRY(StreamPath to, parse_stream_path(arguments.text("dst"), own));
  Copy copy{.cluster = from.cluster, .source = to_string(from), .destination = to_string(to)};
  std::vector<std::string> words{"stream", "copy", "start"};
  Arguments::Pairs options{{"path", copy.source}, {"dst", copy.destination}};
  RemoteClusters remote = setting.remote();
  std::string user = setting.user;
  std::string cluster = from.cluster;
  CO_TRY(Records records,
         co_await remote.call(std::move(cluster), std::move(words), std::move(options), std::move(user), false));
  if (records.size() != 1) co_return fail(ErrorCode::corrupt, "cluster " + from.cluster + " did not name the job");
  CO_TRY(copy.id, text_field(records.front(), "id"));
  co_return copy;
}

Task<Result<Record>> ask(CommandLineSetting& setting, const Copy& copy) {
  std::vector<std::string> words{"job", "info"};
  Arguments::Pairs options{{"id", copy.id}, {"cluster", copy.cluster}};
  RemoteClusters remote = setting.remote();
  std::string user = setting.user;
  std::string cluster = copy.cluster;
  CO_TRY(Records records,
         co_await remote.call(std::move(cluster), std::move(words), std::move(options), std::move(user), false));
  if (records.size() != 1)
    co_return fail(ErrorCode::corrupt, "cluster " + copy.cluster + " did not describe job " + copy.id);
  co_return std::move(records.front());
}

// The job's last record, once it runs no more.
Task<Result<Record>> follow(CommandLineSetting& setting, const Copy& copy, Output& output) {
  Progress progress(output, setting.terminal);
  SteadyTime heard = setting.world.clock().now();
  bool silent = false;
  for (;;) {
    auto job = co_await ask(setting, copy);
    SteadyTime now = setting.world.clock().now();
    if (job) {
      heard = now;
      silent = false;
      progress.show(*job);
      if (text_or_empty(*job, "state") != "RUNNING") {
        progress.end_line();
        co_return job;
      }
    } else {
      progress.end_line();
      bool wait = job.error().code == ErrorCode::unavailable && now - heard < kCopySilenceLimit;
      if (!wait)
        co_return fail(job.error().context("job " + copy.id + " may go on (maprcli job info -id " + copy.id + ")"));
      if (!silent) output.error("waiting: " + job.error().message + "\n");
      silent = true;
    }
    CO_TRY_STATUS(co_await sleep_for(setting.world.executor, kCopyPollInterval));
  }
}

int print_failure(const Error& error, Output& output) {
  output.error(to_error_line(error) + "\n");
  return kExitFailed;
}

}  // namespace

std::vector<Command> tool_commands() {
  OptionSpec source{.name = "src", .type = OptionType::stream, .help = "path of the stream to copy", .required = true};
  OptionSpec destination{.name = "dst",
                         .type = OptionType::stream,
                         .help = "path of the copy; created with the source's settings when missing",
                         .required = true};
  OptionSpec background{
      .name = "background", .type = OptionType::flag, .help = "print the job's id and do not wait for its end"};
  OptionSpec map_reduce{.name = "mapreduce",
                        .type = OptionType::boolean,
                        .help = "taken for compatibility: the servers do the work",
                        .default_text = "false"};
  OptionSpec threads{.name = "numthreads",
                     .type = OptionType::number,
                     .help = "taken for compatibility",
                     .default_text = "16",
                     .min = 1};
  return {{.words = {"copystream"},
           .help = "copies a stream, or what its replica has not yet, as a job of the source's cluster; offsets, times "
                   "and cursors stay the same",
           .options = {source, destination, background, map_reduce, threads}}};
}

std::string progress_line(const Record& job, bool bar) {
  int64_t percentage = std::clamp<int64_t>(number_or_zero(job, "percentage"), 0, 100);
  std::string amounts = fmt::format("{:3}%  {} of {}  {} of {} messages", percentage,
                                    amount(number_or_zero(job, "bytesdone")), amount(number_or_zero(job, "bytestotal")),
                                    number_or_zero(job, "messagesdone"), number_or_zero(job, "messagestotal"));
  if (!bar) return amounts;
  auto full = static_cast<size_t>(percentage * kBarColumns / 100);
  return "[" + std::string(full, '#') + std::string(kBarColumns - full, '.') + "] " + amounts;
}

Task<int> run_copystream(CommandLineSetting setting, CommandLine line, Output& output) {
  const Command* command = CommandTable::tools().find(line.words);
  auto arguments = check_arguments(*command, line.options);
  if (!arguments) co_return print_failure(arguments.error(), output);
  auto copy = co_await start(setting, *arguments);
  if (!copy) co_return print_failure(copy.error(), output);
  if (arguments->flag("background")) {
    output.out(copy->id + "\n");
    co_return kExitOk;
  }
  auto job = co_await follow(setting, *copy, output);
  if (!job) co_return print_failure(job.error(), output);
  std::string state = text_or_empty(*job, "state");
  if (state == "DONE") {
    output.out(fmt::format("copied {} messages ({}) from {} to {}\n", number_or_zero(*job, "messagesdone"),
                           amount(number_or_zero(*job, "bytesdone")), copy->source, copy->destination));
    co_return kExitOk;
  }
  std::string why = problem_of(*job);
  Error error{state == "CANCELLED" ? ErrorCode::cancelled : ErrorCode::io,
              "the copy from " + copy->source + " to " + copy->destination +
                  (state == "CANCELLED" ? " was cancelled" : " failed") + (why.empty() ? "" : ": " + why)};
  co_return print_failure(error, output);
}

}  // namespace distributary::admin
