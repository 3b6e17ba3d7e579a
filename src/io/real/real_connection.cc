#include "io/real/real_connection.h"

#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>

#include "io/real/posix_error.h"
#include "io/real/real_file.h"
#include "io/real/tcp_options.h"

namespace distributary {

namespace {

constexpr size_t kPiecesPerSend = 64;
constexpr size_t kSendFileBytes = 1u << 20;  // of one call

Status closed_here() { return fail(ErrorCode::closed, "the connection was closed here"); }

Task<Status> failed(Status error) { co_return error; }

// Walks over pieces without copying them.
class Cursor {
 public:
  explicit Cursor(std::span<const ByteView> pieces) : pieces_(pieces) { skip_empty(); }
  bool done() const { return pieces_.empty(); }
  ByteView front() const { return pieces_.front().subspan(at_); }
  void advance(size_t count) {
    while (count > 0) {
      size_t step = std::min(count, front().size());
      at_ += step;
      count -= step;
      skip_empty();
    }
  }
  size_t fill(iovec* parts, size_t limit) const {
    size_t count = 0;
    for (size_t i = 0; i < pieces_.size() && count < limit; ++i) {
      ByteView piece = i == 0 ? front() : pieces_[i];
      if (!piece.empty()) parts[count++] = {const_cast<uint8_t*>(piece.data()), piece.size()};
    }
    return count;
  }

