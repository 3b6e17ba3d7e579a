// What source and replica agree on when a session begins: the source holds what the replica says it has against its own
// history.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "stream/stream.h"
#include "wire/link/messages.h"

namespace distributary {

struct Agreement {
  std::optional<Ending> refusal;  // ErrAhead, ErrDiverged, ErrGap, ErrSourceFailed: no session
  OriginPositions held;           // what need not be sent
  LogPosition start;              // of the source's log: the first place after which anything is missing
  std::vector<Bytes> baselines;   // to be sent first: they stand for history that is no longer kept
  OriginPositions baselined;      // what they stand for
};

// What a replica holds of the content's origin once it has applied it.
OriginPosition position_after(const ContentView& content);

// `replica`: what an origin of the replica's own wrote is never sent back to it. `where` names the replica in messages.
Task<Agreement> agree(Stream& source, Uuid replica, std::string where, std::vector<HeldPosition> positions);

// Origins of which the replica holds less than it once acknowledged: it has lost durable history. Words for people;
// empty when there are none.
std::string describe_regression(const OriginPositions& acknowledged, const OriginPositions& held);

}  // namespace distributary
