// The one binary (contracts section 5): parses arguments and calls the command.
#include <sys/resource.h>

#include <algorithm>
#include <iostream>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "base/text.hpp"
#include "gateway/app/gateway.hpp"
#include "gateway/app/read_controls.hpp"
#include "gateway/app/serve.hpp"
#include "gateway/cli/command.hpp"
#include "gateway/config/decoder.hpp"
#include "gateway/ingress/password_hash.hpp"
#include "gateway/spool/embedded/history_walk.hpp"

namespace stellwerk::app {
namespace {

// Connections and the tables of a store are all open at once, and the usual soft limit is 1,024. For whoever opens a
// store: what was filled under a high limit is checked and repaired under it too.
void raise_descriptor_limit() {
  constexpr rlim_t enough = 524'288;  // the default of systemd for the hard limit
  rlimit descriptors{};
  if (getrlimit(RLIMIT_NOFILE, &descriptors) != 0) return;
  descriptors.rlim_cur = std::max(descriptors.rlim_cur, std::min(descriptors.rlim_max, enough));
  setrlimit(RLIMIT_NOFILE, &descriptors);
}

int hash_password() {
  const std::string password{
      trim(std::string{std::istreambuf_iterator<char>{std::cin}, std::istreambuf_iterator<char>{}})};
  if (password.empty()) {
    std::cerr << "stellwerk: give the password on standard input\n";
    return static_cast<int>(exit_code::usage);
  }
  std::cout << ingress::hash_password(password) << "\n";
  return 0;
}

// The arguments, the first last, as CLI11 takes them. An expression may start with a minus ("-(1 + 2)"): what `eval` is
// given and is none of its options is moved behind a "--", where nothing is an option.
std::vector<std::string> reversed_arguments(std::span<char* const> given) {
  std::vector<std::string> options, expressions;
  const bool eval = !given.empty() && std::string_view{given.front()} == "eval";
  for (std::size_t i = 0; i < given.size(); ++i) {
    const std::string_view text = given[i];
    const bool option = text == "--message" || text == "--facts";
    const bool known =
        option || text.starts_with("--message=") || text.starts_with("--facts=") || text == "--help" || text == "-h";
    if (!eval || i == 0 || known) {
      options.emplace_back(text);
      if (eval && option && i + 1 < given.size()) options.emplace_back(given[++i]);
    } else if (text != "--" || !expressions.empty()) {
      expressions.emplace_back(text);
    }
  }
  if (!expressions.empty()) options.emplace_back("--");
  options.insert(options.end(), expressions.begin(), expressions.end());
  return {options.rbegin(), options.rend()};
}

std::string read_history(const std::string& data_directory, const cli::recipient_visitor& visit) {
  const auto walked = spool::embedded::walk_history(data_directory, null_logger(), visit);
  return walked ? "" : data_directory + ": " + walked.error().message();
}

// Adds the commands; each leaves its exit code in `code`.
class command_line {
 public:
  command_line() : app_{"Stellwerk, a hybrid routing gateway for e-mail", "stellwerk"} {
    app_.require_subcommand(1);
    add_server_commands();
    add_policy_commands();
    add_queue_commands();
    add_destination_commands();
    add_suppression_commands();
    add_spool_commands();
    add_policy_admin_commands();
    add_audit_commands();
    app_.add_subcommand("hash-password", "Read a password from standard input, print its hash for password_hash")
        ->callback([this] { code_ = hash_password(); });
    app_.add_subcommand("version", "Print the version")->callback([] {
      std::cout << "stellwerk " STELLWERK_VERSION "\n";
    });
  }

  int run(int argc, char** argv) {
    try {
      app_.parse(reversed_arguments(std::span{argv, static_cast<std::size_t>(argc)}.subspan(1)));
    } catch (const CLI::ParseError& failure) {
      const int shown = app_.exit(failure);
      return shown == 0 ? 0 : static_cast<int>(exit_code::usage);
    }
    return code_;
  }

