#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "raw/raw.h"

namespace distributary::bench {
namespace {

sockaddr_in address_of(const std::string& address, uint16_t port) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_port = htons(port);
  if (inet_pton(AF_INET, address.c_str(), &result.sin_addr) != 1) throw Failure("no address: " + address);
  return result;
}

Descriptor without_delay(Descriptor socket) {
  int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return socket;
}

}  // namespace

Descriptor::~Descriptor() {
  if (value_ >= 0) ::close(value_);
}

void check_errno(bool good, const std::string& what) {
  if (!good) throw Failure(what + ": " + std::strerror(errno));
}

Descriptor open_file(const std::string& path, int flags) {
  Descriptor file(::open(path.c_str(), flags | O_CLOEXEC, 0644));
  check_errno(file.get() >= 0, path);
  return file;
}

Descriptor listen_on(const std::string& address, uint16_t port) {
  Descriptor listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  int on = 1;
  ::setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in where = address_of(address, port);
  check_errno(::bind(listener.get(), reinterpret_cast<sockaddr*>(&where), sizeof where) == 0, "bind");
  check_errno(::listen(listener.get(), 64) == 0, "listen");
  return listener;
}

Descriptor accept_from(const Descriptor& listener) {
  Descriptor socket(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  check_errno(socket.get() >= 0, "accept");
  return without_delay(std::move(socket));
}

Descriptor connect_to(const std::string& address, uint16_t port) {
  Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in where = address_of(address, port);
  check_errno(::connect(socket.get(), reinterpret_cast<sockaddr*>(&where), sizeof where) == 0, "connect");
  return without_delay(std::move(socket));
}

std::pair<Descriptor, Descriptor> connected_pair() {
  Descriptor listener = listen_on("127.0.0.1", 0);
  sockaddr_in where{};
  socklen_t size = sizeof where;
  ::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&where), &size);
  Descriptor one = connect_to("127.0.0.1", ntohs(where.sin_port));
  Descriptor other = accept_from(listener);
  return {std::move(one), std::move(other)};
}

void make_file(const std::string& path, const std::string& payload, uint64_t bytes) {
  std::ifstream in(payload, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(in), {});
  if (text.empty()) throw Failure(payload + " is empty or not there");
  Descriptor file = open_file(path, O_WRONLY | O_CREAT | O_TRUNC);
  for (uint64_t done = 0; done < bytes;) {
    size_t size = std::min<uint64_t>(text.size(), bytes - done);
    ssize_t written = ::write(file.get(), text.data(), size);
    check_errno(written > 0, "write");
    done += static_cast<uint64_t>(written);
  }
}

double cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6; };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

}  // namespace distributary::bench
