// The end of a rewritten segment: a group without entries that carries what was dropped from it
// (docs/formats/stream-log.md).
//
// Errors: corrupt when the segment does not end with one, or with that of another rewrite.
#pragma once

#include "stream/log_format.h"
#include "stream/segment_table.h"

namespace distributary {

// Appends it to `out`, which will lie at `at` of the segment; `header` as for a group that follows the last one.
void append_rewrite_summary(std::vector<uint8_t>& out, GroupHeader header, uint32_t segment_salt,
                            const RewriteSummary& summary);
Task<Result<RewriteSummary>> read_rewrite_summary(Log& log, LogId id, SegmentInfo segment);

}  // namespace distributary
