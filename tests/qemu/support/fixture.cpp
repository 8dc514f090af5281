// SPDX-License-Identifier: MIT
#include "tests/qemu/support/fixture.hpp"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <map>
#include <sstream>

#include "fermata/base/error.hpp"
#include "fermata/sim/qemu.hpp"
#include "fermata/wire/qqq_layout.hpp"

namespace fermata::qemu_test {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

std::map<std::string, std::string> given_qemus() {
  std::map<std::string, std::string> folders;
  std::istringstream list(variable("FERMATA_TEST_QEMUS"));
  for (std::string entry; std::getline(list, entry, ':');) {
    const std::size_t equals = entry.find('=');
    if (equals != std::string::npos) {
      folders.emplace(entry.substr(0, equals), entry.substr(equals + 1));
    }
  }
  return folders;
}

std::vector<std::string> machine_arguments(const std::string& arch) {
  if (arch == "x86_64") {
    return {"-M", "pc"};
  }
  if (arch == "aarch64") {
    return {"-M", "virt", "-cpu", "cortex-a57"};
  }
  if (arch == "arm") {
    return {"-M", "virt", "-cpu", "cortex-a15"};
  }
  return {"-M", "virt", "-bios", "none"};
}

}  // namespace

std::vector<std::string> Qemu::command_line(const std::string& arch, const std::string& name) const {
  std::vector<std::string> arguments{program(arch)};
  const auto machine = machine_arguments(arch);
  arguments.insert(arguments.end(), machine.begin(), machine.end());
  arguments.insert(arguments.end(), {"-nodefaults", "-display", "none", "-kernel", guest_path(arch, name)});
  return arguments;
}

sim::LaunchOptions Machine::launch_options(const Qemu& qemu, const MachineOptions& options) const {
  auto arguments = qemu.command_line(options.arch, options.guest);
  arguments.insert(arguments.end(),
                   {"-serial", options.serial.empty() ? "file:" + folder_.path("serial") : options.serial});
  arguments.insert(arguments.end(), options.more.begin(), options.more.end());
  sim::QemuOptions how;
  if (options.threads) {
    arguments.insert(arguments.end(), {"-accel", "tcg,thread=multi"});
    how.time = *options.threads;
  }
  sim::LaunchOptions launch{
      .command = sim::qemu_command(std::move(arguments), how), .name = options.guest, .trace = options.trace};
  launch.command.inherited_descriptors = options.descriptors;
  launch.command.arguments.insert(launch.command.arguments.begin(), options.through.begin(), options.through.end());
  return launch;
}

Machine::Machine(const Qemu& qemu, const MachineOptions& options)
    : guest_([&] {
        const host::UniqueFd messages_file = create_file(folder_.path("messages"));
        auto launch = launch_options(qemu, options);
        launch.command.standard_error = messages_file.get();
        return sim::Guest::launch(launch);
      }()) {}

void Machine::expect_report(time::Duration span) {
  ASSERT_GT(guest_.outstanding(), 0U);
  const time::Instant before = guest_.now();
  const sim::Report report = guest_.wait(limit);
  EXPECT_EQ(report.elapsed.ns(), span.ns()) << messages();
  EXPECT_EQ(report.overshoot.ns(), 0);
  EXPECT_EQ((report.now - before).ns(), span.ns());
  EXPECT_EQ(guest_.now(), report.now);
}

void Machine::advance_exactly(time::Duration span) {
  guest_.grant(span);
  expect_report(span);
}

void Machine::advance_exactly(time::Duration span, int count) {
  const time::Instant before = guest_.now();
  for (int i = 0; i < count && !::testing::Test::HasFailure(); ++i) {
    advance_exactly(span);
  }
  EXPECT_EQ((guest_.now() - before).ns(), (span * count).ns());
}

void Machine::expect_no_report(host::HostDuration wait) {
  ASSERT_GT(guest_.outstanding(), 0U);
  try {
    const sim::Report report = guest_.wait(wait);
    ADD_FAILURE() << "reported " << report.elapsed.ns() << " ns";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::timed_out) << error.what();
  }
}

