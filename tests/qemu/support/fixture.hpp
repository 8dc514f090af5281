// SPDX-License-Identifier: MIT
//
// What the tests against real QEMUs share. Everything that is started here ends with its handle, whatever a test does.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fermata/sim/guest.hpp"
#include "fermata/sim/qemu.hpp"
#include "fermata/time/instant.hpp"
#include "fermata/transport/unix_socket.hpp"
#include "tests/support/files.hpp"
#include "tests/support/programs.hpp"
#include "tests/support/said.hpp"

namespace fermata::qemu_test {

using namespace std::chrono_literals;
using namespace time::literals;
using namespace test_support;

/// One version of QEMU that the tests run on.
class Qemu {
 public:
  explicit Qemu(std::filesystem::path folder) : folder_(std::move(folder)) {}
  [[nodiscard]] std::string program(const std::string& arch) const { return folder_ / ("qemu-system-" + arch); }
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
  /// A QEMU command line that runs the test guest `name`, its serial port left to be said.
  [[nodiscard]] std::vector<std::string> command_line(const std::string& arch, const std::string& name) const;

 private:
  std::filesystem::path folder_;
};

struct MachineOptions {
  std::string arch = "riscv64";
  std::string guest = "spin";
  std::vector<std::string> more{};     ///< further arguments of QEMU
  std::vector<int> descriptors{};      ///< that QEMU inherits
  std::vector<std::string> through{};  ///< a program, with its options, that starts what is started otherwise
  std::string serial{};                ///< where the first serial port goes, as for -serial; default: see output()
  trace::Sink* trace = nullptr;
  /// Multi-threaded TCG whose time comes from there; otherwise one thread and counted instructions.
  std::optional<sim::TimeFrom> threads{};
};

/// A test guest on a real QEMU, started as a simulator does.
class Machine {
 public:
  Machine(const Qemu& qemu, const MachineOptions& options);

  [[nodiscard]] sim::Guest& guest() { return guest_; }
  /// Grants `span` and expects a report of exactly that, and the sum of all to be right.
  void advance_exactly(time::Duration span);
  /// `count` times the same.
  void advance_exactly(time::Duration span, int count);
  /// Waits for one report and expects it to be of exactly `span`.
  void expect_report(time::Duration span);
  /// Nothing comes within `wait`: the guest is being held by something else than its horizon.
  void expect_no_report(host::HostDuration wait);
  /// Expects that QEMU ends by itself or has done so, and returns how.
  [[nodiscard]] host::ExitStatus expect_end();

  /// What the guest has sent so far; a grant's output is there once its report is.
  [[nodiscard]] std::string output() const { return read_file(folder_.path("serial")); }
  /// What QEMU has printed so far.
  [[nodiscard]] std::string messages() const { return read_file(folder_.path("messages")); }
  [[nodiscard]] const TempFolder& folder() const { return folder_; }

 private:
  [[nodiscard]] sim::LaunchOptions launch_options(const Qemu& qemu, const MachineOptions& options) const;

  TempFolder folder_;
  sim::Guest guest_;
};

/// A machine whose wire the test writes and reads by hand.
class WiredMachine {
 public:
  /// `link_options` follow `-qqq sock=N`, e.g. ",zero=exit"; `statistics` is shared memory in which the agent counts.
  WiredMachine(const Qemu& qemu, const std::string& guest, const std::string& link_options = "",
               std::optional<int> statistics = {});

  void send(const std::vector<unsigned>& bytes);
  /// One message of microseconds.
  void send_us(std::uint32_t span_us);
  /// The next message; nothing at the end of the connection.
  [[nodiscard]] std::optional<std::uint32_t> receive_us();
  /// True if no byte comes within `wait`.
  [[nodiscard]] bool is_silent(host::HostDuration wait);
  void close() { socket_.close(); }
  [[nodiscard]] const host::ChildProcess& process() const { return *process_; }
  [[nodiscard]] std::string messages() const { return read_file(folder_.path("messages")); }

 private:
  TempFolder folder_;
  transport::UnixSocket socket_;
  std::optional<host::ChildProcess> process_;
};

/// A test on each version. Versions are fixed here, so that the list of tests is the same everywhere; where their
/// programs are is looked up when a test runs: FERMATA_TEST_QEMUS, LABEL=FOLDER:...
class QemuTest : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override;
  [[nodiscard]] const Qemu& qemu() const { return *qemu_; }

 private:
  std::optional<Qemu> qemu_;
};

/// The QEMU of a version; nothing, and the test failed or skipped, if there is none.
[[nodiscard]] std::optional<Qemu> find_qemu(const std::string& version);

/// For INSTANTIATE_TEST_SUITE_P.
inline auto every_version() { return ::testing::Values("7.2", "10.0", "11.1"); }
/// "v7_2".
[[nodiscard]] std::string version_name(const ::testing::TestParamInfo<const char*>& info);

}  // namespace fermata::qemu_test
