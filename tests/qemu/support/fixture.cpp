// SPDX-License-Identifier: MIT
#include "tests/qemu/support/fixture.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>

#include "fermata/base/error.hpp"
#include "fermata/sim/qemu.hpp"
#include "fermata/wire/qqq_layout.hpp"

namespace fermata::qemu_test {
namespace {

host::UniqueFd create(const std::string& path) {
  host::UniqueFd fd(::open(path.c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600));
  if (!fd.is_open()) {
    throw base::host_error("create " + path, errno);
  }
  return fd;
}

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

TempFolder::TempFolder() {
  std::string name = std::filesystem::temp_directory_path() / "fermata-test-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) {
    throw base::host_error("make a folder " + name, errno);
  }
  folder_ = name;
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> Qemu::command_line(const std::string& arch, const std::string& name) const {
  std::vector<std::string> arguments{program(arch)};
  const auto machine = machine_arguments(arch);
  arguments.insert(arguments.end(), machine.begin(), machine.end());
  const std::string kernel = FERMATA_TEST_GUESTS "/" + arch + "/" + name + ".elf";
  arguments.insert(arguments.end(), {"-nodefaults", "-display", "none", "-kernel", kernel});
  return arguments;
}

sim::LaunchOptions Machine::launch_options(const Qemu& qemu, const MachineOptions& options) const {
  auto arguments = qemu.command_line(options.arch, options.guest);
  arguments.insert(arguments.end(),
                   {"-serial", options.serial.empty() ? "file:" + folder_.path("serial") : options.serial});
  arguments.insert(arguments.end(), options.more.begin(), options.more.end());
  sim::LaunchOptions launch{
      .command = sim::qemu_command(std::move(arguments)), .name = options.guest, .trace = options.trace};
  launch.command.inherited_descriptors = options.descriptors;
  return launch;
}

Machine::Machine(const Qemu& qemu, const MachineOptions& options)
    : guest_([&] {
        const host::UniqueFd messages_file = create(folder_.path("messages"));
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
  const host::UniqueFd messages_file = create(folder_.path("messages"));
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

Outcome run(const std::vector<std::string>& arguments, const std::vector<int>& descriptors) {
  const TempFolder folder;
  const host::UniqueFd output = create(folder.path("output"));
  const host::UniqueFd errors = create(folder.path("errors"));
  Outcome outcome;
  {
    const host::ChildProcess process({.arguments = arguments,
                                      .inherited_descriptors = descriptors,
                                      .standard_output = output.get(),
                                      .standard_error = errors.get()});
    outcome.status = process.wait(limit);
  }
  outcome.output = read_file(folder.path("output"));
  outcome.errors = read_file(folder.path("errors"));
  return outcome;
}

std::string built_program(const std::string& name) { return FERMATA_TEST_BINDIR "/" + name; }

ScopedVariable::ScopedVariable(std::string name, const std::string& value) : name_(std::move(name)) {
  if (const char* before = std::getenv(name_.c_str()); before != nullptr) {
    before_ = before;
  }
  ::setenv(name_.c_str(), value.c_str(), 1);
}

ScopedVariable::~ScopedVariable() {
  if (before_) {
    ::setenv(name_.c_str(), before_->c_str(), 1);
  } else {
    ::unsetenv(name_.c_str());
  }
}

Load::Load() {
  for (int i = 0; i < 2; ++i) {
    processes_.emplace_back(host::Command{.arguments = {"sh", "-c", "while :; do :; done"}});
  }
}

void QemuTest::SetUp() {
  const auto folders = given_qemus();
  ASSERT_FALSE(folders.empty()) << "there is no QEMU to test with: run ./dev test, which fetches them, or set "
                                   "FERMATA_TEST_QEMUS=LABEL=FOLDER:... (missing: "
                                << variable("FERMATA_TEST_QEMUS_MISSING") << ")";
  const auto found = folders.find(GetParam());
  if (found == folders.end()) {
    GTEST_SKIP() << "QEMU " << GetParam()
                 << " is not in FERMATA_TEST_QEMUS; could not be had: " << variable("FERMATA_TEST_QEMUS_MISSING");
  }
  qemu_.emplace(found->second);
}

std::string version_name(const ::testing::TestParamInfo<const char*>& info) {
  std::string name = std::string("v") + info.param;
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
}

}  // namespace fermata::qemu_test