 private:
  void skip_empty() {
    while (!pieces_.empty() && at_ == pieces_.front().size()) {
      pieces_ = pieces_.subspan(1);
      at_ = 0;
    }
  }
  std::span<const ByteView> pieces_;
  size_t at_ = 0;
};

}  // namespace

Task<Status> RealConnection::take_turn(std::stop_token stop) {
  if (++inline_operations_ < kInlineOperations) co_return Status{};
  inline_operations_ = 0;
  co_return co_await sleep_for(socket_->executor(), Duration{0}, stop);
}

Task<Status> RealConnection::wait(RealSocket::Direction direction, SteadyTime deadline, std::stop_token stop) {
  inline_operations_ = 0;
  return socket_->wait(direction, deadline, std::move(stop));
}

Task<Result<size_t>> RealConnection::read_some(MutableBytes into, SteadyTime deadline, std::stop_token stop) {
  CHECK(!into.empty());
  Status turn = co_await take_turn(stop);
  CO_TRY_STATUS(turn);
  while (!socket_->closed()) {
    ssize_t got = ::recv(socket_->descriptor(), into.data(), into.size(), MSG_DONTWAIT);
    if (got >= 0) co_return static_cast<size_t>(got);
    if (errno == EINTR) continue;
    if (errno != EAGAIN) co_return socket_error(*socket_, errno);
    Status waited = co_await wait(RealSocket::kReadable, deadline, stop);
    CO_TRY_STATUS(waited);
  }
  co_return fail(closed_here().error());
}

Task<Status> RealConnection::write(std::span<const ByteView> pieces, SteadyTime deadline, std::stop_token stop) {
  Status turn = co_await take_turn(stop);
  CO_TRY_STATUS(turn);
  Cursor cursor(pieces);
  while (!cursor.done() && !socket_->closed()) {
    iovec parts[kPiecesPerSend];
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = cursor.fill(parts, kPiecesPerSend);
    ssize_t sent = ::sendmsg(socket_->descriptor(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0) {
      cursor.advance(static_cast<size_t>(sent));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) co_return socket_error(*socket_, errno);
    Status waited = co_await wait(RealSocket::kWritable, deadline, stop);
    CO_TRY_STATUS(waited);
  }
  if (socket_->closed()) co_return closed_here();
  co_return Status{};
}

// What was read a moment ago is in memory; what has waited for a slow receiver may not be, and is then read on the
// pool: the system would let this thread wait for the device.
Task<Status> RealConnection::send_file(File& file, uint64_t at, size_t size, SteadyTime deadline,
                                       std::stop_token stop) {
  Status turn = co_await take_turn(stop);
  CO_TRY_STATUS(turn);
  auto* real = dynamic_cast<RealFile*>(&file);
  off_t next = static_cast<off_t>(at);
  const off_t end = static_cast<off_t>(at + size);
  while (next < end && !socket_->closed()) {
    const size_t part = std::min(static_cast<size_t>(end - next), kSendFileBytes);
    if (real == nullptr || !real->in_memory(static_cast<uint64_t>(next), part)) {
      Status sent = co_await Connection::send_file(file, static_cast<uint64_t>(next), part, deadline, stop);
      CO_TRY_STATUS(sent);
      next += static_cast<off_t>(part);
      continue;
    }
    ssize_t sent = ::sendfile(socket_->descriptor(), real->descriptor(), &next, part);
    if (sent > 0 || (sent < 0 && errno == EINTR)) continue;
    if (sent == 0 || errno == EIO) co_return posix_error("send from", real->path(), sent == 0 ? ENODATA : errno);
    if (errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP) {  // the file system has no such thing
      real = nullptr;
      continue;
    }
    if (errno != EAGAIN) co_return socket_error(*socket_, errno);
    Status waited = co_await wait(RealSocket::kWritable, deadline, stop);
    CO_TRY_STATUS(waited);
  }
  if (socket_->closed()) co_return closed_here();
  co_return Status{};
}

Duration RealConnection::round_trip() const {
  return socket_->closed() ? Duration{0} : tcp_round_trip(socket_->descriptor());
}

void RealConnection::tune_for_distance() {
  if (!socket_->closed()) tune_tcp_for_distance(socket_->descriptor());
}

// --- TLS ---

TlsConnection::TlsConnection(std::shared_ptr<RealSocket> socket, std::unique_ptr<TlsSession> session,
                             PeerIdentity identity)
    : RealConnection(std::move(socket)), session_(std::move(session)) {
  identity_ = std::move(identity);
}

void TlsConnection::close() {
  if (!socket_->closed() && !write_given_up_) session_->say_goodbye();
  socket_->close();
}

// Waits for what TLS wants before it can go on, or gives the error that it ended with.
Task<Status> TlsConnection::wait_for(TlsSession::Outcome outcome, SteadyTime deadline, std::stop_token stop) {
  if (outcome == TlsSession::Outcome::want_read) return wait(RealSocket::kReadable, deadline, std::move(stop));
  if (outcome == TlsSession::Outcome::want_write) return wait(RealSocket::kWritable, deadline, std::move(stop));
  return failed(fail(ErrorCode::closed, "connection to " + socket_->peer() + ": TLS: " + session_->failure()));
}

Task<Result<size_t>> TlsConnection::read_some(MutableBytes into, SteadyTime deadline, std::stop_token stop) {
  CHECK(!into.empty());
  Status turn = co_await take_turn(stop);
  CO_TRY_STATUS(turn);
  while (!socket_->closed()) {
    size_t count = 0;
    TlsSession::Outcome outcome = session_->read(into, count);
    if (outcome == TlsSession::Outcome::done) co_return count;
    if (outcome == TlsSession::Outcome::ended) co_return size_t{0};
    Status waited = co_await wait_for(outcome, deadline, stop);
    CO_TRY_STATUS(waited);
  }
  co_return fail(closed_here().error());
}

// Until it is done: an empty `record` stands for sending what has gathered.
Task<Status> TlsConnection::write_record(ByteView record, SteadyTime deadline, std::stop_token stop) {
  while (!socket_->closed()) {
    TlsSession::Outcome outcome = record.empty() ? session_->flush() : session_->write(record);
    if (outcome == TlsSession::Outcome::done) co_return Status{};
    write_given_up_ = true;
    Status waited = co_await wait_for(outcome, deadline, stop);
    CO_TRY_STATUS(waited);
    write_given_up_ = false;
  }
  co_return closed_here();
}

Task<Status> TlsConnection::write(std::span<const ByteView> pieces, SteadyTime deadline, std::stop_token stop) {
  if (write_given_up_) co_return fail(ErrorCode::closed, "an earlier write was given up in the middle of a TLS record");
  Status turn = co_await take_turn(stop);
  CO_TRY_STATUS(turn);
  Cursor cursor(pieces);
  std::vector<uint8_t> gathered;
  while (!cursor.done()) {
    ByteView record = cursor.front();
    if (record.size() < TlsSession::kRecord) {  // small pieces share a record
      gathered.clear();
      while (!cursor.done() && gathered.size() < TlsSession::kRecord) {
        ByteView part = cursor.front();
        part = part.first(std::min(part.size(), TlsSession::kRecord - gathered.size()));
        gathered.insert(gathered.end(), part.begin(), part.end());
        cursor.advance(part.size());
      }
      record = gathered;
    } else {
      record = record.first(TlsSession::kRecord);
      cursor.advance(TlsSession::kRecord);
    }
    Status written = co_await write_record(record, deadline, stop);
    CO_TRY_STATUS(written);
  }
  Status sent = co_await write_record({}, deadline, stop);
  CO_TRY_STATUS(sent);
  if (socket_->closed()) co_return closed_here();
  co_return Status{};
}

}  // namespace distributary
