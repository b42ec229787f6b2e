// compose_json IN.json OUT_DIRECTORY: composes each email of a JSON list into OUT_DIRECTORY/<name>.eml; the driver of
// roundtrip_test.py. Attachment contents are base64 in the JSON.
#include <fstream>
#include <iostream>
#include <sstream>

#include <boost/json.hpp>

#include "base/text.hpp"
#include "mail/composer.hpp"

namespace {

namespace json = boost::json;
using namespace stellwerk;

std::string text_of(const json::object& from, std::string_view key) {
  const json::value* value = from.if_contains(json::string_view{key.data(), key.size()});
  return value == nullptr ? std::string{} : std::string{value->as_string().c_str(), value->as_string().size()};
}

mail::email_mailbox mailbox_of(const json::value& from) {
  return {text_of(from.as_object(), "display_name"), text_of(from.as_object(), "address")};
}

std::vector<mail::email_mailbox> mailboxes_of(const json::object& from, const char* key) {
  std::vector<mail::email_mailbox> list;
  if (const json::value* value = from.if_contains(key)) {
    for (const json::value& one : value->as_array()) list.push_back(mailbox_of(one));
  }
  return list;
}

mail::email email_of(const json::object& from) {
  mail::email message;
  message.from = mailbox_of(from.at("from"));
  message.to = mailboxes_of(from, "to");
  message.cc = mailboxes_of(from, "cc");
  message.bcc = mailboxes_of(from, "bcc");
  message.reply_to = mailboxes_of(from, "reply_to");
  message.subject = text_of(from, "subject");
  message.text = text_of(from, "text");
  message.html = text_of(from, "html");
  if (const json::value* list = from.if_contains("attachments")) {
    for (const json::value& value : list->as_array()) {
      const json::object& one = value.as_object();
      message.attachments.push_back({text_of(one, "filename"), text_of(one, "content_type"),
                                     base64_decode(text_of(one, "content")).value(), text_of(one, "content_id")});
    }
  }
  if (const json::value* list = from.if_contains("headers")) {
    for (const json::value& value : list->as_array()) {
      message.headers.emplace_back(text_of(value.as_object(), "name"), text_of(value.as_object(), "value"));
    }
  }
  return message;
}

int compose_all(const std::string& in, const std::string& out_directory) {
  std::ifstream file{in};
  std::stringstream text;
  text << file.rdbuf();
  const time_point date = parse_rfc3339("2026-01-31T08:15:00Z").value();
  seeded_random random{1};
  const json::value list = json::parse(text.str());
  for (const json::value& value : list.as_array()) {
    const std::string name = text_of(value.as_object(), "name");
    const mail::email message = email_of(value.as_object());
    for (const mail::field_fault& fault : mail::validate(message)) {
      std::cerr << name << ": " << fault.field_path << ' ' << fault.description << '\n';
      return 1;
    }
    std::ofstream out{out_directory + '/' + name + ".eml", std::ios::binary};
    out << mail::compose(message, {date, '<' + name + "@gw-1.example>"}, random);
    if (!out.flush()) return 1;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: compose_json IN.json OUT_DIRECTORY\n";
    return 2;
  }
  return compose_all(argv[1], argv[2]);
}
