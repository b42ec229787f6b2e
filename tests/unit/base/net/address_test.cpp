#include <gtest/gtest.h>

#include "base/net/host_port.hpp"
#include "base/net/ip_address.hpp"
#include "base/net/peer_network.hpp"
#include "base/net/url.hpp"

namespace stellwerk::net {
namespace {

TEST(ip_address, forms_of_one_address_are_one_value) {
  EXPECT_EQ(ip_address::parse("192.0.2.1"), ip_address::parse("::ffff:192.0.2.1"));
  EXPECT_EQ(ip_address::parse("2001:DB8::1"), ip_address::parse("2001:db8:0:0::1"));
  EXPECT_EQ(ip_address::parse("::ffff:192.0.2.1")->to_string(), "192.0.2.1");
  EXPECT_EQ(ip_address::parse("2001:DB8::1")->to_string(), "2001:db8::1");
}

TEST(ip_address, only_plain_numeric_forms_are_taken) {
  for (const char* text : {"", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1.2.3.4:25", "[::1]", "fe80::1%eth0", "localhost",
                           "0x7f.1", "1.2.3.256", "::1::"}) {
    EXPECT_FALSE(ip_address::parse(text)) << text;
  }
}

TEST(ip_address, addresses_inside_are_special) {
  for (const char* text : {"127.0.0.1",
                           "127.255.0.1",
                           "10.1.2.3",
                           "172.16.0.1",
                           "172.31.255.255",
                           "192.168.7.7",
                           "169.254.169.254",
                           "100.64.0.1",
                           "100.127.255.255",
                           "0.0.0.0",
                           "224.0.0.1",
                           "255.255.255.255",
                           "::1",
                           "::",
                           "fe80::1",
                           "fc00::1",
                           "fd12:3456::1",
                           "ff02::1",
                           "::ffff:10.0.0.1",
                           "::ffff:127.0.0.1",
                           "64:ff9b::a00:1",
                           "2002:7f00:1::"}) {
    EXPECT_TRUE(ip_address::parse(text)->is_special()) << text;
  }
}

TEST(ip_address, addresses_of_public_hosts_are_not_special) {
  for (const char* text : {"8.8.8.8", "172.15.255.255", "172.32.0.1", "100.63.255.255", "100.128.0.1", "169.253.0.1",
                           "2606:4700::1111", "64:ff9b::808:808", "2002:808:808::1", "::ffff:9.9.9.9"}) {
    EXPECT_FALSE(ip_address::parse(text)->is_special()) << text;
  }
}

TEST(ip_network, contains_what_shares_its_prefix) {
  const ip_network v4 = *ip_network::parse("10.20.0.0/14");
  EXPECT_TRUE(v4.contains("10.20.0.0"));
  EXPECT_TRUE(v4.contains("10.23.255.255"));
  EXPECT_TRUE(v4.contains("::ffff:10.21.0.1"));
  EXPECT_FALSE(v4.contains("10.24.0.0"));
  EXPECT_FALSE(v4.contains("not an address"));
  const ip_network v6 = *ip_network::parse("2001:db8:8000::/33");
  EXPECT_TRUE(v6.contains("2001:db8:ffff::1"));
  EXPECT_FALSE(v6.contains("2001:db8:7fff::1"));
}

TEST(ip_network, all_of_one_family_is_not_all_of_the_other) {
  EXPECT_TRUE(ip_network::parse("0.0.0.0/0")->contains("203.0.113.9"));
  EXPECT_FALSE(ip_network::parse("0.0.0.0/0")->contains("2001:db8::1"));
  EXPECT_TRUE(ip_network::parse("::/0")->contains("2001:db8::1"));
  EXPECT_FALSE(ip_network::parse("::/0")->contains("203.0.113.9"));
}

TEST(ip_network, one_address_is_a_network) {
  EXPECT_TRUE(ip_network::parse("::1")->contains("::1"));
  EXPECT_FALSE(ip_network::parse("192.0.2.1")->contains("192.0.2.2"));
  EXPECT_EQ(ip_network::parse("192.0.2.1")->to_string(), "192.0.2.1/32");
  EXPECT_EQ(ip_network::parse("2001:db8::/32")->to_string(), "2001:db8::/32");
}

TEST(ip_network, faults_are_refused) {
  for (const char* text :
       {"10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "/8", "10.0.0.0/-1", "::1/129", "10.0.0.0/8/8", ""}) {
    EXPECT_FALSE(ip_network::parse(text)) << text;
  }
}

TEST(host_port, names_and_addresses_with_their_port) {
  EXPECT_EQ(parse_host_port("0.0.0.0:25")->host, "0.0.0.0");
  EXPECT_EQ(parse_host_port("0.0.0.0:25")->port, 25);
  EXPECT_EQ(parse_host_port("[::1]:2525")->host, "::1");
  EXPECT_EQ(parse_host_port("mx1.example.com:0")->host, "mx1.example.com");
}

TEST(host_port, faults_are_refused) {
  for (const char* text : {"", "25", ":25", "mx", "mx:", "mx:65536", "mx:-1", "mx:2x", "::1:25", "[mx]:25", "[::1]25",
                           "[::1:25", "a b:25", "a/b:25"}) {
    EXPECT_FALSE(parse_host_port(text)) << text;
  }
}

TEST(host_port, a_listen_address_is_numeric_or_localhost) {
  EXPECT_EQ(parse_listen_address("localhost:0")->ip, "127.0.0.1");
  EXPECT_EQ(parse_listen_address("[::]:25")->to_string(), "[::]:25");
  EXPECT_FALSE(parse_listen_address("mx1.example.com:25"));
}

TEST(url, parts_of_a_base_url) {
  const auto parts = parse_url("HTTPS://API.Example.com/v3.1/");
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->scheme, "https");
  EXPECT_EQ(parts->host, "api.example.com");
  EXPECT_EQ(parts->port, 443);
  EXPECT_EQ(parts->path, "/v3.1");
  EXPECT_EQ(parse_url("http://127.0.0.1:8025")->port, 8025);
  EXPECT_EQ(parse_url("http://127.0.0.1:8025")->path, "");
  EXPECT_EQ(parse_url("http://[::1]:80/x")->host, "::1");
}

TEST(url, faults_are_refused) {
  for (const char* text : {"", "api.example.com", "ftp://example.com/", "https:///path", "https://user:pw@example.com/",
                           "https://example.com/?q=1", "https://example.com/#part", "https://example.com:0/",
                           "https://example.com:99999/", "https://exa mple.com/"}) {
    EXPECT_FALSE(parse_url(text)) << text;
  }
}

}  // namespace
}  // namespace stellwerk::net
