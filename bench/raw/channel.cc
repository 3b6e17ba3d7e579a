#include "raw/channel.h"

#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "common/child.h"

namespace distributary::bench {
namespace {

// As in io/real: what is gathered for, and taken by, one call of the system.
constexpr long kSendBytes = 68 << 10;
constexpr long kReceiveBytes = 96 << 10;
// Both ends know a key: certificates would cost the handshake only.
constexpr char kKey[] = "sixteen bytes...";
constexpr unsigned kKeyBytes = sizeof kKey - 1;

unsigned give_key(unsigned char* into, unsigned room) {
  if (room < kKeyBytes) return 0;
  std::memcpy(into, kKey, kKeyBytes);
  return kKeyBytes;
}

unsigned key_of_client(SSL*, const char*, char* identity, unsigned room, unsigned char* key, unsigned key_room) {
  if (room < 2) return 0;
  std::memcpy(identity, "a", 2);
  return give_key(key, key_room);
}

unsigned key_of_server(SSL*, const char*, unsigned char* key, unsigned room) { return give_key(key, room); }

void check_tls(bool good, const char* what) {
  if (!good) throw Failure(std::string("TLS: ") + what);
}

SSL_CTX* make_context() {
  SSL_CTX* context = SSL_CTX_new(TLS_method());
  check_tls(context != nullptr, "no context");
  SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  check_tls(SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256") == 1, "no AES-128-GCM");
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_psk_client_callback(context, key_of_client);
  SSL_CTX_set_psk_server_callback(context, key_of_server);
  return context;
}

BIO* buffered(int descriptor) {
  BIO* buffer = BIO_new(BIO_f_buffer());
  check_tls(buffer != nullptr, "no buffer");
  check_tls(BIO_set_read_buffer_size(buffer, kReceiveBytes) == 1, "no buffer");
  check_tls(BIO_set_write_buffer_size(buffer, kSendBytes) == 1, "no buffer");
  return BIO_push(buffer, BIO_new_socket(descriptor, BIO_NOCLOSE));
}

}  // namespace

Channel::Channel(Descriptor socket, End end, bool tls) : socket_(std::move(socket)) {
  if (!tls) return;
  static SSL_CTX* context = make_context();
  ssl_ = SSL_new(context);
  check_tls(ssl_ != nullptr, "no session");
  SSL_set_bio(ssl_, buffered(socket_.get()), buffered(socket_.get()));
  if (end == End::sends) {
    SSL_set_connect_state(ssl_);
  } else {
    SSL_set_accept_state(ssl_);
  }
}

Channel::~Channel() { SSL_free(ssl_); }

void Channel::send(const uint8_t* data, size_t size) {
  if (!tls()) {
    send_all(socket_.get(), data, size);
    return;
  }
  size_t written = 0;
  check_tls(SSL_write_ex(ssl_, data, size, &written) == 1 && written == size, "a write failed");
}

void Channel::end() {
  if (tls()) {
    SSL_shutdown(ssl_);
    BIO_flush(SSL_get_wbio(ssl_));
  }
  ::shutdown(socket_.get(), SHUT_WR);
}

size_t Channel::receive(uint8_t* into, size_t size) {
  if (!tls()) {
    ssize_t count = ::recv(socket_.get(), into, size, 0);
    check_errno(count >= 0, "recv");
    return static_cast<size_t>(count);
  }
  size_t have = 0;
  while (have < size) {  // one record at most for each call: as many as fill the piece
    size_t count = 0;
    int result = SSL_read_ex(ssl_, into + have, size - have, &count);
    if (result != 1) {
      check_tls(SSL_get_error(ssl_, result) == SSL_ERROR_ZERO_RETURN, "a read failed");
      break;
    }
    have += count;
  }
  return have;
}

}  // namespace distributary::bench
