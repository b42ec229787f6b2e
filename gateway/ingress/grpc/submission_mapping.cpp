#include "gateway/ingress/grpc/submission_mapping.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <google/protobuf/unknown_field_set.h>

#include "base/text.hpp"
#include "gateway/ingress/control_headers.hpp"
#include "gateway/ingress/grpc/email_mapping.hpp"
#include "gateway/ingress/grpc/submission_fingerprint.hpp"
#include "mail/address.hpp"
#include "mail/composer.hpp"
#include "mail/content_framing.hpp"

namespace stellwerk::ingress::grpc {
namespace {

namespace v1 = stellwerk::v1;

constexpr std::int64_t timestamp_seconds_min = -62'135'596'800;  // 0001-01-01, the range of google.protobuf.Timestamp
constexpr std::int64_t timestamp_seconds_max = 253'402'300'799;  // 9999-12-31
constexpr std::int64_t duration_seconds_max = 315'576'000'000;   // the range of google.protobuf.Duration
constexpr std::int32_t nanos_max = 999'999'999;

// Numbers of Submission that are kept for what is not built yet. Who sends one wants something we would not do.
constexpr std::array<std::pair<int, std::string_view>, 3> reserved_fields{
    {{5, "template"}, {13, "personalizations"}, {14, "tracking"}}};

// A random Message-ID: the queue id is not known yet and may be another's (idempotency).
std::string make_message_id(const mapping_context& context) {
  std::array<std::uint64_t, 2> chance{context.random.next(), context.random.next()};
  const std::string_view octets{reinterpret_cast<const char*>(chance.data()), sizeof(chance)};
  return "<" + to_hex(octets) + "@" + std::string{context.node_name} + ">";
}

std::optional<time_point> to_time(const google::protobuf::Timestamp& wire) {
  if (wire.seconds() < timestamp_seconds_min || wire.seconds() > timestamp_seconds_max) return std::nullopt;
  if (wire.nanos() < 0 || wire.nanos() > nanos_max) return std::nullopt;
  return time_point{std::chrono::seconds{wire.seconds()} + std::chrono::milliseconds{wire.nanos() / 1'000'000}};
}

std::optional<duration> to_duration(const google::protobuf::Duration& wire) {
  if (wire.seconds() < -duration_seconds_max || wire.seconds() > duration_seconds_max) return std::nullopt;
  if (wire.nanos() < -nanos_max || wire.nanos() > nanos_max) return std::nullopt;
  return std::chrono::seconds{wire.seconds()} + std::chrono::milliseconds{wire.nanos() / 1'000'000};
}

class mapping {
 public:
  mapping(v1::Submission& request, const mapping_context& context) : request_{request}, context_{context} {}

  mapped_submission run() {
    out_.submission.ingress = mail::ingress_kind::grpc;
    out_.submission.listener = "grpc";
    refuse_reserved_fields();
    read_key();
    read_envelope();
    read_labels();
    read_times();
    read_stream();
    out_.submission.dsn_allowed = request_.dsn();
    switch (request_.content_case()) {
      case v1::Submission::kRaw: read_raw(); break;
      case v1::Submission::kEmail: read_email(); break;
      case v1::Submission::CONTENT_NOT_SET:
        if (!asks_for_template_) fault("content", "raw or email is needed");
        break;
    }
    check_recipients();
    return std::move(out_);
  }

 private:
  void fault(std::string_view path, std::string_view description) {
    out_.faults.push_back({"submission." + std::string{path}, std::string{description}});
  }
  void fault_unless_empty(std::string_view path, std::string_view description) {
    if (!description.empty()) fault(path, description);
  }

  // To this schema they are unknown fields, and those would be ignored in silence.
  void refuse_reserved_fields() {
    const google::protobuf::UnknownFieldSet& unknown = request_.GetReflection()->GetUnknownFields(request_);
    for (const auto& [number, name] : reserved_fields) {
      for (int i = 0; i < unknown.field_count(); ++i) {
        if (unknown.field(i).number() != number) continue;
        fault(name, "is not supported yet");
        if (name == "template") asks_for_template_ = true;
        break;
      }
    }
  }

  void read_key() {
    if (request_.idempotency_key().empty()) return;
    fault_unless_empty("idempotency_key", fault_of_idempotency_key(request_.idempotency_key()));
    // Before the strings are moved out of the request.
    out_.submission.fingerprint = fingerprint_of_grpc(request_);
    out_.submission.idempotency_key = std::move(*request_.mutable_idempotency_key());
  }

  std::optional<std::string> read_address(const std::string& path, std::string_view text) {
    const auto parsed = mail::parse_address(text);
    if (!parsed) {
      fault(path, text.empty() ? "is empty" : mail::to_string(mail::fault_of(parsed.error())));
      return std::nullopt;
    }
    if (mail::needs_smtputf8(*parsed)) out_.submission.envelope.smtputf8 = true;
    return parsed->to_string();
  }

  void read_envelope() {
    mail::envelope& envelope = out_.submission.envelope;
    const v1::Envelope& wire = request_.envelope();
    if (!wire.reverse_path().empty()) {
      if (auto address = read_address("envelope.reverse_path", wire.reverse_path()))
        envelope.reverse_path = std::move(*address);
    }
    if (static_cast<std::size_t>(wire.recipients_size()) > recipients_max) {
      fault("envelope.recipients", "has more than 1000 entries");
      return;
    }
    for (int i = 0; i < wire.recipients_size(); ++i) {
      if (auto address = read_address("envelope.recipients[" + std::to_string(i) + "]", wire.recipients(i)))
        envelope.recipients.push_back({std::move(*address), {}});
    }
  }

