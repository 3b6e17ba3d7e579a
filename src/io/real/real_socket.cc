#include "io/real/real_socket.h"

#include <sys/socket.h>

#include <system_error>

namespace distributary {

namespace {

// Of connections within this machine, where a full buffer costs no time: the reader empties it at once. With a large
// one it is woken for each segment, and sleeps again before the next. Others' buffers grow as the distance needs.
constexpr int kSendBufferHere = 128 << 10;

}  // namespace

RealSocket::RealSocket(RealExecutor& executor) : RealSocket(executor, Tcp::socket(executor.context())) {}

RealSocket::RealSocket(RealExecutor& executor, Tcp::socket socket)
    : executor_(executor), socket_(std::move(socket)), ready_{Signal(executor), Signal(executor)} {}

void RealSocket::prepare() {
  boost::system::error_code ignored;  // an option that is refused costs speed only
  socket_.set_option(Tcp::no_delay(true), ignored);
  socket_.set_option(boost::asio::socket_base::keep_alive(true), ignored);
  socket_.non_blocking(true, ignored);
  Tcp::endpoint endpoint = socket_.remote_endpoint(ignored);
  const bool is_here =
      endpoint.address().is_loopback() || endpoint.address() == socket_.local_endpoint(ignored).address();
  if (is_here) socket_.set_option(boost::asio::socket_base::send_buffer_size(kSendBufferHere), ignored);
  peer_ = to_string(Address{endpoint.address().to_string(), endpoint.port()});
}

void RealSocket::arm(Direction direction) {
  if (armed_[direction]) return;
  armed_[direction] = true;
  auto what = direction == kReadable ? Tcp::socket::wait_read : Tcp::socket::wait_write;
  socket_.async_wait(what, [self = shared_from_this(), direction](const boost::system::error_code&) {
    self->armed_[direction] = false;
    self->ready_[direction].notify_all();
  });
}

Task<Status> RealSocket::wait(Direction direction, SteadyTime deadline, std::stop_token stop) {
  if (closed_) co_return fail(ErrorCode::closed, "the connection was closed here");
  arm(direction);
  Status waited = co_await ready_[direction].wait(deadline, stop);
  if (closed_) co_return fail(ErrorCode::closed, "the connection was closed here");
  co_return waited;
}

void RealSocket::close() {
  if (closed_) return;
  closed_ = true;
  boost::system::error_code ignored;
  socket_.close(ignored);
  for (Signal& signal : ready_) signal.notify_all();
}

tl::unexpected<Error> socket_error(const RealSocket& socket, int error_number) {
  ErrorCode code = ErrorCode::io;
  if (error_number == ECONNRESET || error_number == EPIPE || error_number == ETIMEDOUT ||
      error_number == EHOSTUNREACH || error_number == ENETUNREACH || error_number == ENOTCONN) {
    code = ErrorCode::closed;
  }
  return fail(code, "connection to " + socket.peer() + ": " + std::system_category().message(error_number));
}

}  // namespace distributary