 private:
  void add_server_commands() {
    auto* serve_command = app_.add_subcommand("serve", "Run the gateway");
    serve_command->add_option("--config", config_, "stellwerk.yaml")->required();
    serve_command->callback([this] { code_ = serve(config_); });

    auto* simulate_command = app_.add_subcommand("simulate", "Run stand-ins for an MTA and the ESPs");
    simulate_command->add_option("--smtp", simulate_.smtp_address, "Address of the MTA; port 0 takes a free one")
        ->default_val("127.0.0.1:0");
    simulate_command->add_option("--http", simulate_.http_address, "Address of the ESP dialects")
        ->default_val("127.0.0.1:0");
    simulate_command->add_option("--faults", simulate_.faults_file, "JSON list of faults");
    simulate_command->add_option("--record", simulate_.record_path, "NDJSON file, a line per message");
    simulate_command->add_option("--raw", simulate_.raw_directory, "Directory for the bytes of each message");
    simulate_command->callback([this] { code_ = simulate(simulate_); });

    auto* send_command = app_.add_subcommand("send", "Send one message to an SMTP door");
    send_command->add_option("--server", send_.server, "host:port")->required();
    send_command->add_option("--from", send_.from, "Reverse path")->required();
    send_command->add_option("--to", send_.to, "Recipient; may be repeated")->required();
    send_command->add_option("message", send_.message, "File, or - for standard input")->required();
    send_command->callback([this] { code_ = cli::send(send_); });
  }

  void add_policy_commands() {
    auto* check_command = app_.add_subcommand("check", "Check a configuration and print what is in force");
    check_command->add_option("--config", check_.config, "stellwerk.yaml")->required();
    check_command->add_flag("--strict", check_.strict, "Warnings are faults");
    check_command->add_flag("--json", json_, "JSON, one finding a line");
    check_command->callback([this] {
      check_.format = json_ ? cli::output::json : cli::output::text;
      code_ = cli::check(check_, serving_environment());
    });

    auto* explain_command = app_.add_subcommand("explain", "Say what would become of a message, and why");
    explain_command->add_option("--config", explain_.config, "stellwerk.yaml")->required();
    explain_command->add_option("--client", explain_.client, "Name of the submitting client; default: the first");
    explain_command->add_option("--from", explain_.from, "Reverse path; default: of the header");
    explain_command->add_option("--to", explain_.to, "Recipient; may be repeated; default: of the header");
    explain_command->add_option("--assume", explain_.assume, "YAML file with the live state to assume");
    explain_command->add_flag("--json", json_, "JSON, one object a line (always so)");
    explain_command->add_option("messages", explain_.messages, "Files")->required();
    explain_command->callback([this] { code_ = cli::explain(explain_, process_environment(), read_controls); });

    auto* eval_command = app_.add_subcommand("eval", "Print the value of a CEL expression as JSON");
    eval_command->add_option("expression", eval_.expression)->required();
    eval_command->add_option("--message", eval_.message, "File whose facts the expression sees");
    eval_command->add_option("--facts", eval_.facts, "JSON file with facts");
    eval_command->callback([this] { code_ = cli::eval(eval_); });

    auto* test_command = app_.add_subcommand("test", "Run policy unit tests");
    test_command->add_option("--config", test_.config, "stellwerk.yaml")->required();
    test_command->add_option("--junit", test_.junit, "File to write in JUnit format");
    test_command->add_option("--coverage-min", test_.coverage_min, "Percent of the rules that cases must reach")
        ->check(CLI::Range(0, 100));
    test_command->add_flag("--json", json_, "JSON, one case a line");
    add_replay_commands();
    test_command->add_option("cases", test_.cases, "YAML files")->required();
    test_command->callback([this] {
      test_.format = json_ ? cli::output::json : cli::output::text;
      code_ = cli::test(test_, process_environment(), read_controls);
    });
  }

