#include "gateway/spool/embedded/history_walk.hpp"

#include "gateway/spool/embedded/file_system.hpp"
#include "gateway/spool/embedded/state_reader.hpp"

namespace stellwerk::spool::embedded {
namespace {

constexpr std::size_t page = 1000;

}  // namespace

result<void> walk_history(const std::string& data_directory, logger& log, const recipient_visitor& visit) {
  state_options options;
  options.directory = data_directory + "/state";
  options.read_only = true;
  options.log = &log;
  auto db = state_db::open(options);
  if (!db) return db.error();
  // Bodies are not read: the segments stay as they are.
  const segment_store segments{posix_file_system(), log, {data_directory + "/segments", 0, false}};
  const state_reader reader{**db, segments, log, {}};
  message_filter filter;
  filter.limit = page;
  for (;;) {
    const auto rows = reader.list(filter);
    if (!rows) return rows.error();
    for (const listed_recipient& one : *rows) {
      const bool copy = !one.message.shadow_destination.empty();  // for a sandbox: no traffic
      if (!copy) visit(one.message, one.recipient);
    }
    if (rows->size() < page) return {};
    filter.after = rows->back().message.id;
  }
}

}  // namespace stellwerk::spool::embedded
