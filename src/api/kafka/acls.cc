#include "api/kafka/acls.h"

#include "wire/kafka/create_acls.h"
#include "wire/kafka/delete_acls.h"
#include "wire/kafka/describe_acls.h"

namespace distributary {
namespace {

constexpr kafka::ErrorCode kNone = kafka::ErrorCode::security_disabled;
constexpr const char* kWhy =
    "there are no access control lists; the permissions of a stream say who may do what (maprcli stream edit)";

}  // namespace

Task<Result<KafkaAnswer>> handle_create_acls(const KafkaRequest& request) {
  CO_TRY(kafka::CreateAclsRequest asked, decode_request<kafka::CreateAclsRequest>(request));
  kafka::CreateAclsResponse response;
  response.results.resize(asked.creations.size(), {kNone, kWhy});
  co_return encode_answer(request, response);
}

Task<Result<KafkaAnswer>> handle_delete_acls(const KafkaRequest& request) {
  CO_TRY(kafka::DeleteAclsRequest asked, decode_request<kafka::DeleteAclsRequest>(request));
  kafka::DeleteAclsResponse response;
  response.filter_results.resize(asked.filters.size(), {kNone, kWhy, {}});
  co_return encode_answer(request, response);
}

Task<Result<KafkaAnswer>> handle_describe_acls(const KafkaRequest& request) {
  CO_TRY(kafka::DescribeAclsRequest asked, decode_request<kafka::DescribeAclsRequest>(request));
  kafka::DescribeAclsResponse response;
  response.error_code = kNone;
  response.error_message = kWhy;
  co_return encode_answer(request, response);
}

}  // namespace distributary
