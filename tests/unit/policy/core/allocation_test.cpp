// The hot path of a decision touches the heap not at all for a condition, and a bounded number of times for the
// decision. Counts every operator new of this program; nothing else is in it.
#include <atomic>
#include <cstdlib>
#include <new>

#include "policy/condition.hpp"
#include "tests/unit/policy/core/sample.hpp"

namespace {

std::atomic<std::size_t> allocations{0};

void* counted(std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* out = std::malloc(size == 0 ? 1 : size)) return out;
  throw std::bad_alloc{};
}

}  // namespace

void* operator new(std::size_t size) { return counted(size); }
void* operator new[](std::size_t size) { return counted(size); }
// Memory resources ask for an alignment by name.
void* operator new(std::size_t size, std::align_val_t alignment) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  const auto step = static_cast<std::size_t>(alignment);
  if (void* out = std::aligned_alloc(step, (size + step - 1) / step * step)) return out;
  throw std::bad_alloc{};
}
void operator delete(void* what, std::align_val_t) noexcept { std::free(what); }
void operator delete(void* what, std::size_t, std::align_val_t) noexcept { std::free(what); }
void operator delete(void* what) noexcept { std::free(what); }
void operator delete[](void* what) noexcept { std::free(what); }
void operator delete(void* what, std::size_t) noexcept { std::free(what); }
void operator delete[](void* what, std::size_t) noexcept { std::free(what); }

namespace stellwerk::policy {
namespace {

template <class What>
std::size_t allocations_of(What what) {
  what();  // regular expressions and the like build their caches once
  const std::size_t before = allocations.load();
  what();
  return allocations.load() - before;
}

TEST(allocation, counting_counts) {
  EXPECT_EQ(allocations_of([] { delete new int{1}; }), 1U);
}

TEST(allocation, typical_conditions_never_reach_the_heap) {
  sample_message message;
  message.to("ann@gmail.com")
      .tag("order")
      .tag("personal")
      .header("X-Mailer: a shop of many years and versions")
      .meta("order-number-of-the-customer", "4711-0815-42");
  const facts about = message.about();
  const std::vector<destination_traits> destinations{an_mta("onprem"), an_esp("mailjet")};
  const ideal_live_state live;
  const fact_activation asked{about, destinations, live, sample_now};
  for (const char* source : {
           "stream == 'transactional' && client == 'shop'",
           "'personal' in tags && !('list-unsubscribe' in header)",
           "header['x-mailer'].startsWith('a shop') && header['x-absent-field-with-a-long-name'] == ''",
           "headers['x-mailer'].exists(h, h.contains('versions'))",
           "metadata['order-number-of-the-customer'] == '4711-0815-42' && metadata['another-name-that-is-rather-long'] "
           "== ''",
           "mailbox_provider in ['google', 'microsoft'] && recipient.domain.endsWith('.com') && recipient.local == "
           "'ann'",
           "subject.matches('(?i)(hello|hallo)') && !subject.matches('^$')",
           "tags.filter(t, t != 'order').map(t, t + '!') == ['personal!']",
           "size < 1000000 && recipients <= 20 && attempt == 0 && age < duration('5m')",
           "now.getHours('Europe/Berlin') >= 0 && now > timestamp('2026-01-01T00:00:00Z')",
           "available('onprem') && backlog('mailjet') < 1000 && spent('mailjet') < 100.5",
           "subject.lowerAscii().indexOf('hel') == 0 ? true : false",
       }) {
    SCOPED_TRACE(source);
    auto compiled = condition::compile(source, "test", condition_use::route, destinations);
    ASSERT_TRUE(std::holds_alternative<std::unique_ptr<const condition>>(compiled))
        << std::get<std::vector<policy_fault>>(compiled).front().reason;
    const auto& one = std::get<std::unique_ptr<const condition>>(compiled);
    EXPECT_EQ(one->ask(asked), condition::answer::yes);
    EXPECT_EQ(allocations_of([&] { (void)one->ask(asked); }), 0U);
  }
}

TEST(allocation, a_decision_allocates_for_its_candidates_only_whatever_the_number_of_routes) {
  sample_message message;
  const facts about = message.about();
  const ideal_live_state live;
  const history past;
  const auto of_routes = [&](int count) {
    sample_policy sample;
    for (int i = 0; i < count; ++i) {
      sample.route("r" + std::to_string(i), a_failover({to_destination("onprem"), to_destination("mailjet")}),
                   "'tag-" + std::to_string(i) + "' in tags && recipients < 100");
    }
    sample.route("rest", a_failover({to_destination("onprem"), to_destination("mailjet")}));
    const auto rules = sample.compiled();
    return allocations_of([&] { (void)rules->decide(about, past, live, sample_now); });
  };
  const std::size_t few = of_routes(1);
  EXPECT_EQ(of_routes(100), few);
  EXPECT_LE(few, 8U);
}

}  // namespace
}  // namespace stellwerk::policy
