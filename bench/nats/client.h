// bench_nats: commands against one stream of JetStream; every one prints one JSON object. All records of a stream are
// in one order, so the payload of one follows from its sequence number (see common/payload.h; partition 0).
#pragma once

#include "common/arguments.h"

namespace distributary::bench {

// request port= subject= payload=: one request of the JetStream API; prints the answer.
void request(const Arguments& arguments);
// produce port= subject= payload= size= seconds= [bytes=]: asynchronous publishes, every one acknowledged.
void produce(const Arguments& arguments);
// consume port= stream= payload= size= records=: a push consumer with flow control and without acknowledgements.
void consume(const Arguments& arguments);
// latency port= at= subject= stream= payload= size= rate= seconds= warm=: like bench_client's.
void latency(const Arguments& arguments);
// watch port= stream= records= size=: how fast a mirror fills.
void watch(const Arguments& arguments);
// first-ack port= subject= command= log=
void first_acknowledgement(const Arguments& arguments);

}  // namespace distributary::bench
