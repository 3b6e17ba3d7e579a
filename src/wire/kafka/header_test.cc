#include "wire/kafka/header.h"

#include <gtest/gtest.h>

#include "wire/kafka/api_versions.h"
#include "wire/kafka/fetch.h"
#include "wire/kafka/golden_entries.h"
#include "wire/kafka/heartbeat.h"
#include "wire/kafka/produce.h"

namespace distributary::kafka {
namespace {

TEST(KafkaHeader, TableKnowsVersionsAndHeaders) {
  const ApiInfo* fetch = find_api(ApiKey::fetch);
  ASSERT_NE(fetch, nullptr);
  EXPECT_EQ(fetch->name, "Fetch");
  EXPECT_EQ(request_header_version(*fetch, 11), 1);
  EXPECT_EQ(request_header_version(*fetch, 12), 2);
  EXPECT_EQ(response_header_version(*fetch, 12), 1);
  EXPECT_EQ(response_header_version(*find_api(ApiKey::api_versions), 4), 0);
  EXPECT_EQ(request_header_version(*find_api(ApiKey::sasl_handshake), 1), 1);
  const ApiInfo* produce = find_api(ApiKey::produce);
  EXPECT_EQ(produce->min_version, 0);
  EXPECT_FALSE(produce->decodes(2));
  EXPECT_TRUE(produce->decodes(3));
  EXPECT_EQ(find_api(int16_t{4}), nullptr);
  EXPECT_EQ(find_api(int16_t{-1}), nullptr);
  EXPECT_EQ(find_api(int16_t{999}), nullptr);
}

TEST(KafkaHeader, RequestFrameRoundTrip) {
  HeartbeatRequest request;
  request.group_id = "g";
  request.generation_id = 3;
  for (int16_t version = HeartbeatRequest::kMinVersion; version <= HeartbeatRequest::kMaxVersion; ++version) {
    auto pieces = encode_request_frame(request, version, 77, "kcat");
    ASSERT_TRUE(pieces);
    auto frame = join_pieces(*pieces);
    ByteView all(frame);
    EXPECT_EQ(decode_frame_size(all.first(4)).value(), frame.size() - 4);
    auto header = decode_request_header(all.subspan(4));
    ASSERT_TRUE(header);
    EXPECT_EQ(header->correlation_id, 77);
    EXPECT_EQ(header->client_id, "kcat");
    EXPECT_EQ(HeartbeatRequest::decode(header->body, version).value(), request);
  }
}

TEST(KafkaHeader, UnknownApiVersionsVersionStillHasAHeader) {
  const uint8_t frame[] = {0, 18, 0, 99, 0, 0, 0, 5, 0, 1, 'x', 0, 1, 2, 3};
  auto header = decode_request_header(frame);
  ASSERT_TRUE(header);
  EXPECT_FALSE(header->version_known());
  EXPECT_EQ(header->correlation_id, 5);
  EXPECT_EQ(header->body.size(), 3u);
}

TEST(KafkaHeader, RefusesBadFrames) {
  const uint8_t negative[] = {0xff, 0, 0, 0}, large[] = {0x7f, 0, 0, 0}, unknown_api[] = {3, 0xe7, 0, 0, 0, 0, 0, 0};
  EXPECT_EQ(decode_frame_size(negative).error().code, distributary::ErrorCode::corrupt);
  EXPECT_EQ(decode_frame_size(large).error().code, distributary::ErrorCode::too_large);
  EXPECT_EQ(decode_request_header(unknown_api).error().code, distributary::ErrorCode::unsupported);
  EXPECT_FALSE(decode_request_header(ByteView(unknown_api).first(7)));
}

TEST(KafkaHeader, FetchedRecordsAreNotCopied) {
  Bytes stored(std::vector<uint8_t>(100, 7));
  FetchResponse response;
  response.responses.resize(1);
  response.responses[0].partitions.resize(2);
  response.responses[0].partitions[0].records = {stored.slice(0, 60), stored.slice(60, 40)};
  auto pieces = encode_response_frame(response, 12, 1);
  ASSERT_TRUE(pieces);
  ASSERT_EQ(pieces->size(), 4u);
  EXPECT_EQ((*pieces)[1].data(), stored.data());
  EXPECT_EQ((*pieces)[2].data(), stored.data() + 60);
  auto frame = join_pieces(*pieces);
  EXPECT_EQ(decode_frame_size(ByteView(frame).first(4)).value(), frame.size() - 4);
  Bytes body(std::move(frame));
  auto header = decode_response_header(body.view().subspan(4), *find_api(ApiKey::fetch), 12);
  ASSERT_TRUE(header);
  auto decoded = FetchResponse::decode(body.slice(body.size() - header->body.size(), header->body.size()), 12);
  ASSERT_TRUE(decoded);
  ASSERT_EQ(decoded->responses[0].partitions[0].records->size(), 1u);
  EXPECT_EQ((*decoded->responses[0].partitions[0].records)[0].size(), 100u);
  EXPECT_TRUE(decoded->responses[0].partitions[1].records->empty());
}

TEST(KafkaHeader, ProducedRecordsAreBorrowed) {
  std::vector<uint8_t> batch(50, 3);
  ProduceRequest request;
  request.topic_data.resize(1);
  request.topic_data[0].name = "t";
  request.topic_data[0].partition_data.resize(1);
  request.topic_data[0].partition_data[0].records = ByteView(batch);
  auto pieces = encode_request_frame(request, 9, 1, std::nullopt);
  ASSERT_TRUE(pieces);
  EXPECT_EQ((*pieces)[1].data(), batch.data());
  auto frame = join_pieces(*pieces);
  auto header = decode_request_header(ByteView(frame).subspan(4));
  auto decoded = ProduceRequest::decode(header->body, 9);
  ASSERT_TRUE(decoded);
  ByteView records = *decoded->topic_data[0].partition_data[0].records;
  EXPECT_TRUE(records.data() > frame.data() && records.data() < frame.data() + frame.size());
  EXPECT_EQ(decoded->topic_data[0].name, "t");
}

TEST(KafkaHeader, TextTooLongIsAnError) {
  HeartbeatRequest request;
  request.group_id = std::string(kMaxTextBytes + 1, 'x');
  auto pieces = encode_request_frame(request, 4, 1, std::nullopt);
  ASSERT_FALSE(pieces);
  EXPECT_EQ(pieces.error().code, distributary::ErrorCode::too_large);
}

TEST(KafkaHeader, VersionOutsideTheRangeIsUnsupported) {
  EXPECT_EQ(ProduceRequest::decode({}, 2).error().code, distributary::ErrorCode::unsupported);
  Writer out;
  EXPECT_EQ(ApiVersionsResponse().encode(out, 5).error().code, distributary::ErrorCode::unsupported);
}

}  // namespace
}  // namespace distributary::kafka
