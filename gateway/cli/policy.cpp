// `stellwerk policy`: the policy of a running gateway, shown and, where the store owns it, replaced.
#include <iostream>

#include <boost/json.hpp>

#include "base/file.hpp"
#include "gateway/cli/admin_client.hpp"
#include "gateway/cli/command.hpp"

namespace stellwerk::cli {
namespace {

namespace json = boost::json;

std::string text_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string{value->get_string()} : "";
}

}  // namespace

int policy_show(const admin_arguments& admin) {
  const auto body = call_admin(admin, "PolicyService/GetPolicy", "{}");
  if (!body) return 1;
  if (admin.format == output::json) {
    std::cout << *body << "\n";
    return 0;
  }
  const json::object answer = json::parse(*body).as_object();
  std::cout << "# version " << text_of(answer, "version") << "\n# source " << text_of(answer, "source") << "\n"
            << text_of(answer, "policy");
  return 0;
}

int policy_apply(const policy_apply_arguments& arguments) {
  const auto text = read_file(arguments.file);
  if (!text) {
    std::cerr << "stellwerk: " << arguments.file << ": cannot be read\n";
    return 1;
  }
  const json::object request{
      {"policy", *text}, {"reason", arguments.reason}, {"expectedVersion", arguments.expected_version}};
  const auto body = call_admin(arguments.admin, "PolicyService/ApplyPolicy", json::serialize(request));
  if (!body) return 1;
  if (arguments.admin.format == output::json) {
    std::cout << *body << "\n";
  } else {
    std::cout << "in force: " << text_of(json::parse(*body).as_object(), "version") << "\n";
  }
  return 0;
}

}  // namespace stellwerk::cli
