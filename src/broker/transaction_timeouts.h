// TransactionTimeouts: aborts transactions that take longer than they said, and forgets transactional ids that nobody
// has used for the stream's producer expiry. Looks only at streams that are open: until one is opened nobody reads it,
// and then it is looked at.
//
// Threads: the executor's. Ownership: one per broker; `stop` before destruction.
#pragma once

#include "broker/context.h"
#include "io/task_scope.h"

namespace distributary {

class TransactionTimeouts {
 public:
  explicit TransactionTimeouts(BrokerContext context);
  Task<void> stop();
  // One round over the open streams; normally by itself, every transaction_sweep_interval.
  void abort_late();
  Task<void> expire_unused();

 private:
  Task<void> loop();
  void abort_late(const OpenStream& stream, WallMillis now);
  Task<void> expire_unused(StreamHandle stream);
  Task<WallMillis> last_use(StreamHandle home, TransactionalId id);

  BrokerContext context_;
  TaskScope scope_;
};

}  // namespace distributary
