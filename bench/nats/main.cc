// bench_nats COMMAND [name=value ...]: a client of NATS JetStream that does what bench_client does with Kafka's
// protocol.
#include "nats/client.h"

using namespace distributary::bench;

int main(int count, char** words) {
  return run_command(count, words,
                     {{"request", request},
                      {"produce", produce},
                      {"consume", consume},
                      {"latency", latency},
                      {"watch", watch},
                      {"first-ack", first_acknowledgement}});
}
