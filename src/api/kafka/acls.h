// Access control lists of Kafka, which there are none of: who may do what is said by a stream's permissions. They are
// answered as by a Kafka that has no authorizer, with SECURITY_DISABLED, which tools know.
#pragma once

#include "api/kafka/request.h"

namespace distributary {

Task<Result<KafkaAnswer>> handle_create_acls(const KafkaRequest& request);
Task<Result<KafkaAnswer>> handle_delete_acls(const KafkaRequest& request);
Task<Result<KafkaAnswer>> handle_describe_acls(const KafkaRequest& request);

}  // namespace distributary
