#include "mail/mailbox_provider.hpp"

#include <algorithm>

#include <gtest/gtest.h>

namespace stellwerk::mail {
namespace {

TEST(mailbox_provider, known_and_other_domains) {
  EXPECT_EQ(mailbox_provider_of("gmail.com"), "google");
  EXPECT_EQ(mailbox_provider_of("googlemail.com"), "google");
  EXPECT_EQ(mailbox_provider_of("outlook.de"), "microsoft");
  EXPECT_EQ(mailbox_provider_of("yahoo.com"), "yahoo");
  EXPECT_EQ(mailbox_provider_of("web.de"), "web_de");
  EXPECT_EQ(mailbox_provider_of("t-online.de"), "t_online");
  for (const char* other : {"", "example.com", "gmail.co", "gmail.com.", "notgmail.com", "zzzz", "0"}) {
    EXPECT_EQ(mailbox_provider_of(other), "other") << other;
  }
}

TEST(mailbox_provider, names_are_a_closed_set_of_label_values) {
  const auto names = all_mailbox_providers();
  EXPECT_EQ(names.back(), "other");
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end() - 1));
  for (const auto name : names) {
    EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_"), std::string_view::npos) << name;
  }
  for (const char* domain : {"gmail.com", "gmx.de", "icloud.com"}) {
    EXPECT_NE(std::find(names.begin(), names.end(), mailbox_provider_of(domain)), names.end());
  }
}

}  // namespace
}  // namespace stellwerk::mail
