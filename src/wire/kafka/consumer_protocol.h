// The blobs that clients of protocol type "consumer" put into JoinGroup and SyncGroup. Brokers pass them on unread, but
// for groups that change over to the new protocol; these functions are for that, for describing groups and for clients
// of our own. A blob of a newer version is read as the newest known one and what it has more is ignored, as clients do.
#pragma once

#include "base/bytes.h"
#include "base/error.h"
#include "wire/kafka/consumer_protocol_assignment.h"
#include "wire/kafka/consumer_protocol_subscription.h"

namespace distributary::kafka {

Result<ConsumerProtocolSubscription> decode_subscription(ByteView blob);
Result<ConsumerProtocolAssignment> decode_assignment(ByteView blob);
Result<Bytes> encode_subscription(const ConsumerProtocolSubscription& subscription, int16_t version);
Result<Bytes> encode_assignment(const ConsumerProtocolAssignment& assignment, int16_t version);

}  // namespace distributary::kafka
