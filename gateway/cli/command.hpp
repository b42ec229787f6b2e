// The commands of the binary (contracts section 5), one file each. A command gets parsed arguments and what only the
// process knows, prints, and answers its exit code.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "gateway/config/config.hpp"
#include "mail/header_section.hpp"
#include "mail/submission.hpp"

namespace stellwerk::cli {

enum class output : unsigned char { text, json };

struct check_arguments {
  std::string config;
};
[[nodiscard]] int check(const check_arguments& arguments, const config::load_environment& environment);

// What the doors read from a message's control fields; given by the process, because the doors know it.
using control_reader = std::function<std::optional<std::string>(const mail::header_section& header, const ingress::client_config& client,
                                                                time_point now, mail::submission& into)>;

struct explain_arguments {
  std::string config;
  std::string client;
  std::string from;
  std::vector<std::string> to;
  std::string assume;  // YAML file
  std::vector<std::string> messages;
};
[[nodiscard]] int explain(const explain_arguments& arguments, const config::load_environment& environment, const control_reader& controls);

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
};
[[nodiscard]] int test(const test_arguments& arguments, const config::load_environment& environment, const control_reader& controls);

struct send_arguments {
  std::string server;  // host:port of an SMTP door
  std::string from;
  std::vector<std::string> to;
  std::string message;  // file; "-" for standard input
};
[[nodiscard]] int send(const send_arguments& arguments);

// Commands that ask a running gateway over its admin address.
struct admin_arguments {
  std::string address = "127.0.0.1:9090";
  std::string token_file;
  output format = output::text;
};
struct queue_list_arguments {
  admin_arguments admin;
  std::string state;
  std::string stream;
  std::string tenant;
  std::string domain;
  int limit = 100;
};
[[nodiscard]] int queue_list(const queue_list_arguments& arguments);
[[nodiscard]] int queue_show(const admin_arguments& admin, const std::string& queue_id);
// verb: Retry, Hold, Release, Cancel
[[nodiscard]] int queue_change(const admin_arguments& admin, const std::string& verb, const std::vector<std::string>& ids,
                               const std::string& reason);
[[nodiscard]] int destinations_list(const admin_arguments& admin);
// verb: Drain, Suspend, Resume
[[nodiscard]] int destinations_change(const admin_arguments& admin, const std::string& verb, const std::string& name,
                                      const std::string& reason, std::optional<std::chrono::seconds> lasts);

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

}  // namespace stellwerk::cli