  void check_recipients() {
    const auto& recipients = out_.submission.envelope.recipients;
    if (!recipients.empty() && recipients.size() <= recipients_max) return;
    if (request_.envelope().recipients_size() > 0) return;  // each has its own fault
    if (!out_.faults.empty()) return;
    if (recipients.empty()) {
      fault("envelope.recipients", "has no recipient");
    } else {
      fault("email", "has more than 1000 recipients");
    }
  }

  void read_labels() {
    mail::submission& to = out_.submission;
    fault_unless_empty("campaign", fault_of_campaign(request_.campaign()));
    to.campaign = std::move(*request_.mutable_campaign());
    if (static_cast<std::size_t>(request_.tags_size()) > tags_max) {
      fault("tags", "has too many entries");
    } else {
      for (int i = 0; i < request_.tags_size(); ++i) {
        std::string& tag = *request_.mutable_tags(i);
        fault_unless_empty("tags[" + std::to_string(i) + "]", fault_of_tag(tag));
        if (std::find(to.tags.begin(), to.tags.end(), tag) == to.tags.end()) to.tags.push_back(std::move(tag));
      }
    }
    if (request_.metadata().size() > metadata_pairs_max) {
      fault("metadata", "has too many entries");
      return;
    }
    for (const auto& [key, value] : request_.metadata()) {
      fault_unless_empty("metadata", fault_of_metadata(key, value));
      to.metadata.emplace(key, value);
    }
  }

  void read_times() {
    if (request_.has_send_at()) {
      out_.submission.send_at = to_time(request_.send_at());
      fault_unless_empty("send_at", out_.submission.send_at ? fault_of_send_at(*out_.submission.send_at, context_.now)
                                                            : "is no valid time");
    }
    if (request_.has_lifetime()) {
      out_.submission.lifetime = to_duration(request_.lifetime());
      fault_unless_empty(
          "lifetime", out_.submission.lifetime ? fault_of_lifetime(*out_.submission.lifetime) : "is no valid duration");
    }
  }

  void read_stream() {
    std::optional<mail::traffic_stream> asked;
    switch (request_.traffic_stream()) {
      case v1::TRAFFIC_STREAM_UNSPECIFIED: return;
      case v1::TRAFFIC_STREAM_TRANSACTIONAL: asked = mail::traffic_stream::transactional; break;
      case v1::TRAFFIC_STREAM_MARKETING: asked = mail::traffic_stream::marketing; break;
      default: fault("traffic_stream", "is no known traffic stream"); return;  // proto3 enums are open
    }
    // From others it is not honoured, and the answer tells which stream it became.
    if (context_.client.may_choose_stream) out_.submission.requested_stream = asked;
  }

  void read_raw() {
    out_.form = content_form::raw;
    std::string content = std::move(*request_.mutable_raw());
    if (content.empty()) return fault("raw", "is empty");
    if (const auto broken = mail::check_framing(content); broken != mail::framing_fault::none)
      return fault("raw", mail::to_string(broken));
    if (!content.ends_with('\n')) content += "\r\n";
    const std::string_view header = std::string_view{content}.substr(0, content.find("\r\n\r\n"));
    if (!is_ascii(header)) out_.submission.envelope.smtputf8 = true;  // RFC 6532: a header in UTF-8
    adopt(std::move(content));
  }

  void read_email() {
    out_.form = content_form::email;
    auto faults = faults_of_numbers(request_.email());
    mail::email message;
    if (faults.empty()) {
      message = map_email(*request_.mutable_email());
      faults = mail::validate(message);
      if (message.text.empty() && message.html.empty()) faults.push_back({"email.text", "text or html is needed"});
    }
    for (const mail::field_fault& one : faults) fault(one.field_path, one.description);
    if (!faults.empty()) return;
    mail::envelope& envelope = out_.submission.envelope;
    if (!request_.has_envelope()) {
      if (auto address = read_address("email.from.address", message.from.address))
        envelope.reverse_path = std::move(*address);
    }
    if (request_.envelope().recipients_size() == 0) {
      envelope.recipients = recipients_of(message);
      for (const auto* list : {&message.to, &message.cc, &message.bcc}) note_smtputf8(*list);
    }
    if (mail::header_needs_smtputf8(message)) envelope.smtputf8 = true;
    if (!out_.faults.empty()) return;  // nothing will be sent: spare the work
    const mail::compose_parameters parameters{context_.now, make_message_id(context_)};
    adopt(mail::compose(message, parameters, context_.random));
  }

  void note_smtputf8(const std::vector<mail::email_mailbox>& list) {
    for (const mail::email_mailbox& one : list) {
      const auto parsed = mail::parse_address(one.address);
      if (parsed && mail::needs_smtputf8(*parsed)) out_.submission.envelope.smtputf8 = true;
    }
  }

  void adopt(std::string content) {
    out_.submission.envelope.body_8bitmime = !is_ascii(content);
    out_.submission.content = std::make_shared<const std::string>(std::move(content));
  }

  v1::Submission& request_;
  const mapping_context& context_;
  bool asks_for_template_ = false;
  mapped_submission out_;
};

}  // namespace

mapped_submission map_submission(v1::Submission& request, const mapping_context& context) {
  return mapping{request, context}.run();
}

}  // namespace stellwerk::ingress::grpc
