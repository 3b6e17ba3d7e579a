// SourceSession: the source's side of one session. Reads the stream's history in log order, leaves out what the replica
// holds, sends frames within the window on one or several connections, takes acknowledgements.
//
// Ownership: by the Link, for the time of one session; the stream outlives it. Threads: the executor's thread only.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "io/task_scope.h"
#include "io/world.h"
#include "replication/agreement.h"
#include "replication/dial.h"
#include "replication/link_options.h"
#include "replication/send_window.h"

namespace distributary {

class SourceSession {
 public:
  struct Setup {
    GatewayTarget gateway;
    Uuid session;
    Uuid replica;
    Welcome welcome;
    Agreement agreement;
    LogPosition acknowledged;  // as known when the session begins
    LinkOptions options;
    bool throttle = false;
    std::function<uint64_t()> window_limit;  // of all links' memory, the share of this one
  };
  // `on_progress`: called when the acknowledged position or `caught_up` changed.
  SourceSession(World& world, Stream& source, Setup setup, std::function<void()> on_progress);

  // Runs until the session is over, on `first` and further connections; says why it ended. To be called once.
  Task<Ending> run(std::unique_ptr<FrameConnection> first);
  // Ends the session from outside: the replica side is told `why`. The first reason counts.
  void stop(Ending why);

  const LogPosition& acknowledged() const { return window_.acknowledged(); }
  const OriginPositions& held() const { return acknowledged_; }  // what the replica has said that it durably holds
  bool caught_up() const;
  uint64_t acknowledgements() const { return acknowledgements_; }
  void set_throttle(bool throttle) { setup_.throttle = throttle; }
  size_t connections() const { return live_lines_; }

 private:
  struct Line {  // one connection, by index; may be lost and joined again
    std::unique_ptr<FrameConnection> connection;
    bool live = false;
  };
  Task<void> pump();
  Task<Result<bool>> read_once();  // false: nothing is there
  Task<Status> send_baselines();
  Task<Status> send_chunk(LogChunk chunk);
  Task<Status> send_contents(std::vector<Bytes> all, LogPosition before, bool wanted_only);
  Task<Status> wait_room(size_t bytes);
  Task<void> widen();
  void open_lines(uint16_t count);
  void tune(FrameConnection& connection) const;
  Duration round_trip() const;
  Task<void> keep_line(uint16_t index);
  Task<Result<std::unique_ptr<FrameConnection>>> join_line(uint16_t index);
  Task<void> use_line(uint16_t index);
  Task<void> send_on(uint16_t index);
  Task<Status> send_heartbeat(FrameConnection& connection);
  Task<Status> receive_on(uint16_t index);
  Status take(const Frame& frame);
  bool wanted(const ContentView& content) const;
  void line_lost(uint16_t index, const Error& error);
  void end(Ending why, bool tell);

  World& world_;
  Stream& source_;
  Setup setup_;
  std::function<void()> on_progress_;
  SendWindow window_;
  OriginPositions held_;          // held or sent: what need not be read again
  OriginPositions acknowledged_;  // said by the replica
  LogPosition position_;          // the next to read
  std::vector<Line> lines_;
  uint16_t opened_ = 0;  // lines that are kept
  size_t live_lines_ = 0;
  uint64_t acknowledgements_ = 0;
  std::optional<Ending> ending_;
  bool tell_ = false;                // the replica side is told of the ending
  std::optional<Error> line_error_;  // why a sender gave its line up
  std::stop_source stop_;
  Signal work_;  // frames wait, room came, a line was lost
  TaskScope scope_;
};

}  // namespace distributary
