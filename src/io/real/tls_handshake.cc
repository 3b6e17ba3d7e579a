#include "io/real/tls_handshake.h"

namespace distributary {

TlsHandshake::TlsHandshake(std::shared_ptr<RealSocket> socket, std::shared_ptr<TlsContext> context,
                           TlsSession::Role role)
    : socket_(std::move(socket)),
      session_(std::make_unique<TlsSession>(std::move(context), socket_->descriptor(), role)) {}

TlsHandshake::~TlsHandshake() {
  if (timer_ != 0) socket_->executor().cancel_timer(timer_);
}

void TlsHandshake::start(SteadyTime deadline, Done done) {
  done_ = std::move(done);
  timer_ = socket_->executor().call_at(deadline, [weak = weak_from_this()] {
    std::shared_ptr<TlsHandshake> self = weak.lock();
    if (!self) return;
    self->timer_ = 0;
    self->finish(fail(ErrorCode::timed_out, "the deadline passed"));
  });
  socket_->executor().post([self = shared_from_this()] { self->step(); });
}

void TlsHandshake::wait_for(boost::asio::socket_base::wait_type what) {
  socket_->asio().async_wait(what, [self = shared_from_this()](const boost::system::error_code& error) {
    if (!error) self->step();
  });
}

void TlsHandshake::step() {
  if (!done_ || socket_->closed()) return;
  switch (session_->handshake()) {
    case TlsSession::Outcome::want_read: return wait_for(boost::asio::socket_base::wait_read);
    case TlsSession::Outcome::want_write: return wait_for(boost::asio::socket_base::wait_write);
    case TlsSession::Outcome::done: return finish(Status{});
    case TlsSession::Outcome::ended: return finish(fail(ErrorCode::unavailable, "the other side has ended"));
    case TlsSession::Outcome::failed: return finish(fail(ErrorCode::unavailable, session_->failure()));
  }
}

void TlsHandshake::finish(Status status) {
  if (!done_) return;
  if (timer_ != 0) socket_->executor().cancel_timer(std::exchange(timer_, 0));
  Done done = std::exchange(done_, nullptr);
  if (!status) {
    socket_->close();
    return done(fail(status.error()));
  }
  done(std::move(session_));
}

void TlsHandshake::cancel() {
  if (timer_ != 0) socket_->executor().cancel_timer(std::exchange(timer_, 0));
  done_ = nullptr;
  socket_->close();
}

}  // namespace distributary
