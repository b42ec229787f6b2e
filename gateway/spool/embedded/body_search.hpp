// body_search: finds a body by the id in its record when the row that said where it lies is lost. Walks the segment
// files once; behind a damaged record it goes on at the next magic. Thread rule: one thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/ids.hpp"
#include "gateway/spool/embedded/file_system.hpp"
#include "gateway/spool/embedded/row_codec.hpp"

namespace stellwerk::spool::embedded {

class body_search {
 public:
  body_search(file_system& files, std::string directory) : files_{files}, directory_{std::move(directory)} {}

  // The youngest whole record of this message.
  [[nodiscard]] std::optional<body_place> find(const queue_id& id);

 private:
  void index();
  void index_segment(std::uint32_t segment, const segment_file& file);

  file_system& files_;
  std::string directory_;
  bool is_indexed_ = false;
  std::map<queue_id, body_place> places_;
};

}  // namespace stellwerk::spool::embedded
