// rdkafka_client BROKER PROGRAM ARGUMENT...: see the files of this folder.
#include <poll.h>
#include <unistd.h>

#include <cstdio>
#include <functional>
#include <map>

#include "client.h"

bool rdkafka_client::input_ended() {
  pollfd input{STDIN_FILENO, POLLIN, 0};
  if (::poll(&input, 1, 0) <= 0) return false;
  char byte = 0;
  return ::read(STDIN_FILENO, &byte, 1) == 0;
}

using namespace rdkafka_client;

int main(int count, char** words) {
  const std::map<std::string, std::function<void(const std::string&, const std::vector<std::string>&)>> programs{
      {"produce", produce}, {"group", consume_in_group}, {"time", offset_for_time}, {"create", create_topic},
      {"grow", grow_topic}, {"delete", delete_topic},    {"transact", transact},    {"fence", fence}};
  std::vector<std::string> arguments(words + 1, words + count);
  if (arguments.size() < 2 || !programs.contains(arguments[1])) {
    std::fprintf(stderr, "usage: rdkafka_client BROKER PROGRAM ARGUMENT...\n");
    return 2;
  }
  try {
    programs.at(arguments[1])(arguments[0], {arguments.begin() + 2, arguments.end()});
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
