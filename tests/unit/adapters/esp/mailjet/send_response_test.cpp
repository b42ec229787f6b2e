#include "adapters/esp/mailjet/send_response.hpp"

#include <gtest/gtest.h>

#include "adapters/esp/mailjet/mailjet_mapping.hpp"
#include "tests/unit/adapters/esp/mailjet/message_samples.hpp"

namespace stellwerk::adapters::esp::mailjet {
namespace {

using mail::attempt_outcome;
using test::to_one;
using test::to_three;

vendor_answer answer_of(int status, std::string body) {
  vendor_answer answer;
  answer.status = status;
  answer.body = std::move(body);
  return answer;
}

std::vector<mail::recipient_outcome> read_one(const attempt& what, const vendor_answer& answer) {
  const std::vector<const attempt*> sent{&what};
  batch_reading reading = read_send_response(sent, answer);
  EXPECT_EQ(reading.fates.size(), 1U);
  EXPECT_FALSE(reading.send_apart);
  return std::move(reading.fates.at(0));
}

std::string outcomes_of(const std::vector<mail::recipient_outcome>& fates) {
  std::string text;
  for (const auto& one : fates) text += (text.empty() ? "" : " ") + std::string{mail::to_string(one.outcome)};
  return text;
}

std::string read(const attempt& what, int status, const std::string& body) {
  return outcomes_of(read_one(what, answer_of(status, body)));
}

std::string entry_error(const std::string& code, int status, const std::string& related = "") {
  return R"({"Messages":[{"Status":"error","Errors":[{"ErrorIdentifier":"f480a5a2","ErrorCode":")" + code +
         R"(","StatusCode":)" + std::to_string(status) + R"(,"ErrorMessage":"says why","ErrorRelatedTo":[")" + related +
         R"("]}]}]})";
}

TEST(mailjet_send_response, success_gives_each_recipient_its_own_id) {
  const auto fates = read_one(to_three(), answer_of(200, R"({"Messages":[{"Status":"success","CustomID":"gw-01J0-1",
    "To":[{"Email":"Good@example.com","MessageUUID":"a","MessageID":104427216766056450,"MessageHref":"x"},
          {"Email":"bad@example.net","MessageUUID":"b","MessageID":"18446744073709551615","MessageHref":"x"}],
    "Cc":[{"Email":"copy@example.org","MessageUUID":"c","MessageID":18446744073709551614,"MessageHref":"x"}],"Bcc":[]}]})"));
  EXPECT_EQ(outcomes_of(fates), "delivered delivered delivered");
  EXPECT_EQ(fates[0].vendor_message_id, "104427216766056450");  // larger than 2^53: no digit may be lost
  EXPECT_EQ(fates[1].vendor_message_id, "18446744073709551615");
  EXPECT_EQ(fates[2].vendor_message_id, "18446744073709551614");
  EXPECT_EQ(fates[0].code, 200);
  EXPECT_EQ(fates[0].stage, mail::attempt_stage::response);
}

TEST(mailjet_send_response, sandbox_has_no_ids) {
  const auto fates = read_one(to_one(), answer_of(200, R"({"Messages":[{"Status":"success","CustomID":"",
    "To":[{"Email":"ann@example.com","MessageUUID":"","MessageID":0,"MessageHref":""}],"Cc":[],"Bcc":[]}]})"));
  EXPECT_EQ(outcomes_of(fates), "delivered");
  EXPECT_EQ(fates[0].vendor_message_id, "");
}

TEST(mailjet_send_response, id_that_is_no_integer_is_no_id) {
  for (const char* id : {"1.0e17", "-4", "\"abc\"", "null", "99999999999999999999999"}) {
    const auto fates = read_one(to_one(), answer_of(200, R"({"Messages":[{"Status":"success",
      "To":[{"Email":"ann@example.com","MessageID":)" + std::string{id} +
                                                             "}]}]}"));
    EXPECT_EQ(outcomes_of(fates), "delivered") << id;
    EXPECT_EQ(fates[0].vendor_message_id, "") << id;
  }
}

// Section 3.2: the status of the call may be 4xx although the entry was sent.
TEST(mailjet_send_response, body_decides_before_the_status) {
  const std::string success = R"({"Messages":[{"Status":"success","To":[{"Email":"ann@example.com","MessageID":5}]}]})";
  EXPECT_EQ(read(to_one(), 400, success), "delivered");
  EXPECT_EQ(read(to_one(), 500, success), "delivered");
}

TEST(mailjet_send_response, bad_address_is_refused_alone) {
  const auto fates = read_one(to_three(), answer_of(400, entry_error("mj-0013", 400, "To[1].Email")));
  EXPECT_EQ(outcomes_of(fates), "deferred_recipient rejected_recipient deferred_recipient");
  EXPECT_EQ(fates[1].enhanced_status, "5.1.3");
  EXPECT_EQ(fates[1].reply, "400 mj-0013 says why [f480a5a2]");
  EXPECT_EQ(read(to_three(), 400, entry_error("mj-0013", 400, "Cc[0].Email")),
            "deferred_recipient deferred_recipient rejected_recipient");
}

TEST(mailjet_send_response, all_bad_addresses_are_refused) {
  EXPECT_EQ(read(to_three(), 400, R"({"Messages":[{"Status":"error","Errors":[
    {"ErrorCode":"mj-0013","StatusCode":400,"ErrorMessage":"m","ErrorRelatedTo":["To[0].Email"]},
    {"ErrorCode":"mj-0013","StatusCode":400,"ErrorMessage":"m","ErrorRelatedTo":["Cc[0].Email"]}]}]})"),
            "rejected_recipient deferred_recipient rejected_recipient");
}

