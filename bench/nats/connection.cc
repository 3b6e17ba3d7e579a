#include "nats/connection.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstring>

#include "common/arguments.h"
#include "common/child.h"

namespace distributary::bench {
namespace {

constexpr size_t kSendAt = 256 << 10;
constexpr size_t kBufferBytes = 4 << 20;
constexpr int kAnswerMillis = 30'000;
constexpr char kConnect[] =
    "CONNECT {\"verbose\":false,\"pedantic\":false,\"headers\":true,\"no_responders\":true}\r\n";

int connected(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    throw Failure(std::string("connecting to NATS: ") + std::strerror(errno));
  int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return socket;
}

size_t number_of(std::string_view text) {
  size_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (!line.empty()) {
    size_t blank = std::min(line.find(' '), line.size());
    if (blank > 0) words.push_back(line.substr(0, blank));
    line.remove_prefix(std::min(blank + 1, line.size()));
  }
  return words;
}

}  // namespace

uint64_t number_in(std::string_view answer, std::string_view name) {
  std::string key = fmt::format("\"{}\":", name);
  size_t at = answer.find(key);
  if (at == std::string_view::npos) throw Failure(fmt::format("no {} in {}", name, answer));
  return number_of(answer.substr(at + key.size()));
}

NatsConnection::NatsConnection(uint16_t port) : NatsConnection(connected(port), true) {}

NatsConnection::NatsConnection(int socket, bool) : socket_(socket), in_(kBufferBytes) {
  static std::atomic<int> connections{0};
  inbox_ = fmt::format("_BENCH.{}.{}.", ::getpid(), ++connections);
  out_ = kConnect;
  subscribe(own("answer.*"));
  flush();
}

NatsConnection::~NatsConnection() { ::close(socket_); }

void NatsConnection::subscribe(std::string_view subject) {
  out_ += fmt::format("SUB {} {}\r\n", subject, ++subscriptions_);
}

void NatsConnection::publish(std::string_view subject, std::string_view reply, std::string_view first,
                             std::string_view rest) {
  char size[16];
  char* end = std::to_chars(size, size + sizeof size, first.size() + rest.size()).ptr;
  out_.append("PUB ").append(subject).append(" ").append(reply).append(reply.empty() ? "" : " ");
  out_.append(size, end).append("\r\n").append(first).append(rest).append("\r\n");
  if (out_.size() >= kSendAt) flush();
}

void NatsConnection::flush() {
  if (!out_.empty()) send_all(socket_, out_.data(), out_.size());
  out_.clear();
}

bool NatsConnection::receive(NatsMessage& message, int wait_ms) {
  while (!parse(message)) {
    flush();
    if (!fill(wait_ms)) return false;
  }
  return true;
}

bool NatsConnection::fill(int wait_ms) {
  if (in_.size() - end_ < kBufferBytes / 2) {
    std::memmove(in_.data(), in_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  pollfd readable{socket_, POLLIN, 0};
  if (::poll(&readable, 1, wait_ms) <= 0) return false;
  ssize_t count = ::recv(socket_, in_.data() + end_, in_.size() - end_, 0);
  if (count <= 0) throw Failure("the NATS server closed the connection");
  end_ += static_cast<size_t>(count);
  return true;
}

// MSG subject sid [reply] bytes, HMSG subject sid [reply] header-bytes bytes, PING, PONG, INFO, +OK, -ERR.
bool NatsConnection::parse(NatsMessage& message) {
  while (true) {
    std::string_view input(in_.data() + begin_, end_ - begin_);
    size_t line_end = input.find("\r\n");
    if (line_end == std::string_view::npos) return false;
    std::string_view line = input.substr(0, line_end);
    if (line.starts_with("-ERR")) throw Failure("NATS says " + std::string(line));
    bool headed = line.starts_with("HMSG ");
    if (!headed && !line.starts_with("MSG ")) {
      if (line == "PING") out_ += "PONG\r\n";
      begin_ += line_end + 2;
      continue;
    }
    std::vector<std::string_view> words = words_of(line);
    size_t bytes = number_of(words.back());
    size_t header_bytes = headed ? number_of(words[words.size() - 2]) : 0;
    if (input.size() < line_end + 2 + bytes + 2) return false;
    std::string_view body = input.substr(line_end + 2, bytes);
    std::string_view headers = body.substr(0, header_bytes);
    message = {words[1], {}, headers.substr(0, headers.find('\r')), body.substr(header_bytes)};
    if (words.size() == (headed ? 6 : 5)) message.reply = words[3];
    begin_ += line_end + 2 + bytes + 2;
    return true;
  }
}

std::string NatsConnection::request(std::string_view subject, std::string_view payload) {
  std::string inbox = own(fmt::format("answer.{}", ++requests_));
  publish(subject, inbox, payload);
  NatsMessage message;
  while (receive(message, kAnswerMillis)) {
    if (message.subject != inbox) continue;
    if (!message.status.empty()) throw Failure(fmt::format("{}: {}", subject, message.status));
    std::string answer(message.payload);
    if (answer.find("\"error\"") != std::string::npos) throw Failure(fmt::format("{}: {}", subject, answer));
    return answer;
  }
  throw Failure(fmt::format("{}: no answer", subject));
}

}  // namespace distributary::bench
