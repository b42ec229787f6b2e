// Rows of the suppression list: durable with the answer, there after a crash, carried by every tool, and of a damaged
// one what its key says.
#include <gtest/gtest.h>

#include "gateway/spool/embedded/row_codec.hpp"
#include "tests/unit/gateway/spool/damage_fixture.hpp"

namespace stellwerk::spool {
namespace {

class suppression_test : public damage_fixture {
 protected:
  suppression_row a_row(std::string address, std::string tenant = "",
                        suppression_scope scope = suppression_scope::all) {
    suppression_row row;
    row.address = std::move(address);
    row.tenant = std::move(tenant);
    row.scope = scope;
    row.reason = suppression_reason::complaint;
    row.source = "test";
    row.note = "asked by letter";
    row.created = time_.now();
    return row;
  }
  void put(const suppression_row& row, bool is_removal = false) {
    settle_request request;
    request.suppressions.push_back({row, is_removal});
    ASSERT_TRUE(settle(std::move(request)));
  }
  [[nodiscard]] std::vector<suppression_row> rows(const suppression_filter& filter = {}) {
    auto read = store_->list_suppressions(filter);
    EXPECT_TRUE(read);
    return read ? *read : std::vector<suppression_row>{};
  }
};

TEST_F(suppression_test, a_row_is_read_as_it_was_written) {
  open();
  suppression_row row = a_row("ada@example.org", "acme", suppression_scope::marketing);
  row.expires = time_.now() + std::chrono::hours{24};
  put(row);
  restart();
  EXPECT_EQ(rows(), std::vector{row});
}

TEST_F(suppression_test, what_was_answered_is_there_after_the_power_failed) {
  open();
  put(a_row("ada@example.org"));
  put(a_row("bob@example.org"));
  put(a_row("bob@example.org"), true);
  disk_->stop_now();
  close();
  disk_->come_back(simulated_disk::survivors::synced_only);
  open();
  ASSERT_EQ(rows().size(), 1U);
  EXPECT_EQ(rows().front().address, "ada@example.org");
}

TEST_F(suppression_test, one_row_for_each_tenant_address_and_scope) {
  open();
  put(a_row("ada@example.org"));
  suppression_row again = a_row("ada@example.org");
  again.note = "and by telephone";
  put(again);
  put(a_row("ada@example.org", "acme"));
  put(a_row("ada@example.org", "acme", suppression_scope::marketing));
  ASSERT_EQ(rows().size(), 3U);
  EXPECT_EQ(rows().front(), again);
}

TEST_F(suppression_test, lists_are_filtered_and_paged_in_the_order_of_keys) {
  open();
  for (const char* tenant : {"", "acme", "acme2"}) {
    for (const char* address : {"ada@example.org", "bob@example.org", "eve@example.org"}) put(a_row(address, tenant));
  }
  suppression_filter filter;
  filter.limit = 2;
  std::vector<std::string> seen;
  for (auto page = rows(filter); !page.empty(); page = rows(filter)) {
    for (const suppression_row& row : page) seen.push_back(suppression_key(row));
    filter.after = seen.back();
  }
  EXPECT_EQ(seen.size(), 9U);
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
  filter = {};
  filter.tenant = "acme";
  EXPECT_EQ(rows(filter).size(), 3U);
  filter.address = "bob@example.org";
  EXPECT_EQ(rows(filter).size(), 1U);
  filter.tenant.clear();
  EXPECT_EQ(rows(filter).size(), 3U);
}

TEST_F(suppression_test, a_damaged_row_still_says_who) {
  open();
  suppression_row row = a_row("ada@example.org", "acme");
  row.expires = time_.now() + std::chrono::hours{1};
  put(row);
  put(a_row("bob@example.org"));
  close();
  patch_row(embedded::family::suppression, suppression_key(row), [](std::string& value) { value[1] ^= 0x40; });
  const auto checked = check_spool(tool());
  ASSERT_TRUE(checked);
  EXPECT_EQ(checked->faults.at("damaged_row"), 1U);
  open();
  ASSERT_EQ(rows().size(), 2U);
  EXPECT_EQ(rows().back().address, "ada@example.org");
  EXPECT_FALSE(rows().back().expires) << "the careful side";
  close();

  const auto repaired = repair_spool(tool());
  ASSERT_TRUE(repaired);
  EXPECT_EQ(repaired->suppressions, 2U);
  const auto sound = check_spool(tool());
  ASSERT_TRUE(sound);
  EXPECT_TRUE(sound->is_sound());
  EXPECT_EQ(sound->suppressions, 2U);
  open();
  EXPECT_EQ(rows().size(), 2U);
}

TEST_F(suppression_test, an_archive_carries_the_list) {
  open();
  put(a_row("ada@example.org", "acme"));
  put(a_row("bob@example.org"));
  close();
  const auto out = export_spool(tool(), "/mail.archive");
  ASSERT_TRUE(out);
  EXPECT_EQ(out->suppressions, 2U);
  tool_options there = tool();
  there.config.data_directory = "/elsewhere";
  const auto in = import_spool(there, "/mail.archive");
  ASSERT_TRUE(in) << in.error().message();
  EXPECT_EQ(in->suppressions, 2U);
  const auto again = import_spool(there, "/mail.archive");
  ASSERT_TRUE(again);
  EXPECT_EQ(again->suppressions, 0U) << "importing twice is importing once";
  EXPECT_EQ(check_spool(there)->suppressions, 2U);
}

// What a version before this family left.
TEST_F(suppression_test, a_store_without_the_family_is_read_and_gets_it_with_its_first_start) {
  with_database([](rocksdb::DB& db, const std::vector<rocksdb::ColumnFamilyHandle*>& families) {
    ASSERT_TRUE(db.DropColumnFamily(families.back()).ok());
  });
  const auto checked = check_spool(tool());
  ASSERT_TRUE(checked) << checked.error().message();
  EXPECT_TRUE(checked->is_sound());
  EXPECT_GT(checked->messages, 0U);
  ASSERT_TRUE(export_spool(tool(), "/mail.archive"));
  open();
  EXPECT_TRUE(rows().empty());
  put(a_row("ada@example.org"));
  restart();
  EXPECT_EQ(rows().size(), 1U);
}

TEST(suppression_key, is_read_back_and_nothing_else_is) {
  const auto row = parse_suppression_key(suppression_key("acme", "ada@example.org", suppression_scope::marketing));
  ASSERT_TRUE(row);
  EXPECT_EQ(row->tenant, "acme");
  EXPECT_EQ(row->address, "ada@example.org");
  EXPECT_EQ(row->scope, suppression_scope::marketing);
  for (const char* text : {"", "\n", "\n\n0", "acme\nada@example.org\n3", "acme\nada@example.org\n",
                           "acme\nada\nbob\n0", "acme\nada@example.org\n00"}) {
    EXPECT_FALSE(parse_suppression_key(text)) << text;
  }
}

}  // namespace
}  // namespace stellwerk::spool
