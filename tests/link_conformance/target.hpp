// SPDX-License-Identifier: MIT
//
// What link v1 is tested on: each kind of guest over each transport that it has. The tests are the same for all; which
// targets there are, and how a guest is started, is the program's: on_machine.cpp, on_qemu.cpp.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fermata/sim/connection.hpp"
#include "fermata/sim/link_guest.hpp"
#include "fermata/wire/link/frame.hpp"
#include "tests/support/files.hpp"
#include "tests/support/programs.hpp"

namespace fermata::conformance_test {

using namespace std::chrono_literals;
using namespace time::literals;
using namespace test_support;
using time::Duration;
using time::Instant;

enum class Carrier : std::uint8_t { in_process, unix_socket, shared_memory };

struct Target {
  std::string guest;  ///< "machine", or the version of a QEMU
  std::string arch = "riscv64";
  Carrier carrier = Carrier::unix_socket;

  [[nodiscard]] bool is_machine() const { return guest == "machine"; }
  [[nodiscard]] bool is_program() const { return carrier != Carrier::in_process; }
  /// When a guest has booted: from there on it hears what it is sent.
  [[nodiscard]] Instant booted() const { return Instant::at(arch == "x86_64" ? 100_ms : 0_ms); }
};

/// For INSTANTIATE_TEST_SUITE_P; `each_program` has those of guests in a process of their own.
[[nodiscard]] std::vector<Target> all_targets();
[[nodiscard]] std::vector<Target> program_targets();
inline auto each_target() { return ::testing::ValuesIn(all_targets()); }
inline auto each_program() { return ::testing::ValuesIn(program_targets()); }
[[nodiscard]] std::string target_name(const ::testing::TestParamInfo<Target>& info);
/// GoogleTest's way to name the parameter.
inline void PrintTo(const Target& target, std::ostream* out) { *out << target_name({target, 0}); }

/// What a test wants of its guest. On every target its channels are serial0, ethernet0, line20, board and memory.
struct Wanted {
  std::string program;  ///< one of tests/guests
  bool has_window = false;
  bool has_line = false;
  bool has_network = false;
  bool has_memory = false;
  bool keeps_checkpoints = false;
  sim::LinkOptions link{};  ///< transport and channels are the target's
};

/// A guest within this process.
struct Local {
  std::shared_ptr<void> machine;
  std::unique_ptr<transport::Stream> stream;
};

// What on_machine.cpp and on_qemu.cpp say of their targets.
[[nodiscard]] std::string why_not_here(const Target& target);
[[nodiscard]] Local start_local(const Wanted& wanted);
/// The guest's program as a user starts it, without -link; files that it needs are made in `folder`.
[[nodiscard]] std::vector<std::string> arguments_of(const Target& target, const Wanted& wanted,
                                                    const TempFolder& folder);
/// The same as sim::LinkGuest starts it.
[[nodiscard]] host::Command command_of(const Target& target, const Wanted& wanted, const TempFolder& folder);
[[nodiscard]] std::vector<std::string> channels_of(const Target& target, const Wanted& wanted);

/// What a serial line sent, piece by piece, each with its instant in ns.
using Outputs = std::vector<std::pair<std::int64_t, std::string>>;
[[nodiscard]] std::string text_of(const Outputs& outputs);

/// A guest of any target, with its simulator's handle.
class Guest {
 public:
  Guest(const Target& target, const Wanted& wanted);
  sim::LinkGuest* operator->() { return &guest_; }
  sim::LinkGuest& operator*() { return guest_; }

  void run_in_quanta(Instant end, Duration quantum);
  /// What serial0 has sent since this was asked last; as long as the test has set no handler of its own.
  Outputs take_outputs() { return std::exchange(*outputs_, {}); }
  /// What the guest's program has printed so far.
  [[nodiscard]] std::string messages() const { return read_file(folder_.path("messages")); }

 private:
  [[nodiscard]] sim::LinkGuest open(const Target& target, const Wanted& wanted);

  TempFolder folder_;
  std::unique_ptr<Outputs> outputs_ = std::make_unique<Outputs>();
  Local local_;
  sim::LinkGuest guest_;
};

[[nodiscard]] sim::Transport transport_of(const Target& target);

/// A test on each target.
class Conformance : public ::testing::TestWithParam<Target> {
 protected:
  void SetUp() override;
  [[nodiscard]] static const Target& target() { return GetParam(); }
  /// `span` after the guest has booted.
  [[nodiscard]] static Instant after(Duration span) { return target().booted() + span; }
  /// Empty if this target has such a guest, which tells these abilities; else why not: for GTEST_SKIP.
  [[nodiscard]] static std::string lacks(const Wanted& wanted, std::uint32_t abilities = 0);
};

/// Ends a test that its target cannot take: in the words of the hand-shake, where it was asked.
#define SKIP_IF_IT_LACKS(...)                                     \
  if (const std::string why_ = lacks(__VA_ARGS__); !why_.empty()) \
  GTEST_SKIP() << why_

}  // namespace fermata::conformance_test
