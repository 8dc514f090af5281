// SPDX-License-Identifier: GPL-2.0-or-later
// The program itself, in front of a stand-in for QEMU: a script that tells its pid, arguments and open descriptors.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "fermata/host/child_process.hpp"
#include "fermata/host/unique_fd.hpp"

namespace fermata::qemu {
namespace {

namespace fs = std::filesystem;
using Arguments = std::vector<std::string>;
using ::testing::HasSubstr;

struct Outcome {
  host::ExitStatus status;
  pid_t pid = 0;
  std::string output;
  std::string errors;
};

class Program : public testing::Test {
 protected:
  Program() {
    fs::create_directories(root_ / "shim");
    fs::create_directories(root_ / "real");
    std::ofstream(root_ / "real/qemu-system-arm")
        << "#!/bin/sh\n"
           "echo pid=$$\n"
           "for a in \"$@\"; do echo \"arg=$a\"; done\n"
           "for n in 3 4 5 6 7 8 9; do\n"
           "  [ -e /proc/$$/fd/$n ] && echo \"fd=$n $(readlink /proc/$$/fd/$n)\"\n"
           "done\n"
           "exit 7\n";
    fs::permissions(root_ / "real/qemu-system-arm", fs::perms::owner_all);
    std::ofstream(root_ / "agent,1.so") << "";
    fs::create_symlink(FERMATA_QEMU_PROGRAM, root_ / "shim/qemu-system-arm");
    ::setenv("PATH", ((root_ / "shim").string() + ":" + (root_ / "real").string() + ":/usr/bin:/bin").c_str(), 1);
    ::setenv("FERMATA_QEMU_AGENT", (root_ / "agent,1.so").c_str(), 1);
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    ours_ = host::UniqueFd(ends[0]);
    theirs_ = host::UniqueFd(ends[1]);
  }
  ~Program() override { fs::remove_all(root_); }

