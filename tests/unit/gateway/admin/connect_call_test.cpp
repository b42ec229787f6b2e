// Bodies and faults of the Connect protocol.
#include "gateway/admin/connect_call.hpp"

#include <gtest/gtest.h>

#include "stellwerk/v1/admin.pb.h"

namespace stellwerk::admin {
namespace {

TEST(connect_call, every_code_has_its_word_and_http_status) {
  // https://connectrpc.com/docs/protocol: codes of unary calls.
  const std::pair<connect_code, std::pair<std::string_view, int>> all[] = {
      {connect_code::invalid_argument, {"invalid_argument", 400}},
      {connect_code::not_found, {"not_found", 404}},
      {connect_code::permission_denied, {"permission_denied", 403}},
      {connect_code::resource_exhausted, {"resource_exhausted", 429}},
      {connect_code::failed_precondition, {"failed_precondition", 400}},
      {connect_code::internal, {"internal", 500}},
      {connect_code::unavailable, {"unavailable", 503}},
      {connect_code::unauthenticated, {"unauthenticated", 401}},
  };
  for (const auto& [code, expected] : all) {
    const auto response = to_response(call_fault{code, "it \"failed\"\n"});
    EXPECT_EQ(response.status, expected.second);
    EXPECT_EQ(response.body,
              "{\"code\":\"" + std::string{expected.first} + "\",\"message\":\"it \\\"failed\\\"\\u000a\"}");
  }
}

TEST(connect_call, messages_are_lower_camel_case_json) {
  stellwerk::v1::QueuedRecipient row;
  row.set_queue_id("X");
  row.set_size_bytes(12);
  const auto response = to_response(row);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, R"({"queueId":"X","sizeBytes":"12"})");
}

TEST(connect_call, misspelt_fields_are_faults) {
  stellwerk::v1::ListMessagesRequest request;
  EXPECT_FALSE(parse_body(R"({"recipientDomain": "example.org", "page_size": 5})", request));
  EXPECT_EQ(request.recipient_domain(), "example.org");
  EXPECT_EQ(request.page_size(), 5);
  EXPECT_TRUE(parse_body(R"({"recipientDomian": "example.org"})", request));
}

}  // namespace
}  // namespace stellwerk::admin