TEST(mailjet_send_response, bad_address_of_a_single_recipient_is_its_own) {
  EXPECT_EQ(read(to_one(), 400, entry_error("mj-0013", 400, "To[0].Email")), "rejected_recipient");
  EXPECT_EQ(read(to_one(), 400, entry_error("mj-0013", 400)), "rejected_recipient");
}

TEST(mailjet_send_response, bad_address_that_is_no_recipients_bounces_nobodys_mailbox) {
  EXPECT_EQ(read(to_one(), 400, entry_error("mj-0013", 400, "From.Email")), "rejected_message");
  EXPECT_EQ(read(to_three(), 400, entry_error("mj-0013", 400, "ReplyTo.Email")),
            "rejected_message rejected_message rejected_message");
  EXPECT_EQ(read(to_three(), 400, entry_error("mj-0013", 400)), "adapter_fault adapter_fault adapter_fault");
  EXPECT_EQ(read(to_three(), 400, entry_error("mj-0013", 400, "To[9].Email")),
            "adapter_fault adapter_fault adapter_fault");
}

struct code_row {
  const char* code;
  int status;
  const char* outcome;
};

// Section 3.4 of the vendor's sheet.
const code_row code_rows[] = {
    {"send-0003", 400, "adapter_fault"},
    {"send-0004", 400, "adapter_fault"},
    {"send-0006", 403, "refused_sender"},
    {"send-0007", 403, "refused_sender"},
    {"send-0008", 403, "refused_sender"},
    {"send-0010", 400, "adapter_fault"},
    {"send-0011", 400, "adapter_fault"},
    {"send-0012", 400, "adapter_fault"},
    {"send-0013", 400, "adapter_fault"},
    {"send-0015", 400, "adapter_fault"},
    {"send-0016", 400, "adapter_fault"},
    {"mj-0001", 401, "refused_account"},
    {"mj-0002", 400, "adapter_fault"},
    {"mj-0003", 400, "adapter_fault"},
    {"mj-0004", 400, "adapter_fault"},
    {"mj-0005", 400, "adapter_fault"},
    {"mj-0006", 400, "rejected_message"},
    {"mj-0007", 400, "adapter_fault"},
    {"mj-0008", 400, "adapter_fault"},
    {"mj-0009", 400, "adapter_fault"},
    {"mj-0011", 400, "rejected_message"},
    {"mj-0012", 400, "adapter_fault"},
    {"mj-0015", 401, "refused_account"},
    {"mj-0020", 400, "adapter_fault"},
    {"mj-0021", 400, "adapter_fault"},
    {"mj-0025", 400, "adapter_fault"},
    {"mj-9999", 400, "adapter_fault"},
    {"mj-9999", 401, "refused_account"},
    {"mj-9999", 403, "refused_account"},
    {"mj-9999", 413, "rejected_message"},
    {"mj-9999", 429, "throttled"},
    {"mj-9999", 500, "unknown"},
    {"mj-9999", 503, "deferred_destination"},
};

TEST(mailjet_send_response, every_code_of_an_entry_has_its_outcome) {
  for (const code_row& row : code_rows) {
    EXPECT_EQ(read(to_one(), row.status, entry_error(row.code, row.status)), row.outcome)
        << row.code << ' ' << row.status;
  }
}

TEST(mailjet_send_response, every_code_of_the_whole_call_has_its_outcome) {
  for (const code_row& row : code_rows) {
    const std::string body = R"({"ErrorIdentifier":"06df1144","ErrorCode":")" + std::string{row.code} +
                             R"(","ErrorMessage":"m","StatusCode":)" + std::to_string(row.status) + "}";
    EXPECT_EQ(read(to_one(), row.status, body), row.outcome) << row.code << ' ' << row.status;
  }
}