host::ExitStatus Machine::expect_end() {
  try {
    while (true) {
      static_cast<void>(guest_.advance(100_ms, limit));
    }
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::peer_gone) << error.what();
  }
  const auto status = guest_.exit_status();
  EXPECT_TRUE(status.has_value()) << "QEMU still runs; it printed: " << messages();
  return status.value_or(host::ExitStatus{.code = -1});
}

WiredMachine::WiredMachine(const Qemu& qemu, const std::string& guest, const std::string& link_options,
                           std::optional<int> statistics)
    : socket_([] {
        auto ends = transport::UnixSocket::make_pair();
        return std::move(ends.first);
      }()) {
  auto [ours, theirs] = transport::UnixSocket::make_pair();
  const host::UniqueFd messages_file = create_file(folder_.path("messages"));
  auto arguments = qemu.command_line("riscv64", guest);
  arguments.insert(arguments.end(),
                   {"-serial", "null", "-qqq", "sock=" + std::to_string(theirs.descriptor()) + link_options});
  host::Command command = sim::qemu_command(std::move(arguments));
  command.inherited_descriptors = {theirs.descriptor()};
  if (statistics) {
    command.inherited_descriptors.push_back(*statistics);
    const auto after_program = command.arguments.begin() + 1;
    command.arguments.insert(after_program, {"--stats", std::to_string(*statistics)});
  }
  command.standard_error = messages_file.get();
  process_.emplace(command);
  socket_ = std::move(ours);
}

void WiredMachine::send(const std::vector<unsigned>& bytes) {
  std::vector<std::byte> message;
  std::transform(bytes.begin(), bytes.end(), std::back_inserter(message),
                 [](unsigned byte) { return static_cast<std::byte>(byte); });
  std::span<const std::byte> left(message);
  while (!left.empty()) {
    const transport::IoResult result = socket_.write(left, limit);
    ASSERT_FALSE(result.is_end || result.count == 0) << messages();
    left = left.subspan(result.count);
  }
}

void WiredMachine::send_us(std::uint32_t span_us) {
  send({span_us >> 24, span_us >> 16 & 0xff, span_us >> 8 & 0xff, span_us & 0xff});
}

std::optional<std::uint32_t> WiredMachine::receive_us() {
  wire::QqqMessage message{};
  std::span<std::byte> left(message);
  while (!left.empty()) {
    const transport::IoResult result = socket_.read(left, limit);
    left = left.subspan(result.count);
    if (result.count == 0) {
      EXPECT_TRUE(result.is_end) << "no report within the limit; QEMU printed: " << messages();
      return std::nullopt;
    }
  }
  return wire::decode_qqq(message);
}

bool WiredMachine::is_silent(host::HostDuration wait) {
  std::byte byte{};
  return socket_.read(std::span(&byte, 1), wait) == transport::IoResult{};
}

std::optional<Qemu> find_qemu(const std::string& version) {
  const auto folders = given_qemus();
  if (folders.empty()) {
    ADD_FAILURE() << "there is no QEMU to test with: run ./dev test, which fetches them, or set "
                     "FERMATA_TEST_QEMUS=LABEL=FOLDER:... (missing: "
                  << variable("FERMATA_TEST_QEMUS_MISSING") << ")";
    return std::nullopt;
  }
  const auto found = folders.find(version);
  return found != folders.end() ? std::optional<Qemu>(found->second) : std::nullopt;
}

void QemuTest::SetUp() {
  qemu_ = find_qemu(GetParam());
  ASSERT_FALSE(HasFailure());
  if (!qemu_) {
    GTEST_SKIP() << "QEMU " << GetParam()
                 << " is not in FERMATA_TEST_QEMUS; could not be had: " << variable("FERMATA_TEST_QEMUS_MISSING");
  }
}

std::string version_name(const ::testing::TestParamInfo<const char*>& info) {
  std::string name = std::string("v") + info.param;
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
}

}  // namespace fermata::qemu_test
