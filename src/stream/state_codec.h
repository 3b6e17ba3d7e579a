// Encoding of the pieces of StreamState, shared by checkpoint chunks and baselines. Private to stream/.
//
// A decoder that meets something impossible makes `in.ok()` false; the caller looks once at the end.
#pragma once

#include <memory>
#include <utility>

#include "base/coding_pieces.h"
#include "stream/stream_state.h"

namespace distributary::state_codec {

void put_origin(Encoder& out, const Origin& origin);
Origin get_origin(Decoder& in);
void put_topic(Encoder& out, const Topic& topic);
std::unique_ptr<Topic> get_topic(Decoder& in);
void put_group(Encoder& out, const std::string& group, const GroupCursors& cursors);
GroupCursors get_group(Decoder& in);
void put_producer(Encoder& out, const ProducerKey& key, const ProducerState& producer);
std::pair<ProducerKey, ProducerState> get_producer(Decoder& in);

}  // namespace distributary::state_codec
