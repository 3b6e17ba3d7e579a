// KafkaConnection: one client. Three tasks share it:
//   read    takes frames off the socket, as far as the queue has room; notices when the client goes;
//   handle  begins requests one after the other. A request that waits (Fetch, JoinGroup) keeps the next ones waiting,
//   as in Kafka; only a Produce that has been
//           appended waits for the disk beside the next request, so that pipelined batches share one sync;
//   write   sends answers in the order of requests, as many as are ready in one call.
//
// A client above its quota is throttled: no request of its connection is begun for as long as its answer says.
//
// A request that makes no sense ends this connection, with a line in the log, and nothing else.
// Threads: the executor's. Ownership: KafkaListener, which awaits `run`.
#pragma once

#include <deque>
#include <memory>
#include <string>

#include "api/kafka/frame_reader.h"
#include "api/kafka/request.h"
#include "io/signal.h"
#include "io/task_scope.h"

namespace distributary {

class KafkaConnection {
 public:
  KafkaConnection(KafkaService& service, std::unique_ptr<Connection> connection);
  ~KafkaConnection();

  // Serves the client until it goes, is idle too long, makes no sense, or `stop`.
  Task<void> run(std::stop_token stop);

 private:
  struct Answer {
    bool ready = false;
    KafkaFrame frame;
    size_t next = 0;  // piece to be written
    ByteBudget::Share share;
  };
  // Pieces on their way, and the shares that end with them.
  struct Outgoing {
    KafkaFrame pieces;
    std::vector<ByteBudget::Share> shares;
    size_t bytes = 0;
  };
  Task<void> read();
  Task<void> handle();
  Task<void> write();
  Task<bool> handle_one(Bytes frame);
  Task<void> finish(Answer& answer, Task<Result<KafkaFrame>> later);
  Task<void> finish_unanswered(Task<Result<KafkaFrame>> later);
  void give(Answer& answer, KafkaFrame frame, ByteBudget::Share share = {});
  bool ready_to_begin() const;
  bool muted() const;
  bool take_frames();
  bool wants_write() const { return !answers_.empty() && answers_.front().ready; }
  Outgoing gather();
  Task<Status> send(const KafkaFrame& pieces);
  void refuse(std::string_view what, const std::string& why);
  void end_input();
  void break_off();

  KafkaService& service_;
  std::unique_ptr<Connection> connection_;
  FrameReader reader_;
  Caller caller_;
  std::deque<Bytes> frames_;  // read, not begun
  size_t frame_bytes_ = 0;
  std::deque<Answer> answers_;  // begun, not written, in order
  size_t answer_bytes_ = 0;     // of those that are ready
  size_t unanswered_ = 0;       // acks=0: appended, not durable yet
  SteadyTime muted_until_{};    // throttled: no request is begun before
  bool handling_ = false;
  bool input_ended_ = false;
  bool handled_all_ = false;
  bool broken_ = false;
  std::stop_source gone_;
  std::stop_source stopped_;
  Signal input_;   // frames came, or the input ended
  Signal room_;    // a queue has become shorter
  Signal output_;  // the first answer is ready, or none will come
  TaskScope scope_;
};

}  // namespace distributary