  // `inherited` beside the link: what a careless simulator leaks into its child.
  Outcome run(Arguments arguments, bool leaks = false) const {
    const fs::path out = root_ / "out";
    const fs::path err = root_ / "err";
    const host::UniqueFd out_fd(::open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    const host::UniqueFd err_fd(::open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    std::vector<int> inherited = {theirs_.get()};
    if (leaks) {
      inherited.push_back(ours_.get());
    }
    const host::ChildProcess child({.arguments = std::move(arguments),
                                    .inherited_descriptors = inherited,
                                    .standard_output = out_fd.get(),
                                    .standard_error = err_fd.get()});
    const auto status = child.wait(std::chrono::seconds(60));
    return {.status = status.value_or(host::ExitStatus{.signal = -1}),
            .pid = child.pid(),
            .output = read(out),
            .errors = read(err)};
  }
  static std::string read(const fs::path& path) {
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }
  [[nodiscard]] std::string link() const { return "sock=" + std::to_string(theirs_.get()); }

  fs::path root_ = fs::path(testing::TempDir()) / ("fermata_qemu_" + std::to_string(::getpid()));
  host::UniqueFd ours_;
  host::UniqueFd theirs_;
};

TEST_F(Program, WithoutALinkEverythingIsPassedOn) {
  const Outcome outcome = run({FERMATA_QEMU_PROGRAM, "qemu-system-arm", "-M", "virt", "a b", "-daemonize"}, true);
  EXPECT_EQ(outcome.status, (host::ExitStatus{.code = 7})) << outcome.errors;
  EXPECT_NE(outcome.output.find("arg=-M\narg=virt\narg=a b\narg=-daemonize\nfd="), std::string::npos) << outcome.output;
  EXPECT_NE(outcome.output.find("fd=" + std::to_string(ours_.get())), std::string::npos);
}

TEST_F(Program, WithALinkTheAgentIsLoadedInTheSameProcess) {
  const Outcome outcome =
      run({"qemu-system-arm", "-qqq", link(), "-M", "virt", "-rtc", "clock=vm", "-icount", "1,sleep=off"}, true);
  EXPECT_EQ(outcome.status.code, 7) << outcome.errors;
  const std::string expected = "pid=" + std::to_string(outcome.pid) +
                               "\narg=-M\narg=virt\narg=-rtc\narg=clock=vm\narg=-icount\narg=1,sleep=off\narg=-plugin\n"
                               "arg=file=" +
                               (root_ / "agent,,1.so").string() + "," + link() + "\n";
  EXPECT_EQ(outcome.output.substr(0, expected.size()), expected);
}

TEST_F(Program, DescriptorsThatNoOptionNamesAreClosed) {
  const Outcome outcome = run({"qemu-system-arm", "-qqq", link(), "-rtc", "clock=vm", "-icount", "1,sleep=off"}, true);
  EXPECT_NE(outcome.output.find("fd=" + std::to_string(theirs_.get()) + " socket:"), std::string::npos)
      << outcome.output;
  EXPECT_EQ(outcome.output.find("fd=" + std::to_string(ours_.get()) + " socket:"), std::string::npos) << outcome.output;
  const Outcome named = run({"qemu-system-arm", "-qqq", link(), "-rtc", "clock=vm", "-icount", "1,sleep=off", "-net",
                             "socket,fd=" + std::to_string(ours_.get())},
                            true);
  EXPECT_NE(named.output.find("fd=" + std::to_string(ours_.get()) + " socket:"), std::string::npos) << named.output;
}

TEST_F(Program, WrongOptionsAreRefusedWithStatusOne) {
  const Outcome outcome = run({"qemu-system-arm", "-qqq", link()});
  EXPECT_EQ(outcome.status.code, 1);
  EXPECT_TRUE(outcome.output.empty());
  EXPECT_NE(outcome.errors.find("-rtc clock=vm and -icount N,sleep=off"), std::string::npos) << outcome.errors;
  EXPECT_EQ(run({"qemu-system-arm", "-qqq", "sock=900", "-rtc", "clock=vm", "-icount", "1,sleep=off"}).status.code, 1);
  EXPECT_EQ(run({"qemu-system-arm", "-qqq", "sock=x"}).status.code, 1);
}

TEST_F(Program, QuestionsAreAnsweredByQemuWithoutTheAgent) {
  const Outcome outcome = run({"qemu-system-arm", "-qqq", link(), "-version"});
  EXPECT_EQ(outcome.status.code, 7);
  EXPECT_NE(outcome.output.find("arg=-version\n"), std::string::npos);
  EXPECT_EQ(outcome.output.find("plugin"), std::string::npos);
}

TEST_F(Program, AddsWhatIsMissingAndPrintsTheCommand) {
  const Outcome outcome = run({FERMATA_QEMU_PROGRAM, "--add-missing", "--print-command", "--stats", "9",
                               "qemu-system-arm", "-S", "--external_sim", link() + ",zero=exit"});
  EXPECT_EQ(outcome.status.code, 0) << outcome.errors;
  EXPECT_EQ(outcome.output, (root_ / "real/qemu-system-arm").string() +
                                "\n-S\n-icount\nshift=3,sleep=off\n-rtc\nclock=vm\n-plugin\nfile=" +
                                (root_ / "agent,,1.so").string() + "," + link() + ",zero=exit,stats=9\n");
}

TEST_F(Program, TheAgentIsToldWhereTimeComesFrom) {
  const auto plugin = [this](const Arguments& own) {
    Arguments arguments = {FERMATA_QEMU_PROGRAM, "--print-command"};
    arguments.insert(arguments.end(), own.begin(), own.end());
    for (const char* qemus : {"qemu-system-arm", "-rtc", "clock=vm", "-accel", "tcg,thread=multi", "-qqq"}) {
      arguments.emplace_back(qemus);
    }
    arguments.push_back(link());
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.status.code, 0) << outcome.errors;
    const std::string file = "file=" + (root_ / "agent,,1.so").string() + "," + link();
    const std::size_t at = outcome.output.find(file);
    return at == std::string::npos ? outcome.output : outcome.output.substr(at + file.size());
  };
  EXPECT_EQ(plugin({}), "\n");
  EXPECT_EQ(plugin({"--time", "host"}), "\n");
  EXPECT_EQ(plugin({"--time", "instructions"}), ",time=instructions\n");
  EXPECT_EQ(plugin({"--dilation", "1/10"}), ",dilation=1/10\n");
  EXPECT_EQ(plugin({"--time", "instructions", "--slice", "50us", "--instruction", "8ns/10ns"}),
            ",time=instructions,slice=50us,instruction=8ns/10ns\n");
}

TEST_F(Program, TellsTheWayIfItIsAsked) {
  const Arguments counted = {"qemu-system-arm", "-rtc", "clock=vm", "-icount", "1,sleep=off", "-qqq", link()};
  const Arguments threads = {"qemu-system-arm", "-rtc", "clock=vm", "-accel", "tcg,thread=multi", "-qqq", link()};
  const auto told = [this](Arguments own, const Arguments& qemus) {
    own.insert(own.begin(), {FERMATA_QEMU_PROGRAM, "--print-command"});
    own.insert(own.end(), qemus.begin(), qemus.end());
    return run(own).errors;
  };
  EXPECT_EQ(told({}, threads), "");
  EXPECT_EQ(told({"--tell-way"}, counted),
            "fermata-qemu: note: virtual time from counted instructions (TCG, one thread)\n");
  EXPECT_EQ(told({"--tell-way"}, threads),
            "fermata-qemu: note: virtual time from the host's clock (TCG, a thread for each vCPU)\n");
  EXPECT_EQ(told({"--tell-way", "--time", "instructions"}, threads),
            "fermata-qemu: note: virtual time from counted instructions (TCG, a thread for each vCPU)\n");
}

TEST_F(Program, WhatAWayCannotDoIsRefused) {
  const Arguments counted = {"-icount", "1,sleep=off"};
  const Arguments threads = {"-accel", "tcg,thread=multi"};
  const auto refusal = [this](Arguments own, const Arguments& qemus, const Arguments& told) {
    own.insert(own.begin(), FERMATA_QEMU_PROGRAM);
    own.insert(own.end(), {"qemu-system-arm", "-rtc", "clock=vm"});
    own.insert(own.end(), qemus.begin(), qemus.end());
    own.insert(own.end(), told.begin(), told.end());
    const Outcome outcome = run(own);
    EXPECT_EQ(outcome.status, (host::ExitStatus{.code = 1})) << outcome.errors;
    EXPECT_EQ(outcome.output, "");
    return outcome.errors;
  };
  const Arguments qqq = {"-qqq", link()};
  EXPECT_THAT(refusal({"--dilation", "2"}, counted, qqq),
              HasSubstr("--dilation: only time that comes from the host's"));
  EXPECT_THAT(refusal({"--dilation", "2", "--time", "instructions"}, threads, qqq), HasSubstr("--dilation: only"));
  EXPECT_THAT(refusal({"--time", "instructions"}, counted, qqq), HasSubstr("add -accel tcg,thread=multi"));
  EXPECT_THAT(refusal({"--slice", "1us"}, threads, qqq), HasSubstr("--slice, --instruction: only with"));
  EXPECT_THAT(refusal({"--instruction", "1ns"}, counted, qqq), HasSubstr("--slice, --instruction: only with"));
  EXPECT_THAT(refusal({"--strict"}, threads, qqq), HasSubstr("--strict: virtual time from the host's clock"));
  EXPECT_THAT(refusal({"--strict", "--time", "instructions"}, threads, qqq), HasSubstr("--strict: virtual time from"));
  EXPECT_THAT(refusal({"--time", "instructions"}, {"-enable-kvm"}, qqq), HasSubstr("KVM does not count"));
  EXPECT_THAT(refusal({"--strict"}, {"-enable-kvm"}, qqq), HasSubstr("--strict: virtual time from the host's clock"));
}

TEST_F(Program, MissingThingsAreNamed) {
  const Outcome no_qemu = run({FERMATA_QEMU_PROGRAM, "qemu-system-none"});
  EXPECT_EQ(no_qemu.status.code, 127);
  EXPECT_NE(no_qemu.errors.find("no qemu-system-none in PATH"), std::string::npos) << no_qemu.errors;
  const Outcome no_agent =
      run({FERMATA_QEMU_PROGRAM, "--agent", "/nowhere.so", "--add-missing", "qemu-system-arm", "-qqq", link()});
  EXPECT_EQ(no_agent.status.code, 1);
  EXPECT_NE(no_agent.errors.find("/nowhere.so"), std::string::npos) << no_agent.errors;
  const Outcome no_plugins = run({FERMATA_QEMU_PROGRAM, "--add-missing", "/bin/sh", "-qqq", link()});
  EXPECT_EQ(no_plugins.status.code, 1);
  EXPECT_NE(no_plugins.errors.find("does not export"), std::string::npos) << no_plugins.errors;
  EXPECT_EQ(run({FERMATA_QEMU_PROGRAM, "--colour"}).status.code, 2);
}

}  // namespace
}  // namespace fermata::qemu
