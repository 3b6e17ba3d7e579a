// What holds for every API that is advertised, whichever it is: the requests of Kafka's own client are answered, cut
// requests end their own connection only, and its answers are tested in every version.
#include "api/kafka/api_registry.h"
#include "api/kafka/kafka_harness.h"
#include "wire/kafka/golden_entries.h"
#include "wire/kafka/message_registry.h"
#include "wire/kafka/metadata.h"

namespace distributary {
namespace {

constexpr int32_t kCorrelation = 0x01020304;

const kafka::MessageType& message_type(const std::string& name) {
  for (const kafka::MessageType& type : kafka::message_registry()) {
    if (type.name == name) return type;
  }
  ADD_FAILURE() << name << " is not a message";
  return kafka::message_registry().front();
}

class KafkaWalkTest : public testing::Test, protected KafkaHarness {
 protected:
  KafkaWalkTest() : good(connect()) {}

  // Calls `body(api, version, request)` with both forms of what Kafka's client sends.
  template <class Body>
  void for_each_request(Body body) {
    for (const KafkaApi& row : kafka_apis()) {
      const kafka::ApiInfo& api = *kafka::find_api(row.key);
      for (int16_t version = api.oldest_decodable; version <= api.max_version; ++version) {
        for (const char* form : {"full", "sparse"}) {
          SCOPED_TRACE(std::string(api.name) + " version " + std::to_string(version) + " " + form);
          const kafka::GoldenEntry* golden = kafka::find_golden(std::string(api.name) + "Request", version, form);
          ASSERT_NE(golden, nullptr);
          body(api, version, golden->bytes);
        }
      }
    }
  }
  static std::vector<uint8_t> frame_of(const kafka::ApiInfo& api, int16_t version, ByteView body) {
    kafka::Writer out;
    kafka::begin_request_frame(out, {&api, version, kCorrelation, "walker", {}});
    std::vector<uint8_t> frame = join_pieces(must(kafka::finish_frame(out, kafka::kMaxFrameBytes)));
    frame.insert(frame.end(), body.begin(), body.end());
    store_be<int32_t>(frame.data(), static_cast<int32_t>(frame.size() - 4));
    return frame;
  }
  void expect_good_works() { good.call<kafka::MetadataResponse>(kafka::MetadataRequest{}, 12); }

  KafkaTestClient good;
};

TEST_F(KafkaWalkTest, WhatKafkasClientSendsIsAnsweredInItsOwnForm) {
  size_t answered = 0;
  for_each_request([&](const kafka::ApiInfo& api, int16_t version, ByteView request) {
    KafkaTestClient client = connect();
    client.send_bytes(frame_of(api, version, request));
    Bytes frame = client.read_frame();
    // A Produce that wants no answer, and fails, ends the connection.
    if (frame.empty() && api.key == kafka::ApiKey::produce) return;
    ASSERT_FALSE(frame.empty()) << "the connection was closed";
    kafka::ResponseHeader header = must(kafka::decode_response_header(frame, api, version));
    EXPECT_EQ(header.correlation_id, kCorrelation);
    auto again = message_type(std::string(api.name) + "Response").recode(header.body, version);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(join_pieces(*again), std::vector<uint8_t>(header.body.begin(), header.body.end()));
    ++answered;
  });
  EXPECT_GT(answered, 150u);
  connect().call<kafka::MetadataResponse>(kafka::MetadataRequest{}, 12);
}

TEST_F(KafkaWalkTest, RequestsThatAreCutEndTheirOwnConnectionOnly) {
  size_t refused = 0;
  for_each_request([&](const kafka::ApiInfo& api, int16_t version, ByteView request) {
    std::vector<std::vector<uint8_t>> bad;
    if (!request.empty()) bad.push_back(frame_of(api, version, request.first(request.size() - 1)));
    if (request.size() > 2) bad.push_back(frame_of(api, version, request.first(request.size() / 2)));
    for (const std::vector<uint8_t>& frame : bad) {
      KafkaTestClient client = connect();
      client.send_bytes(frame);
      EXPECT_TRUE(client.closed()) << frame.size() << " bytes of " << request.size();
      ++refused;
    }
  });
  EXPECT_GT(refused, 250u);
  expect_good_works();
  sim.executor().run_for(std::chrono::seconds(1));
  EXPECT_EQ(listener->connections(), 1u);
}

// As Kafka does; librdkafka 2.16 needs it.
TEST_F(KafkaWalkTest, WhatComesAfterARequestIsIgnored) {
  for_each_request([&](const kafka::ApiInfo& api, int16_t version, ByteView request) {
    if (api.key == kafka::ApiKey::produce) return;  // may end the connection for other reasons
    std::vector<uint8_t> longer(request.begin(), request.end());
    longer.insert(longer.end(), {0, 7, 0});
    KafkaTestClient client = connect();
    client.send_bytes(frame_of(api, version, longer));
    EXPECT_FALSE(client.read_frame().empty());
  });
}

// Whoever advertises an API tests what it answers, in every version. Looked at when all tests have run.
class EveryApiIsTested : public testing::Environment {
 public:
  void TearDown() override {
    const testing::UnitTest& tests = *testing::UnitTest::GetInstance();
    if (tests.test_to_run_count() != tests.total_test_count()) return;
    for (const KafkaApi& row : kafka_apis()) {
      const kafka::ApiInfo& api = *kafka::find_api(row.key);
      for (int16_t version = api.oldest_decodable; version <= api.max_version; ++version) {
        EXPECT_TRUE(tested_answers().contains({row.key, version}))
            << api.name << " is advertised in version " << version
            << ", and no test receives its answer; write one with KafkaTestClient::receive";
      }
    }
  }
};
[[maybe_unused]] testing::Environment* const kEveryApiIsTested =
    testing::AddGlobalTestEnvironment(new EveryApiIsTested);  // gtest deletes it

}  // namespace
}  // namespace distributary
