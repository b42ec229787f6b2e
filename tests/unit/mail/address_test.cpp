#include "mail/address.hpp"

#include <gtest/gtest.h>

namespace stellwerk::mail {
namespace {

address_fault path_fault(std::string_view path, utf8_rule utf8 = utf8_rule::refused) {
  const auto parsed = parse_path(path, utf8);
  return parsed ? address_fault::none : fault_of(parsed.error());
}

address parsed_path(std::string_view path, utf8_rule utf8 = utf8_rule::refused) {
  const auto parsed = parse_path(path, utf8);
  return parsed ? *parsed : address{};
}

TEST(address, keeps_the_local_part_and_lowers_the_domain) {  // P-090
  const address a = parsed_path("Max.Muster+Tag@Example.COM");
  EXPECT_EQ(a.local, "Max.Muster+Tag");
  EXPECT_EQ(a.domain, "example.com");
  EXPECT_EQ(a.to_string(), "Max.Muster+Tag@example.com");
  EXPECT_EQ(address{}.to_string(), "");
}

TEST(address, limits_of_local_part_and_path) {  // P-058
  EXPECT_EQ(path_fault(std::string(64, 'a') + "@x.example"), address_fault::none);
  EXPECT_EQ(path_fault(std::string(65, 'a') + "@x.example"), address_fault::too_long);
  std::string domain;
  while (domain.size() < 252) domain += "abc.";
  const std::string fits = domain.substr(0, 252 - 2) + "ab";  // 1 + 1 + 252 + 2 brackets = 256
  ASSERT_EQ(fits.size(), 252U);
  EXPECT_EQ(path_fault("u@" + fits), address_fault::none);
  EXPECT_EQ(path_fault("uu@" + fits), address_fault::too_long);
  EXPECT_EQ(fault_of(parse_address("uu@" + fits).error()), address_fault::too_long);
  EXPECT_EQ(fault_of(normalise_domain(domain + "abcd").error()), address_fault::too_long);
}

TEST(address, a_source_route_is_stripped) {  // P-081
  EXPECT_EQ(parsed_path("@evil.ex,@b.ex:user@served.ex").to_string(), "user@served.ex");
  for (const char* bad : {"@evil.ex", "@evil.ex,b.ex:user@served.ex", "@:user@served.ex", "@a.ex:", "@a b:u@c.ex"}) {
    EXPECT_EQ(path_fault(bad), address_fault::bad_syntax) << bad;
  }
}

TEST(address, old_relay_forms_are_opaque_local_parts) {  // P-082, P-083
  EXPECT_EQ(parsed_path("user%evil.ex@served.ex").local, "user%evil.ex");
  EXPECT_EQ(parsed_path("evil.ex!user@served.ex").domain, "served.ex");
  EXPECT_EQ(path_fault("evil.ex!user"), address_fault::bad_syntax);
}

TEST(address, quoted_local_parts_stay_byte_for_byte) {  // P-084
  for (const std::string local : {R"("user@evil.ex")", R"("a b")", R"("a\"b")", R"("")", R"("a\\")"}) {
    const address a = parsed_path(local + "@served.ex");
    EXPECT_EQ(a.local, local);
    EXPECT_EQ(a.domain, "served.ex");
  }
  for (const char* bad : {R"("a@b.ex)", R"("a"b@c.ex)", R"(a"b"@c.ex)", R"("a\)", "\"a\tb\"@c.ex"}) {
    EXPECT_EQ(path_fault(bad), address_fault::bad_syntax) << bad;
  }
}

TEST(address, one_path_holds_one_address) {  // P-085
  for (const char* bad : {"a@x.ex,b@y.ex", "a@x.ex> <b@y.ex", "a@x.ex>,<b@y.ex", " a@x.ex", "a@x.ex ", "a @x.ex",
                          "a@b@c.ex", "", "@", "a@", "a", ".a@x.ex", "a.@x.ex", "a..b@x.ex"}) {
    EXPECT_NE(path_fault(bad), address_fault::none) << bad;
  }
  EXPECT_EQ(path_fault("a@x.ex,b@y.ex"), address_fault::bad_syntax);
}

TEST(address, literals_and_ports_are_refused) {  // P-086
  for (const char* bad : {"u@[127.0.0.1]", "u@[IPv6:::1]", "u@[169.254.169.254]", "u@served.ex:25"}) {
    EXPECT_EQ(path_fault(bad), address_fault::bad_domain) << bad;
  }
}

TEST(address, domains_are_host_names) {  // P-087
  for (const std::string& bad : {std::string{"a..b"}, std::string{"-a.ex"}, std::string{"a-.ex"}, std::string{"a.ex."},
                                 std::string{"a_b.ex"}, std::string(64, 'a') + ".ex", std::string{"0x7f.1"},
                                 std::string{"127.0.0.1"}, std::string{"0x7f000001"}, std::string{"."}}) {
    EXPECT_EQ(path_fault("u@" + bad), address_fault::bad_domain) << bad;
  }
  EXPECT_EQ(path_fault("u@" + std::string(63, 'a') + ".ex"), address_fault::none);
  EXPECT_EQ(path_fault("u@localhost"), address_fault::none);
  EXPECT_EQ(path_fault("u@3com.example"), address_fault::none);
}

TEST(address, control_characters_never_pass) {
  using namespace std::literals;
  for (const auto bad :
       {"a@b\0.evil.ex"sv, "a\0@b.ex"sv, "a@b.ex\r"sv, "a\n@b.ex"sv, "\"a\0b\"@b.ex"sv, "a@b\x7f.ex"sv}) {
    EXPECT_EQ(path_fault(bad, utf8_rule::allowed), address_fault::bad_syntax);
    EXPECT_FALSE(parse_address(bad).has_value());
  }
}

TEST(address, non_ascii_needs_smtputf8) {  // P-088
  EXPECT_EQ(path_fault("jürgen@example.de"), address_fault::needs_smtputf8);
  const address a = parsed_path("jürgen@example.de", utf8_rule::allowed);
  EXPECT_EQ(a.local, "jürgen");
  EXPECT_TRUE(needs_smtputf8(a));
  EXPECT_EQ(path_fault("j\xff@example.de", utf8_rule::allowed), address_fault::bad_syntax);
  EXPECT_EQ(path_fault("j\xff@example.de"), address_fault::bad_syntax);
}

TEST(address, both_labels_of_one_domain_are_one_domain) {  // P-089
  const std::string a_label = "xn--mnchen-3ya.example";
  EXPECT_EQ(parsed_path("u@münchen.example", utf8_rule::allowed).domain, a_label);
  EXPECT_EQ(parsed_path("u@MÜNCHEN.Example", utf8_rule::allowed).domain, a_label);
  EXPECT_EQ(parsed_path("u@XN--MNCHEN-3YA.example").domain, a_label);
  EXPECT_EQ(parsed_path("u@straße.example", utf8_rule::allowed).domain, "xn--strae-oqa.example");
  EXPECT_FALSE(needs_smtputf8(parsed_path("u@münchen.example", utf8_rule::allowed)));
}

TEST(address, unicode_mapping_cannot_smuggle_ascii_signs) {
  for (const char* bad : {"u@a＠b.ex", "u@a．．b", "u@１２７。０。０。１", "u@a：25", "u@ü..ex", "u@ü_x.ex"}) {
    EXPECT_NE(path_fault(bad, utf8_rule::allowed), address_fault::none) << bad;
  }
}

TEST(address, the_fault_of_a_foreign_error_is_none) {
  EXPECT_EQ(fault_of(error{errc::malformed, "x"}), address_fault::none);
  EXPECT_EQ(parse_address("u").error().message(), "address.parse: bad address syntax");
}

}  // namespace
}  // namespace stellwerk::mail