TEST(mailjet_send_response, forbidden_that_names_the_sender_is_the_senders) {
  EXPECT_EQ(read(to_one(), 403, entry_error("send-9999", 403, "From.Email")), "refused_sender");
}

TEST(mailjet_send_response, size_is_the_refused_point) {
  const auto fates = read_one(to_one(), answer_of(400, entry_error("mj-0011", 400)));
  EXPECT_EQ(fates[0].refused_point, "size");
  EXPECT_EQ(fates[0].enhanced_status, "5.3.4");
}

TEST(mailjet_send_response, heaviest_of_several_errors_counts) {
  EXPECT_EQ(read(to_one(), 400, R"({"Messages":[{"Status":"error","Errors":[
    {"ErrorCode":"mj-0013","StatusCode":400,"ErrorMessage":"m","ErrorRelatedTo":["To[0].Email"]},
    {"ErrorCode":"send-0008","StatusCode":403,"ErrorMessage":"m","ErrorRelatedTo":["From"]}]}]})"),
            "refused_sender");
}

struct status_row {
  int status;
  const char* outcome;
};

TEST(mailjet_send_response, status_decides_where_the_body_says_nothing) {
  const status_row rows[] = {
      {200, "unknown"},
      {201, "unknown"},
      {301, "refused_account"},
      {302, "refused_account"},
      {400, "adapter_fault"},
      {401, "refused_account"},
      {402, "refused_account"},
      {403, "refused_account"},
      {404, "refused_account"},
      {405, "refused_account"},
      {408, "unknown"},
      {409, "adapter_fault"},
      {413, "rejected_message"},
      {429, "throttled"},
      {500, "unknown"},
      {502, "unknown"},
      {503, "deferred_destination"},
      {504, "unknown"},
      {599, "unknown"},
  };
  for (const status_row& row : rows) {
    for (const char* body :
         {"", "<html>Too Many Requests</html>", "[]", "{\"Messages\":", "{}", "{\"Messages\":\"x\"}"}) {
      EXPECT_EQ(read(to_one(), row.status, body), row.outcome) << row.status << ' ' << body;
    }
  }
}

TEST(mailjet_send_response, server_error_without_a_code_is_unknown) {
  EXPECT_EQ(read(to_one(), 500, R"({"ErrorIdentifier":"x","StatusCode":500,"ErrorMessage":"Ouch!"})"), "unknown");
}

TEST(mailjet_send_response, cut_body_is_unreadable) {
  vendor_answer answer = answer_of(200, R"({"Messages":[{"Status":"success","To":[]}]})");
  answer.body_cut = true;
  EXPECT_EQ(outcomes_of(read_one(to_one(), answer)), "unknown");
}

TEST(mailjet_send_response, answer_for_another_number_of_entries_is_unknown) {
  EXPECT_EQ(read(to_one(), 200, R"({"Messages":[]})"), "unknown");
  EXPECT_EQ(read(to_one(), 400, R"({"Messages":[{"Status":"success"},{"Status":"success"}]})"), "unknown");
  EXPECT_EQ(read(to_one(), 200, R"({"Messages":[{"Status":"perhaps"}]})"), "unknown");
  EXPECT_EQ(read(to_one(), 200, R"({"Messages":[{"Status":"error","Errors":[]}]})"), "unknown");
}

TEST(mailjet_send_response, throttling_honours_a_wait_if_one_is_named) {
  vendor_answer answer = answer_of(429, "Too Many Requests");
  EXPECT_FALSE(read_one(to_one(), answer)[0].retry_after);
  answer.fields.push_back({"retry-after", "7"});
  EXPECT_EQ(read_one(to_one(), answer)[0].retry_after, duration{std::chrono::seconds{7}});
  answer.fields[0].value = "Thu, 1 Jan 2026 00:00:00 GMT";
  EXPECT_FALSE(read_one(to_one(), answer)[0].retry_after);
}

TEST(mailjet_send_response, foreign_text_is_cut) {
  EXPECT_LE(read_one(to_one(), answer_of(400, std::string(5000, 'x')))[0].reply.size(), 512U);
}

TEST(mailjet_lookup, asks_by_our_id) {
  const mailjet_mapping mapping{account{"public", "private", false}};
  const auto request = mapping.build_lookup("a/b 1");
  ASSERT_TRUE(request);
  EXPECT_EQ(request->method, "GET");
  EXPECT_EQ(request->target, "/v3/REST/message?CustomID=a%2Fb%201&ShowCustomID=true&ShowContactAlt=true&Limit=100");
}

