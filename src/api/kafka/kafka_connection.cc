#include "api/kafka/kafka_connection.h"

#include <fmt/format.h>

#include "api/kafka/api_registry.h"
#include "api/kafka/handlers.h"
#include "base/log.h"

namespace distributary {
namespace {

constexpr size_t kWriteBytesMax = 1u << 20;  // gathered for one call; a large answer goes in several
constexpr size_t kWritePiecesMax = 1'024;
const Logger kafka_connection_logger("kafka");

// As Kafka shows it: without the port.
std::string host_of(const std::string& peer) { return "/" + peer.substr(0, peer.rfind(':')); }

}  // namespace

KafkaConnection::KafkaConnection(KafkaService& service, std::unique_ptr<Connection> connection)
    : service_(service),
      connection_(std::move(connection)),
      reader_(*connection_, service.options.frame_bytes_max, service.options.first_frame_bytes_max),
      input_(service.broker.world().executor),
      room_(service.broker.world().executor),
      output_(service.broker.world().executor),
      scope_(service.broker.world().executor) {
  caller_.client_host = host_of(connection_->peer_address());
}

KafkaConnection::~KafkaConnection() = default;

Task<void> KafkaConnection::run(std::stop_token stop) {
  auto on_stop = [this] {
    stopped_.request_stop();
    break_off();
  };
  std::stop_callback<decltype(on_stop)> stopping(stop, on_stop);
  scope_.spawn(read());
  scope_.spawn(handle());
  scope_.spawn(write());
  co_await scope_.join();
  connection_->close();
}

void KafkaConnection::refuse(std::string_view what, const std::string& why) {
  kafka_connection_logger.warn(
      "a client's connection is closed",
      {{"client", connection_->peer_address()}, {"client_id", caller_.client_id}, {"request", what}, {"error", why}});
}

// No more frames will come. What was read is still handled: a client that sends with acks=0 may hang up at once.
void KafkaConnection::end_input() {
  input_ended_ = true;
  gone_.request_stop();
  input_.notify_all();
}

// Nothing more can be read or written.
void KafkaConnection::break_off() {
  broken_ = true;
  frames_.clear();
  connection_->close();
  end_input();
  room_.notify_all();
  output_.notify_all();
}

bool KafkaConnection::take_frames() {
  while (true) {
    Result<std::optional<Bytes>> frame = reader_.take();
    if (!frame) {
      refuse("a frame", frame.error().message);
      return false;
    }
    if (!frame->has_value()) return true;
    frame_bytes_ += (*frame)->size();
    frames_.push_back(std::move(**frame));
    if (frames_.size() == 1) input_.notify_all();
  }
}

Task<void> KafkaConnection::read() {
  Clock& clock = service_.broker.world().clock();
  const KafkaListenerOptions& options = service_.options;
  while (!broken_) {
    if (!take_frames()) break;
    while (!broken_ &&
           (frames_.size() >= options.requests_queued_max || frame_bytes_ >= options.request_bytes_queued_max)) {
      Status room = co_await room_.wait();
      if (!room) break;
    }
    const SteadyTime deadline = clock.now() + options.idle_timeout;
    Result<size_t> got = co_await reader_.fill(deadline, stopped_.get_token());
    if (got && *got > 0) continue;
    const bool busy = handling_ || muted() || !frames_.empty() || !answers_.empty();
    if (!got && got.error().code == ErrorCode::timed_out && busy) continue;
    break;
  }
  end_input();
}

bool KafkaConnection::muted() const { return service_.broker.world().clock().now() < muted_until_; }

bool KafkaConnection::ready_to_begin() const {
  return answers_.size() < service_.options.answers_queued_max &&
         answer_bytes_ < service_.options.answer_bytes_queued_max;
}

Task<void> KafkaConnection::handle() {
  bool going = true;
  while (going && !broken_) {
    if (frames_.empty()) {
      if (input_ended_) break;
      Status came = co_await input_.wait();
      if (!came) break;
      continue;
    }
    if (muted()) {  // a client that has gone has nothing to come that could not wait
      Status waited = co_await input_.wait(muted_until_, stopped_.get_token());
      if (!waited && waited.error().code == ErrorCode::cancelled) break;
      continue;
    }
    if (!ready_to_begin()) {
      Status room = co_await room_.wait();
      if (!room) break;
      continue;
    }
    Bytes frame = std::move(frames_.front());
    frames_.pop_front();
    frame_bytes_ -= frame.size();
    if (room_.has_waiters()) room_.notify_all();
    handling_ = true;
    going = co_await handle_one(std::move(frame));
    handling_ = false;
  }
  frames_.clear();
  if (!going) end_input();
  handled_all_ = true;
  output_.notify_all();
}

Task<bool> KafkaConnection::handle_one(Bytes frame) {
  Result<kafka::RequestHeader> header = kafka::decode_request_header(frame);
  if (!header) {
    refuse("a request", header.error().message);
    co_return false;
  }
  const kafka::ApiInfo& info = *header->api;
  const KafkaApi* api = find_kafka_api(info.key);
  // ApiVersions tells a client of an unknown version what it may ask instead.
  const bool understood = header->version_known() || info.key == kafka::ApiKey::api_versions;
  if (api == nullptr || !understood) {
    refuse(info.name, fmt::format("version {} is not served", header->api_version));
    co_return false;
  }
  const std::string_view client_id = header->client_id.value_or("");
  if (caller_.client_id != client_id) caller_.client_id = client_id;
  caller_.action = api->access.action;
  KafkaRequest request{
      service_, *header, frame, caller_, stopped_.get_token(), gone_.get_token(), connection_->sends_files()};
  Result<KafkaAnswer> answer = co_await api->handler(request);
  if (!answer) {
    if (!request.gone.stop_requested()) refuse(info.name, answer.error().message);
    co_return false;
  }
  reader_.trust();
  if (answer->throttle.count() > 0) muted_until_ = service_.broker.world().clock().now() + answer->throttle;
  if (answer->unanswered) {
    ++unanswered_;
    scope_.spawn(finish_unanswered(std::move(*answer->later)));
  } else if (answer->later) {
    scope_.spawn(finish(answers_.emplace_back(), std::move(*answer->later)));
  } else if (!answer->frame.empty()) {
    give(answers_.emplace_back(), std::move(answer->frame), std::move(answer->share));
  }
  co_return !answer->close;
}

// `answer` is in the deque, whose elements stay where they are.
Task<void> KafkaConnection::finish(Answer& answer, Task<Result<KafkaFrame>> later) {
  Result<KafkaFrame> frame = co_await std::move(later);
  if (!frame) {
    if (!broken_) refuse("an answer", frame.error().message);
    break_off();
    co_return;
  }
  give(answer, std::move(*frame));
}

Task<void> KafkaConnection::finish_unanswered(Task<Result<KafkaFrame>> later) {
  Result<KafkaFrame> dropped = co_await std::move(later);
  --unanswered_;
}

void KafkaConnection::give(Answer& answer, KafkaFrame frame, ByteBudget::Share share) {
  answer.frame = std::move(frame);
  answer.share = std::move(share);
  answer.ready = true;
  for (const Piece& piece : answer.frame) answer_bytes_ += piece.size();
  if (wants_write()) output_.notify_all();
}

// Takes ready pieces off the queue: what is written is let go, also of an answer that a slow reader has in part.
KafkaConnection::Outgoing KafkaConnection::gather() {
  Outgoing out;
  auto room = [&out] { return out.bytes < kWriteBytesMax && out.pieces.size() < kWritePiecesMax; };
  while (wants_write() && room()) {
    Answer& answer = answers_.front();
    size_t bytes = 0;
    while (answer.next < answer.frame.size() && room()) {
      Piece& piece = answer.frame[answer.next++];
      bytes += piece.size();
      out.bytes += piece.size();
      out.pieces.push_back(std::move(piece));
    }
    const bool whole = answer.next == answer.frame.size();
    out.shares.push_back(whole ? std::move(answer.share) : answer.share.split(bytes));
    if (whole) answers_.pop_front();
  }
  return out;
}

// Runs of pieces in memory as one write; each piece of a file by itself.
Task<Status> KafkaConnection::send(const KafkaFrame& pieces) {
  const SteadyTime deadline = service_.broker.world().clock().now() + service_.options.idle_timeout;
  std::vector<ByteView> views;
  for (size_t i = 0; i < pieces.size(); ++i) {
    const Piece& piece = pieces[i];
    if (piece.in_memory()) views.push_back(piece);
    const bool last = i + 1 == pieces.size() || !pieces[i + 1].in_memory();
    if (last && !views.empty()) {
      CO_TRY_STATUS(co_await connection_->write(views, deadline, stopped_.get_token()));
      views.clear();
    }
    if (!piece.in_memory()) {
      CO_TRY_STATUS(
          co_await connection_->send_file(piece.file(), piece.at(), piece.size(), deadline, stopped_.get_token()));
    }
  }
  co_return Status{};
}

Task<void> KafkaConnection::write() {
  while (!broken_) {
    if (!wants_write()) {
      if (handled_all_ && answers_.empty()) break;
      Status ready = co_await output_.wait();
      if (!ready) break;
      continue;
    }
    Outgoing outgoing = gather();
    Status written = co_await send(outgoing.pieces);
    answer_bytes_ -= outgoing.bytes;
    if (room_.has_waiters()) room_.notify_all();
    if (!written && written.error().code == ErrorCode::io) refuse("an answer", written.error().message);
    if (!written) break_off();
  }
  connection_->close();  // ends the reading too
}

}  // namespace distributary
