#include "gateway/spool/embedded/closed_store.hpp"

#include <algorithm>
#include <utility>

namespace stellwerk::spool::embedded {

file_system& files_of(const tool_options& options) {
  return options.files == nullptr ? posix_file_system() : *options.files;
}

state_options state_options_of(const tool_options& options) {
  state_options state;
  state.directory = options.config.data_directory + "/state";
  state.env = options.env;
  state.history_retention = options.config.history_retention;
  state.history_bytes_max = options.config.history_bytes_max;
  state.log = &options.log;
  return state;
}

result<std::unique_ptr<file_lock>> lock_store(const tool_options& options) {
  const std::string& directory = options.config.data_directory;
  const auto names = files_of(options).list(directory);
  const auto has = [&](const char* name) {
    return names && std::find(names->begin(), names->end(), name) != names->end();
  };
  if (!has("state") && !has("state.repaired")) return error{errc::not_found, "spool.open"};
  return files_of(options).lock(directory + "/LOCK");
}

result<closed_store> open_closed(const tool_options& options) {
  closed_store store;
  auto lock = lock_store(options);
  if (!lock) return lock.error();
  store.lock = std::move(*lock);
  state_options state = state_options_of(options);
  state.read_only = true;
  auto db = state_db::open(state);
  if (!db) return db.error();
  store.db = std::move(*db);
  segment_options segments{options.config.data_directory + "/segments", options.config.segment_bytes, true};
  store.segments = std::make_unique<segment_store>(files_of(options), options.log, std::move(segments));
  return store;
}

}  // namespace stellwerk::spool::embedded
