#include "gateway/ingress/ingress_metrics.hpp"

namespace stellwerk::ingress {
namespace {

constexpr std::string_view submissions = "submissions_total";
constexpr std::string_view submissions_help = "Messages offered at a door, by what became of them.";
constexpr std::string_view accept_help = "Time from the end of the content to the answer.";
constexpr std::string_view refused_help = "SMTP connections turned away.";
constexpr std::string_view auth_help = "Attempts to log in by SMTP AUTH.";

constexpr std::array<std::string_view, 3> stream_labels{"none", "transactional", "marketing"};

std::size_t index_of(std::optional<mail::traffic_stream> stream) {
  return stream ? static_cast<std::size_t>(*stream) : 0;
}

}  // namespace

door_metrics::door_metrics(metric_registry& registry, mail::ingress_kind ingress, std::string_view listener) {
  const auto make = [&](std::size_t stream, std::string_view verdict, std::string_view reason) {
    return registry.make_counter(submissions, submissions_help,
                                 {{"ingress", mail::to_string(ingress)},
                                  {"listener", listener},
                                  {"stream", stream_labels[stream]},
                                  {"verdict", verdict},
                                  {"reason", reason}});
  };
  for (std::size_t stream = 0; stream < streams; ++stream) {
    if (stream > 0) {
      accepted_[stream] = make(stream, "accepted", "none");
      duplicate_[stream] = make(stream, "accepted", "duplicate");
    }
    for (std::size_t kind = 0; kind < refusal_kinds_count; ++kind) {
      const auto named = static_cast<refusal_kind>(kind);
      refused_[stream][kind] = make(stream, is_transient(named) ? "deferred" : "refused", to_string(named));
    }
  }
}

void door_metrics::count_accepted(mail::traffic_stream stream, bool duplicate) {
  (duplicate ? duplicate_ : accepted_)[index_of(stream)].add();
}

void door_metrics::count_refused(refusal_kind kind, std::optional<mail::traffic_stream> stream) {
  refused_[index_of(stream)][static_cast<std::size_t>(kind)].add();
}

ingress_metrics::ingress_metrics(metric_registry& registry, const std::vector<std::string>& smtp_listeners)
    : accept_seconds_smtp{registry.make_histogram("accept_seconds", accept_help, sync_bounds(), {{"ingress", "smtp"}})},
      accept_seconds_grpc{registry.make_histogram("accept_seconds", accept_help, sync_bounds(), {{"ingress", "grpc"}})},
      smtp_sessions{registry.make_gauge("smtp_sessions", "Open SMTP sessions.")},
      smtp_connections_refused_limit{
          registry.make_counter("smtp_connections_refused_total", refused_help, {{"reason", "limit"}})},
      smtp_connections_refused_early{
          registry.make_counter("smtp_connections_refused_total", refused_help, {{"reason", "early_talker"}})},
      auth_accepted{registry.make_counter("auth_total", auth_help, {{"result", "accepted"}})},
      auth_refused{registry.make_counter("auth_total", auth_help, {{"result", "refused"}})},
      auth_unavailable{registry.make_counter("auth_total", auth_help, {{"result", "unavailable"}})},
      grpc_{registry, mail::ingress_kind::grpc, "grpc"} {
  for (const std::string& name : smtp_listeners) smtp_.try_emplace(name, registry, mail::ingress_kind::smtp, name);
}

// A listener added by a reload needs a restart to listen, so every name that asks was there at construction.
door_metrics& ingress_metrics::door(mail::ingress_kind ingress, std::string_view listener) {
  if (ingress == mail::ingress_kind::grpc) return grpc_;
  const auto found = smtp_.find(std::string{listener});
  return found == smtp_.end() ? grpc_ : found->second;
}

}  // namespace stellwerk::ingress
