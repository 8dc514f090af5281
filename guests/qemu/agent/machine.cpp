// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/agent/machine.hpp"

#include <sys/mman.h>
#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>
#include <utility>
#include <vector>

#include "fermata/base/error.hpp"
#include "fermata/record/recording_stream.hpp"
#include "guests/qemu/agent/link/goodbye.hpp"
#include "guests/qemu/agent/watcher.hpp"
#include "guests/qemu/stock/doctor.hpp"
#include "guests/qemu/stock/probes.hpp"

namespace fermata::qemu {
namespace {

guest::Statistics* map_statistics(std::optional<int> descriptor) {
  if (!descriptor) {
    return nullptr;
  }
  struct stat file {};
  if (::fstat(*descriptor, &file) < 0 || file.st_size < static_cast<off_t>(sizeof(guest::Statistics))) {
    throw base::BadArgument("stats=" + std::to_string(*descriptor) + ": needs a memory file of at least " +
                            std::to_string(sizeof(guest::Statistics)) + " bytes");
  }
  void* memory = ::mmap(nullptr, sizeof(guest::Statistics), PROT_READ | PROT_WRITE, MAP_SHARED, *descriptor, 0);
  if (memory == MAP_FAILED) {
    throw base::host_error("map the statistics' memory", errno);
  }
  return static_cast<guest::Statistics*>(memory);
}

}  // namespace

Machine::Machine(const AgentOptions& options, const Symbols& symbols)
    : options_(options),
      symbols_(symbols),
      endpoint_(transport::open(options.endpoint)),
      statistics_(map_statistics(options.stats)),
      qemu_(symbols_) {
  if (endpoint_.clocks) {
    clocks_.emplace(std::move(*endpoint_.clocks), static_cast<std::size_t>(options.endpoint.clock));
  }
}

void Machine::tell(const std::string& line) { std::fprintf(stderr, "fermata: %s\n", line.c_str()); }

void Machine::check(bool counts_instructions) const {
  const std::vector<std::string> failures = failed_probes(symbols_, true, counts_instructions);
  for (const std::string& failure : failures) {
    tell(failure);
  }
  if (!failures.empty()) {
    tell("QEMU " + to_string(query_version(symbols_)) + " cannot be held at virtual instants as it was started");
    std::exit(EXIT_FAILURE);
  }
  if (const QemuVersionTriple version = query_version(symbols_); !is_tested_version(version)) {
    tell("note: QEMU " + to_string(version) + " is none that Fermata was tested with; all checks passed");
  }
}

guest::Follower& Machine::follow(std::unique_ptr<wire::GuestSession> session, guest::Executor& executor) {
  session_ = std::move(session);
  if (!options_.record.empty()) {
    endpoint_.stream = record::recorded(std::move(endpoint_.stream), options_.record, record::End::guest);
  }
  return follower_.emplace(
      *session_, *endpoint_.stream, executor,
      guest::Follower::Options{.statistics = statistics_, .clocks = clocks_ ? &*clocks_ : nullptr});
}

void Machine::watch(const std::function<bool()>& has_failed) {
  const bool may_say_goodbye = options_.protocol == AgentOptions::Protocol::link && !options_.endpoint.is_memory();
  watch_peer(
      endpoint_.hangup,
      [this, has_failed] {
        qemu_.lock();
        qemu_.request_quit(has_failed());
        qemu_.unlock();
      },
      may_say_goodbye ? std::function<bool()>([this] { return link::has_goodbye(endpoint_.hangup); }) : nullptr);
}

void Machine::close_link() {
  try {
    endpoint_.stream->close();
  } catch (const base::Error& error) {
    tell(error.what());
  }
}

}  // namespace fermata::qemu
