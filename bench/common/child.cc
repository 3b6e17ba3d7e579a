#include "common/child.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <sstream>
#include <vector>

#include "common/arguments.h"
#include "common/clock.h"

namespace distributary::bench {
namespace {

constexpr int64_t kBetweenTries = 100'000;
constexpr int64_t kEndNs = 20'000'000'000;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::stringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

}  // namespace

Child::Child(const std::string& command, const std::string& log) {
  std::vector<std::string> words = lines_of(command);
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  int output = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  started_ = now_ns();
  pid_ = ::fork();
  if (pid_ < 0) throw Failure(std::string("fork: ") + std::strerror(errno));
  if (pid_ == 0) {
    ::dup2(output, STDOUT_FILENO);
    ::dup2(output, STDERR_FILENO);
    ::execvp(pointers[0], pointers.data());
    ::_exit(127);
  }
  ::close(output);
}

Child::~Child() {
  ::kill(pid_, SIGTERM);
  int64_t deadline = now_ns() + kEndNs;
  while (::waitpid(pid_, nullptr, WNOHANG) == 0) {
    if (now_ns() > deadline) ::kill(pid_, SIGKILL);
    sleep_until_ns(now_ns() + 1'000'000);
  }
}

int Child::connect(uint16_t port, double seconds) const {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int64_t deadline = started_ + static_cast<int64_t>(seconds * 1e9);
  while (now_ns() < deadline) {
    int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
      int on = 1;
      ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      return socket;
    }
    ::close(socket);
    siginfo_t ended{};
    if (::waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended.si_pid != 0)
      throw Failure("the server has ended; see its log");
    sleep_until_ns(now_ns() + kBetweenTries);
  }
  throw Failure("the server does not listen in time");
}

void send_all(int socket, const void* data, size_t size) {
  const char* at = static_cast<const char*>(data);
  while (size > 0) {
    ssize_t sent = ::send(socket, at, size, MSG_NOSIGNAL);
    if (sent <= 0) throw Failure(std::string("send: ") + std::strerror(errno));
    at += sent;
    size -= static_cast<size_t>(sent);
  }
}

void receive_all(int socket, void* data, size_t size) {
  char* at = static_cast<char*>(data);
  while (size > 0) {
    ssize_t got = ::recv(socket, at, size, 0);
    if (got <= 0) throw Failure(got == 0 ? "the connection was closed" : std::string("recv: ") + std::strerror(errno));
    at += got;
    size -= static_cast<size_t>(got);
  }
}

}  // namespace distributary::bench