lookup_report look_up(int status, const std::string& body, const std::string& recipient = "ann@example.com") {
  return mailjet_mapping{account{}}.read_lookup("gw-01J0-1", recipient, answer_of(status, body));
}

TEST(mailjet_lookup, hit_is_evidence) {
  const auto report = look_up(200, R"({"Count":2,"Data":[
    {"ID":104427216766056451,"CustomID":"gw-01J0-1","ContactAlt":"bob@example.com"},
    {"ID":104427216766056450,"CustomID":"gw-01J0-1","ContactAlt":"Ann@example.com"}],"Total":2})");
  EXPECT_EQ(report.answer, lookup_answer::accepted);
  EXPECT_EQ(report.vendor_message_id, "104427216766056450");
}

TEST(mailjet_lookup, hit_without_a_contact_counts_for_all_recipients_of_the_entry) {
  const auto report = look_up(200, R"({"Count":1,"Data":[{"ID":7,"CustomID":"gw-01J0-1"}]})");
  EXPECT_EQ(report.answer, lookup_answer::accepted);
  EXPECT_EQ(report.vendor_message_id, "7");
}

TEST(mailjet_lookup, other_messages_are_no_evidence) {
  EXPECT_EQ(look_up(200, R"({"Count":1,"Data":[{"ID":7,"CustomID":"another"}]})").answer, lookup_answer::absent);
  EXPECT_EQ(look_up(200, R"({"Count":0,"Data":[],"Total":0})").answer, lookup_answer::absent);
}

TEST(mailjet_lookup, unusable_answer_is_a_failure) {
  EXPECT_EQ(look_up(429, "slow").answer, lookup_answer::failed);
  EXPECT_EQ(look_up(200, "<html>").answer, lookup_answer::failed);
  EXPECT_EQ(look_up(200, "{}").answer, lookup_answer::failed);
}

// --- several entries in one request ---

std::string outcomes_of(const batch_reading& reading) {
  std::string text;
  for (const auto& fates : reading.fates) text += (text.empty() ? "" : " | ") + outcomes_of(fates);
  return text + (reading.send_apart ? " apart" : "");
}

std::string read_three(int status, const std::string& body) {
  const attempt one = to_one();
  const attempt three = to_three();
  const std::vector<const attempt*> sent{&one, &three, &one};
  return outcomes_of(read_send_response(sent, answer_of(status, body)));
}

TEST(mailjet_send_response, each_entry_has_its_own_fate_by_its_place) {
  const std::string success = R"({"Status":"success","To":[{"Email":"ann@example.com","MessageID":7}]})";
  EXPECT_EQ(read_three(400, R"({"Messages":[)" + success +
                                R"(,{"Status":"error","Errors":[{"ErrorCode":"mj-0013","StatusCode":400,)" +
                                R"("ErrorRelatedTo":["To[1].Email"]}]},)" + success + "]}"),
            "delivered | deferred_recipient rejected_recipient deferred_recipient | delivered");
}

TEST(mailjet_send_response, another_number_of_entries_leaves_all_unknown) {
  EXPECT_EQ(read_three(200, R"({"Messages":[{"Status":"success"},{"Status":"success"}]})"),
            "unknown | unknown unknown unknown | unknown");
  EXPECT_EQ(read_three(200, R"({"Messages":[{"Status":"success"},{"Status":"success"},7]})"),
            "delivered | delivered delivered delivered | unknown");
}

TEST(mailjet_send_response, whole_request_refused_for_what_may_be_one_entrys_fault_goes_apart) {
  EXPECT_EQ(read_three(400, R"({"ErrorCode":"mj-0002","StatusCode":400,"ErrorMessage":"Malformed JSON"})"),
            "adapter_fault | adapter_fault adapter_fault adapter_fault | adapter_fault apart");
  EXPECT_EQ(read_three(413, "too large"),
            "rejected_message | rejected_message rejected_message rejected_message | rejected_message apart");
}

TEST(mailjet_send_response, whole_request_refused_for_the_account_or_lost_stays_whole) {
  EXPECT_EQ(read_three(401, R"({"ErrorCode":"mj-0015","StatusCode":401})"),
            "refused_account | refused_account refused_account refused_account | refused_account");
  EXPECT_EQ(read_three(429, "Too Many Requests"), "throttled | throttled throttled throttled | throttled");
  EXPECT_EQ(read_three(500, R"({"StatusCode":500})"), "unknown | unknown unknown unknown | unknown");
}

}  // namespace
}  // namespace stellwerk::adapters::esp::mailjet
