// bench_client COMMAND [name=value ...]: see the files of this folder.
#include "client/client.h"

using namespace distributary::bench;

int main(int count, char** words) {
  return run_command(count, words,
                     {{"produce", produce},
                      {"consume", consume},
                      {"latency", latency},
                      {"watch", watch},
                      {"create", create_topic},
                      {"topics", create_topics},
                      {"await", await_topics},
                      {"first-ack", first_acknowledgement}});
}
