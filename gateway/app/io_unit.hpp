// io_unit: what lives on one io thread: its connector, its admission, its SMTP door. Thread-bound after start.
#pragma once

#include <memory>

#include "base/async/blocking_pool.hpp"
#include "base/async/task_group.hpp"
#include "base/ids.hpp"
#include "base/net/resolver.hpp"
#include "base/net/tcp_connector.hpp"
#include "base/random.hpp"
#include "gateway/ingress/admission_pipeline.hpp"

namespace stellwerk::app {

struct io_unit {
  io_unit(async::io_context& context_in, async::blocking_pool& pool, const clock& time, logger& log)
      : context{context_in},
        random{secure_seed()},
        ids{time, random},
        names{context.get_executor(), pool, time},
        network{context.get_executor(), names},
        tasks{context.get_executor(), [&log](std::string_view task, std::string_view what) {
                log.error("task_died", {{"task", task}, {"what", what}});
              }} {}

  async::io_context& context;
  seeded_random random;
  id_generator ids;
  net::resolver names;
  net::tcp_connector network;
  async::task_group tasks;  // attempts, probes, submissions
  std::unique_ptr<ingress::admission_pipeline> admission;
};

}  // namespace stellwerk::app