  void add_replay_commands() {
    auto* replay_command =
        app_.add_subcommand("replay", "Recorded traffic against a candidate policy: ways, cost, invariants");
    auto* config = replay_command->add_option("--config", replay_.config, "The candidate: a whole configuration");
    replay_command
        ->add_option("--against", replay_.against, "Configuration to compare with; default: what became of the mail")
        ->needs(config);
    auto* facts =
        replay_command->add_option("--facts", replay_.facts, "NDJSON of recorded facts, or - for standard input")
            ->needs(config);
    replay_command->add_option("--from", replay_.data_directory, "Data directory whose history is asked")
        ->needs(config)
        ->excludes(facts);
    auto* policy =
        replay_command
            ->add_option("--policy", replay_.policy, "The candidate: a policy, for a running gateway (--admin)")
            ->excludes(config);
    replay_command->add_option("--limit", replay_.limit, "Recipients a running gateway looks at")
        ->default_val(100'000)
        ->needs(policy);
    add_admin_options(replay_command);
    replay_command->callback([this] {
      const bool here = !replay_.config.empty() && (!replay_.facts.empty() || !replay_.data_directory.empty());
      if (!here && replay_.policy.empty()) throw CLI::RequiredError("--config with --facts or --from, or --policy");
      replay_.admin = admin();
      replay_.format = replay_.admin.format;
      code_ = cli::replay(replay_, process_environment(), read_history);
    });
    auto* export_command =
        app_.add_subcommand("facts", "Print what is recorded of past traffic, as NDJSON, for replay");
    export_command->add_option("--from", replay_.data_directory, "Data directory")->required();
    export_command->callback([this] { code_ = cli::facts(replay_.data_directory, read_history); });
  }

  void add_admin_options(CLI::App* command) {
    command->add_option("--admin", admin_.address, "Admin address of the gateway")->default_val("127.0.0.1:9090");
    command->add_option("--token-file", admin_.token_file, "File with the admin token");
    command->add_flag("--json", json_, "JSON, one object a line");
  }

  [[nodiscard]] cli::admin_arguments admin() {
    admin_.format = json_ ? cli::output::json : cli::output::text;
    return admin_;
  }

  void add_queue_commands() {
    auto* queue = app_.add_subcommand("queue", "Look at and change queued mail");
    queue->require_subcommand(1);
    auto* list = queue->add_subcommand("list", "List recipients");
    add_admin_options(list);
    add_filter_options(list, list_.filter);
    list->add_option("--limit", list_.limit)->default_val(100);
    list->callback([this] {
      list_.admin = admin();
      code_ = cli::queue_list(list_);
    });
    auto* show = queue->add_subcommand("show", "Show one message");
    add_admin_options(show);
    show->add_option("id", id_, "Queue id")->required();
    show->callback([this] { code_ = cli::queue_show(admin(), id_); });
    for (const auto& [name, verb] : {std::pair<const char*, const char*>{"retry", "Retry"},
                                     {"hold", "Hold"},
                                     {"release", "Release"},
                                     {"cancel", "Cancel"},
                                     {"reroute", "Reroute"},
                                     {"bounce", "Bounce"}}) {
      auto* change = queue->add_subcommand(name, std::string{verb} + " messages, by ids or by a filter");
      add_admin_options(change);
      add_filter_options(change, change_.filter);
      change->add_option("--reason", change_.reason, "Why; kept with the change")->required();
      if (std::string_view{verb} == "Reroute")
        change->add_option("--to", change_.destination, "Destination")->required();
      change->add_option("ids", change_.ids, "Queue ids; without any, all that pass the filter");
      change->callback([this, word = std::string{verb}] {
        change_.admin = admin();
        change_.verb = word;
        code_ = cli::queue_change(change_);
      });
    }
  }

  static void add_filter_options(CLI::App* command, cli::queue_filter_arguments& filter) {
    command->add_option("--state", filter.state, "scheduled, ready, attempting, deferred, unknown, held ...");
    command->add_option("--stream", filter.stream, "transactional or marketing");
    command->add_option("--tenant", filter.tenant);
    command->add_option("--domain", filter.domain, "Of the recipients");
    command->add_option("--destination", filter.destination, "Tied to it, tried there last, or its first choice");
    command->add_option("--because", filter.because, "The reason a recipient shows, such as bounce_brake");
  }

  void add_destination_commands() {
    auto* destinations = app_.add_subcommand("destinations", "Look at and change the ways out");
    destinations->require_subcommand(1);
    auto* list = destinations->add_subcommand("list", "List destinations with their state");
    add_admin_options(list);
    list->callback([this] { code_ = cli::destinations_list(admin()); });
    for (const auto& [name, verb] :
         {std::pair<const char*, const char*>{"drain", "Drain"}, {"suspend", "Suspend"}, {"resume", "Resume"}}) {
      auto* change = destinations->add_subcommand(name, std::string{verb} + " a destination");
      add_admin_options(change);
      change->add_option("--reason", reason_, "Why; kept with the change")->required();
      if (std::string_view{verb} == "Suspend")
        change->add_option("--for", lasts_, "Duration such as 30m; default: until resumed");
      change->add_option("name", id_, "Destination")->required();
      change->callback([this, word = std::string{verb}] { code_ = change_destination(word); });
    }
    auto* probe = destinations->add_subcommand("probe", "A handshake with a destination, without mail");
    add_admin_options(probe);
    probe->add_option("name", id_, "Destination")->required();
    probe->callback([this] { code_ = cli::destinations_probe(admin(), id_); });
  }

  void add_suppression_commands() {
    auto* suppressions = app_.add_subcommand("suppressions", "Look at and change who must not be mailed");
    suppressions->require_subcommand(1);
    const auto add = [&](const char* name, const char* what, int (*run)(const cli::suppression_arguments&)) {
      auto* command = suppressions->add_subcommand(name, what);
      add_admin_options(command);
      command->callback([this, run] {
        suppression_.admin = admin();
        code_ = run(suppression_);
      });
      return command;
    };
    auto* list = add("list", "List suppressed addresses", cli::suppressions_list);
    list->add_option("--address", suppression_.address);
    list->add_option("--limit", suppression_.limit)->default_val(100);
    auto* add_command = add("add", "Suppress addresses", cli::suppressions_add);
    auto* remove = add("remove", "Let addresses be mailed again", cli::suppressions_remove);
    auto* import =
        add("import", "Suppress the addresses of a file: one a line, or what export writes", cli::suppressions_import);
    auto* export_command =
        add("export", "Print the list for an import, one JSON object a line", cli::suppressions_export);
    for (CLI::App* command : {list, export_command})
      command->add_option("--tenant", suppression_.tenant, "Rows of this tenant; default: all rows");
    for (CLI::App* command : {add_command, remove, import}) {
      command->add_option("--tenant", suppression_.tenant, "Default: for every tenant");
      command->add_option(
          "--scope", suppression_.scope,
          "all, transactional or marketing; default: all, and marketing for an unsubscribe that is added");
      command->add_option("--reason", suppression_.reason, "Why; kept with the change")->required();
    }
    for (CLI::App* command : {add_command, import}) {
      command->add_option("--because", suppression_.because,
                          "manual, hard_bounce, complaint or unsubscribe; default: manual");
      command->add_option("--source", suppression_.source, "Where it comes from; default: operator");
      command->add_option("--expires", suppression_.expires, "A time such as 2027-01-01T00:00:00Z; default: never");
    }
    for (CLI::App* command : {add_command, remove})
      command->add_option("addresses", suppression_.addresses)->required();
    import->add_option("file", suppression_.file, "File, or - for standard input")->required();
  }

  void add_policy_admin_commands() {
    auto* policy = app_.add_subcommand("policy", "The policy of a running gateway");
    policy->require_subcommand(1);
    auto* show = policy->add_subcommand("show", "Print it, with its version and owner");
    add_admin_options(show);
    show->callback([this] { code_ = cli::policy_show(admin()); });
    auto* apply = policy->add_subcommand("apply", "Put another one in force (policy_source: store)");
    add_admin_options(apply);
    apply->add_option("--reason", apply_.reason, "Why; kept with the change")->required();
    apply->add_option("--expect", apply_.expected_version, "Only if this version is in force");
    apply->add_option("policy", apply_.file, "YAML file, or - for standard input")->required();
    apply->callback([this] {
      apply_.admin = admin();
      code_ = cli::policy_apply(apply_);
    });
  }

  void add_audit_commands() {
    auto* audit = app_.add_subcommand("audit", "The audit log of a data directory");
    audit->require_subcommand(1);
    auto* verify = audit->add_subcommand("verify", "Check its chain of hashes");
    verify->add_option("--head", audit_.head, "SEQUENCE:HASH of a line known from elsewhere, such as the log");
    verify->callback([this] { code_ = cli::audit_verify(shown_audit()); });
    auto* list = audit->add_subcommand("list", "Print its lines");
    list->callback([this] { code_ = cli::audit_list(shown_audit()); });
    for (CLI::App* command : {verify, list}) {
      command->add_flag("--json", json_, "JSON, one object a line");
      command->add_option("file", audit_.file, "DATA_DIRECTORY/audit.ndjson")->required();
    }
  }

  [[nodiscard]] cli::audit_arguments shown_audit() {
    audit_.format = json_ ? cli::output::json : cli::output::text;
    return audit_;
  }

  void add_spool_commands() {
    auto* spool = app_.add_subcommand("spool", "Check, salvage and carry a store that no gateway has open");
    spool->require_subcommand(1);
    const auto add = [&](const char* name, const char* what, auto run) {
      auto* command = spool->add_subcommand(name, what);
      auto* config = command->add_option("--config", spool_.config, "stellwerk.yaml");
      auto* data =
          command->add_option("--data", spool_.data_directory, "Data directory, instead of the one of a configuration");
      command->add_flag("--json", json_, "JSON");
      data->excludes(config);
      command->callback([this, run] {
        if (spool_.config.empty() && spool_.data_directory.empty()) throw CLI::RequiredError{"--config or --data"};
        spool_.format = json_ ? cli::output::json : cli::output::text;
        code_ = run(spool_, process_environment());
      });
      return command;
    };
    auto* check_command = add("check", "Verify every row, body and reference", cli::spool_check);
    check_command->add_flag("--repair", spool_.repair,
                            "Salvage what can be read into a new state; the old one is kept");
    add("export", "Write every open message to an archive", cli::spool_export)
        ->add_option("archive", spool_.archive, "File; must not exist")
        ->required();
    add("import", "Accept the messages of an archive", cli::spool_import)
        ->add_option("archive", spool_.archive, "File")
        ->required();
  }

  int change_destination(const std::string& verb) {
    std::optional<std::chrono::seconds> lasts;
    if (!lasts_.empty()) {
      const auto parsed = config::parse_duration(lasts_);
      if (!parsed) {
        std::cerr << "stellwerk: --for: a duration such as 30m is expected\n";
        return static_cast<int>(exit_code::usage);
      }
      lasts = std::chrono::duration_cast<std::chrono::seconds>(*parsed);
    }
    return cli::destinations_change(admin(), verb, id_, reason_, lasts);
  }

  CLI::App app_;
  int code_ = 0;
  bool json_ = false;
  std::string config_;
  std::string id_;
  std::string reason_;
  std::string lasts_;
  simulate_arguments simulate_;
  cli::send_arguments send_;
  cli::check_arguments check_;
  cli::explain_arguments explain_;
  cli::eval_arguments eval_;
  cli::test_arguments test_;
  cli::replay_arguments replay_;
  cli::admin_arguments admin_;
  cli::queue_list_arguments list_;
  cli::suppression_arguments suppression_;
  cli::spool_arguments spool_;
  cli::queue_change_arguments change_;
  cli::policy_apply_arguments apply_;
  cli::audit_arguments audit_;
};

}  // namespace
}  // namespace stellwerk::app

int main(int argc, char** argv) {
  stellwerk::app::raise_descriptor_limit();
  stellwerk::app::command_line commands;
  return commands.run(argc, argv);
}
