// SPDX-License-Identifier: MIT
//
// A guest compiled from C on the embedded machine, over link v1: in this process, or as the program fermata-machine
// over either transport.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fermata/machine/in_process_guest.hpp"
#include "fermata/sim/link_guest.hpp"
#include "tests/machine/program_fixture.hpp"

namespace fermata::machine_test {

enum class Kind : std::uint8_t { in_process, program, program_over_memory };

struct LinkedOptions {
  std::string guest;
  sim::LinkOptions link{};
  unsigned networks = 0;
  std::vector<unsigned> lines{};
  std::vector<machine::ExternalWindow::Config> windows{};
  std::vector<std::string> dma{};
  unsigned harts = 1;
  std::vector<std::uint64_t> parameters{};  ///< loaded at 0x80100000
};

/// The command of fermata-machine, without `-link fd=N`, which LinkGuest appends.
[[nodiscard]] host::Command program_of(const LinkedOptions& options);
[[nodiscard]] machine::Config config_of(const LinkedOptions& options);

/// "t=5\nt=6\n" piece by piece, each with its instant in ns.
using Outputs = std::vector<std::pair<std::int64_t, std::string>>;
[[nodiscard]] std::string joined(const Outputs& outputs);

/// A guest of any kind.
class LinkedGuest {
 public:
  LinkedGuest(Kind kind, const LinkedOptions& options);
  sim::LinkGuest* operator->() { return &guest_; }
  sim::LinkGuest& operator*() { return guest_; }

  void run_in_quanta(time::Instant end, time::Duration quantum);
  /// Collects what the guest sends over serial0, from here on.
  void collect(Outputs& outputs);

 private:
  std::unique_ptr<machine::InProcessGuest> in_process_;
  sim::LinkGuest guest_;
};

class EachKind : public ::testing::TestWithParam<Kind> {};
/// For INSTANTIATE_TEST_SUITE_P.
inline auto each_kind() { return ::testing::Values(Kind::in_process, Kind::program, Kind::program_over_memory); }
inline std::string kind_name(const ::testing::TestParamInfo<Kind>& kind) {
  return kind.param == Kind::in_process ? "in_process" : kind.param == Kind::program ? "program" : "shared_memory";
}

}  // namespace fermata::machine_test
