#include <fmt/format.h>

#include <map>

#include "api/kafka/handlers.h"
#include "wire/kafka/describe_user_scram_credentials.h"

namespace distributary {
namespace {

kafka::DescribeUserScramCredentialsResponse::UserResult answer(const std::string& user, size_t times) {
  kafka::DescribeUserScramCredentialsResponse::UserResult out;
  out.user = user;
  if (times > 1) {
    out.error_code = kafka::ErrorCode::duplicate_resource;
    out.error_message = fmt::format("the user '{}' is asked for twice", user);
  } else {
    out.error_code = kafka::ErrorCode::resource_not_found;
    out.error_message = fmt::format("the user '{}' has no credential here", user);
  }
  return out;
}

}  // namespace

// Nobody has any: tools that list users ask for them beside the quotas.
Task<Result<KafkaAnswer>> handle_describe_user_scram_credentials(const KafkaRequest& request) {
  CO_TRY(kafka::DescribeUserScramCredentialsRequest asked,
         decode_request<kafka::DescribeUserScramCredentialsRequest>(request));
  kafka::DescribeUserScramCredentialsResponse response;
  if (Status allowed = request.broker().directory().check_administrator(request.caller); !allowed) {
    response.error_code = kafka::ErrorCode::cluster_authorization_failed;
    response.error_message = allowed.error().message;
    co_return encode_answer(request, response);
  }
  std::map<std::string, size_t> users;
  if (asked.users) {
    for (const kafka::DescribeUserScramCredentialsRequest::User& user : *asked.users) ++users[user.name];
  }
  for (const auto& [user, times] : users) response.results.push_back(answer(user, times));
  co_return encode_answer(request, response);
}

}  // namespace distributary
