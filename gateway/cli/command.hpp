// The commands of the binary (contracts section 5), one file each. A command gets parsed arguments and what only the
// process knows, prints, and answers its exit code.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "gateway/config/config.hpp"
#include "gateway/rehearsal/rehearsal.hpp"
#include "gateway/spool/rows.hpp"

namespace stellwerk::cli {

enum class output : unsigned char { text, json };

// Commands that ask a running gateway over its admin address.
struct admin_arguments {
  std::string address = "127.0.0.1:9090";
  std::string token_file;
  output format = output::text;
};

struct check_arguments {
  std::string config;
  bool strict = false;  // warnings are faults
  output format = output::text;
};
[[nodiscard]] int check(const check_arguments& arguments, const config::load_environment& environment);

using rehearsal::control_reader;

struct explain_arguments {
  std::string config;
  std::string client;
  std::string from;
  std::vector<std::string> to;
  std::string assume;  // YAML file
  std::vector<std::string> messages;
};
[[nodiscard]] int explain(const explain_arguments& arguments, const config::load_environment& environment,
                          const control_reader& controls);

struct eval_arguments {
  std::string expression;
  std::string message;
  std::string facts;
};
[[nodiscard]] int eval(const eval_arguments& arguments);

struct test_arguments {
  std::string config;
  std::vector<std::string> cases;  // YAML files
  std::string junit;               // file to write
  double coverage_min = 0;         // percent of classify rules, invariants and routes that a case must reach
  output format = output::text;
};
[[nodiscard]] int test(const test_arguments& arguments, const config::load_environment& environment,
                       const control_reader& controls);

// Every recipient of a data directory's history and queue, whether or not a gateway runs on it; "" or why not. Given by
// the process, because the command line knows no store.
using recipient_visitor = std::function<void(const spool::message_row& message, const spool::recipient_row& recipient)>;
using history_reader = std::function<std::string(const std::string& data_directory, const recipient_visitor& visit)>;

struct replay_arguments {
  std::string config;          // the candidate; empty: a running gateway is asked, about `policy`
  std::string against;         // another configuration; empty: what became of the mail
  std::string facts;           // NDJSON file, "-" for standard input
  std::string data_directory;  // instead of facts
  admin_arguments admin;
  std::string policy;  // YAML file, for a running gateway
  std::uint64_t limit = 100'000;
  output format = output::text;
};
[[nodiscard]] int replay(const replay_arguments& arguments, const config::load_environment& environment,
                         const history_reader& history);
[[nodiscard]] int facts(const std::string& data_directory, const history_reader& history);

struct send_arguments {
  std::string server;  // host:port of an SMTP door
  std::string from;
  std::vector<std::string> to;
  std::string message;  // file; "-" for standard input
};
[[nodiscard]] int send(const send_arguments& arguments);

struct queue_filter_arguments {
  std::string state;
  std::string stream;
  std::string tenant;
  std::string domain;
  std::string destination;
  std::string because;  // the reason a recipient shows
};
struct queue_list_arguments {
  admin_arguments admin;
  queue_filter_arguments filter;
  int limit = 100;
};
[[nodiscard]] int queue_list(const queue_list_arguments& arguments);
[[nodiscard]] int queue_show(const admin_arguments& admin, const std::string& queue_id);
struct queue_change_arguments {
  admin_arguments admin;
  std::string verb;  // Retry, Hold, Release, Cancel, Reroute, Bounce
  std::vector<std::string> ids;
  queue_filter_arguments filter;  // instead of ids
  std::string reason;
  std::string destination;  // Reroute
};
[[nodiscard]] int queue_change(const queue_change_arguments& arguments);
[[nodiscard]] int destinations_list(const admin_arguments& admin);
[[nodiscard]] int destinations_probe(const admin_arguments& admin, const std::string& name);
// verb: Drain, Suspend, Resume
[[nodiscard]] int destinations_change(const admin_arguments& admin, const std::string& verb, const std::string& name,
                                      const std::string& reason, std::optional<std::chrono::seconds> lasts);

// What a suppression is given on the command line; of an import, for the lines that are a bare address.
struct suppression_arguments {
  admin_arguments admin;
  std::vector<std::string> addresses;
  std::string address;  // list: only this one
  std::string tenant;
  std::string scope;
  std::string because;  // manual, hard_bounce, complaint, unsubscribe
  std::string source;
  std::string expires;  // RFC 3339; empty: never
  std::string reason;   // why, for the audit log
  std::string file;     // import; "-": standard input
  int limit = 100;
};
[[nodiscard]] int suppressions_list(const suppression_arguments& arguments);
[[nodiscard]] int suppressions_add(const suppression_arguments& arguments);
[[nodiscard]] int suppressions_remove(const suppression_arguments& arguments);
[[nodiscard]] int suppressions_import(const suppression_arguments& arguments);
[[nodiscard]] int suppressions_export(const suppression_arguments& arguments);

// Tools for a store that no gateway has open.
struct spool_arguments {
  std::string config;
  std::string data_directory;  // instead of the one of the configuration
  std::string archive;
  output format = output::text;
  bool repair = false;
};
[[nodiscard]] int spool_check(const spool_arguments& arguments, const config::load_environment& environment);
[[nodiscard]] int spool_export(const spool_arguments& arguments, const config::load_environment& environment);
[[nodiscard]] int spool_import(const spool_arguments& arguments, const config::load_environment& environment);
[[nodiscard]] int policy_show(const admin_arguments& admin);
struct policy_apply_arguments {
  admin_arguments admin;
  std::string file;
  std::string reason;
  std::string expected_version;
};
[[nodiscard]] int policy_apply(const policy_apply_arguments& arguments);

// The audit log as a file; no gateway is asked.
struct audit_arguments {
  std::string file;
  std::string head;  // "SEQUENCE:HASH" as known from elsewhere; empty: the chain alone
  output format = output::text;
};
[[nodiscard]] int audit_verify(const audit_arguments& arguments);
[[nodiscard]] int audit_list(const audit_arguments& arguments);

}  // namespace stellwerk::cli
