// SPDX-License-Identifier: MIT
// The program itself, with stand-ins for the guest: a shell script that echoes each grant is an honest one.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/memory_file.hpp"
#include "fermata/host/child_process.hpp"
#include "fermata/host/unique_fd.hpp"

namespace fermata::cli {
namespace {

namespace fs = std::filesystem;
using Arguments = std::vector<std::string>;

struct Outcome {
  host::ExitStatus status;
  std::string output;
  std::string errors;
};

class Program : public testing::Test {
 protected:
  Program() { fs::create_directories(root_); }
  ~Program() override { fs::remove_all(root_); }

  // Called as `fermata-qemu --stats M --add-missing QEMU... -qqq sock=N`; `script` finds N as $fd.
  void set_guest(const std::string& script) const {
    const fs::path program = root_ / "fermata-qemu";
    std::ofstream(program) << "#!/bin/bash\nfd=${!#}; fd=${fd#sock=}\n" << script << "\n";
    fs::permissions(program, fs::perms::owner_all);
    ::setenv("FERMATA_QEMU", program.c_str(), 1);
  }

  static Outcome run(Arguments arguments, const std::function<void(host::ChildProcess&)>& meanwhile = {},
                     const char* output_path = nullptr) {
    arguments.insert(arguments.begin(), FERMATA_PROGRAM);
    const MemoryFile output("out");
    const MemoryFile errors("err");
    const host::UniqueFd file(output_path != nullptr ? ::open(output_path, O_WRONLY | O_CLOEXEC) : -1);
    host::ChildProcess child({.arguments = std::move(arguments),
                              .standard_output = file.is_open() ? file.get() : output.descriptor(),
                              .standard_error = errors.descriptor()});
    if (meanwhile) {
      meanwhile(child);
    }
    const auto status = child.wait(std::chrono::seconds(60));
    return {.status = status.value_or(host::ExitStatus{.signal = -1}),
            .output = output.content(),
            .errors = errors.content()};
  }
  static std::string read(const fs::path& path) {
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }

  fs::path root_ = fs::path(testing::TempDir()) / ("fermata_" + std::to_string(::getpid()));
};

TEST_F(Program, RunsForExactlyTheDuration) {
  set_guest("exec cat <&$fd >&$fd");
  const std::string trace = root_ / "trace";
  const Outcome outcome =
      run({"exec", "--quantum", "300us", "--duration", "1ms", "--trace", trace, "--", "some-qemu", "-S"});
  EXPECT_EQ(outcome.status.code, 0) << outcome.errors;
  EXPECT_EQ(outcome.output, "");
  EXPECT_NE(outcome.errors.find("virtual time         0.001000 s\n"), std::string::npos) << outcome.errors;
  EXPECT_NE(outcome.errors.find("quanta               4\n"), std::string::npos);
  EXPECT_NE(outcome.errors.find("overshoot            max 0 ns"), std::string::npos);
  EXPECT_NE(read(trace).find("0.000900000 grant span_us=100\n0.001000000 report elapsed_us=100 overshoot_us=0\n"),
            std::string::npos)
      << read(trace);
}

TEST_F(Program, ARunCanBeRecorded) {
  set_guest("exec cat <&$fd >&$fd");
  const std::string file = root_ / "run.frec";
  EXPECT_EQ(run({"exec", "--quantum", "600us", "--duration", "1ms", "--record", file, "--", "some-qemu"}).status.code,
            0);
  EXPECT_EQ(run({"trace", "print", file}).output,
            "0.000000000 hello fermata exec version=1.3 needs=\n"
            "0.000000000 welcome guest version=1.3 abilities= channels=0\n"
            "0.000000000 grant horizon=0.000600000 reports=0\n"
            "0.000600000 report reason=horizon next=busy grants=1\n"
            "0.000600000 grant horizon=0.001000000 reports=1\n"
            "0.001000000 report reason=horizon next=busy grants=2\n");
  EXPECT_EQ(run({"diff", "--all", file, file}).status.code, 0);
  const Outcome replay = run({"replay", file, "--", "some-qemu"});
  EXPECT_EQ(replay.status.code, 2);
  const Outcome full = run({"exec", "--duration", "1ms", "--record", "/dev/full", "--", "some-qemu"});
  EXPECT_EQ(full.status.code, 1);
  EXPECT_NE(full.errors.find("cannot write the recording /dev/full"), std::string::npos) << full.errors;
}

TEST_F(Program, PassesTheCommandAndTheSharedMemoryOn) {
  set_guest("echo \"$@\"; [ -e /proc/$$/fd/$2 ] && echo open; exec cat <&$fd >&$fd");
  const Outcome outcome = run(
      {"exec", "--duration", "1ms", "--qemu", "/my/qemu", "--json", "--", "qemu-system-arm", "--quantum", "-m", "1"});
  EXPECT_NE(outcome.output.find("--stats "), std::string::npos);
  EXPECT_NE(outcome.output.find(" --add-missing --tell-way /my/qemu --quantum -m 1 -qqq sock="), std::string::npos)
      << outcome.output;
  EXPECT_NE(outcome.output.find("\nopen\n"), std::string::npos);
  const auto json = nlohmann::json::parse(outcome.output.substr(outcome.output.find('{')));
  EXPECT_EQ(json.at("virtual_ns"), 1'000'000);
  EXPECT_EQ(json.at("ending"), "duration reached");
  EXPECT_EQ(outcome.errors, "");
}

TEST_F(Program, TheGuestsOwnEndIsPassedOn) {
  set_guest("head -c 4 <&$fd >&$fd; exit 3");
  const Outcome outcome = run({"exec", "--", "some-qemu"});
  EXPECT_EQ(outcome.status.code, 3);
  EXPECT_NE(outcome.errors.find("ended by itself with exit status 3"), std::string::npos) << outcome.errors;
  EXPECT_NE(outcome.errors.find("0.001000 s"), std::string::npos);
  set_guest("head -c 4 <&$fd >&$fd; exit 0");
  EXPECT_EQ(run({"exec", "--", "some-qemu"}).status.code, 0);
  set_guest("kill -KILL $$");
  EXPECT_EQ(run({"exec", "--", "some-qemu"}).status.code, 137);
}

TEST_F(Program, AGuestThatRefusesItsOptionsDidNotStart) {
  set_guest("echo no such machine >&2; exit 1");
  const Outcome outcome = run({"exec", "--", "some-qemu"});
  EXPECT_EQ(outcome.status.code, 1);
  EXPECT_NE(outcome.errors.find("fermata: not started: "), std::string::npos) << outcome.errors;
  EXPECT_EQ(nlohmann::json::parse(run({"exec", "--json", "--", "some-qemu"}).output).at("ending"), "not started");
}

TEST_F(Program, AGuestThatCannotBeLaunchedIsADocumentToo) {
  ::setenv("FERMATA_QEMU", (root_ / "nothing").c_str(), 1);
  const Outcome outcome = run({"exec", "--json", "--", "some-qemu"});
  EXPECT_EQ(outcome.status.code, 1);
  EXPECT_EQ(nlohmann::json::parse(outcome.output).at("ending"), "failed");
  EXPECT_NE(outcome.errors.find("nothing"), std::string::npos) << outcome.errors;
}

TEST_F(Program, TheDocumentHasALineOfItsOwn) {
  set_guest("printf unfinished; exec cat <&$fd >&$fd");
  const Outcome outcome = run({"exec", "--duration", "1ms", "--json", "--", "some-qemu", "-serial", "stdio"});
  EXPECT_NE(outcome.output.find("unfinished\n{"), std::string::npos) << outcome.output;
}

TEST_F(Program, OutputThatIsLostIsAFailure) {
  set_guest("exec cat <&$fd >&$fd");
  for (const Arguments& arguments : {Arguments{"exec", "--duration", "1ms", "--json", "--", "some-qemu"},
                                     Arguments{"doctor", "/nowhere/qemu"}, Arguments{"shim-dir"}}) {
    const Outcome outcome = run(arguments, {}, "/dev/full");
    EXPECT_EQ(outcome.status.code, 1) << arguments.front();
    EXPECT_NE(outcome.errors.find("standard output"), std::string::npos) << arguments.front() << outcome.errors;
  }
}

TEST_F(Program, NoLimitIsNoLimit) {
  set_guest("exec cat <&$fd >&$fd");
  EXPECT_EQ(run({"exec", "--limit", "0s", "--duration", "1ms", "--", "some-qemu"}).status.code, 0);
}

TEST_F(Program, WrongUsageSaysWhatIsRight) {
  EXPECT_NE(run({"dance"}).errors.find("no command 'dance'"), std::string::npos);
  EXPECT_NE(run({"exec", "qemu-system-x86_64", "-m", "1"}).errors.find("needs a QEMU command line after --"),
            std::string::npos);
  EXPECT_NE(run({"exec", "--colour", "--", "q"}).errors.find("see fermata exec --help"), std::string::npos);
}

TEST_F(Program, AGuestThatHangsIsGivenUp) {
  set_guest("exec sleep 1000");
  const Outcome outcome = run({"exec", "--limit", "50ms", "--", "some-qemu"});
  EXPECT_EQ(outcome.status.code, 1);
  EXPECT_NE(outcome.errors.find("did not report within 0.05 s"), std::string::npos) << outcome.errors;
}

TEST_F(Program, AnInterruptEndsTheGuestAndStillSumsUp) {
  const fs::path started = root_ / "started";
  ASSERT_EQ(::mkfifo(started.c_str(), 0600), 0);
  set_guest("echo > " + started.string() + "; exec cat <&$fd >&$fd");
  const Outcome outcome = run({"exec", "--", "some-qemu"}, [&](host::ChildProcess& child) {
    read(started);
    ::kill(child.pid(), SIGINT);
  });
  EXPECT_EQ(outcome.status, (host::ExitStatus{.code = 130})) << outcome.errors;
  EXPECT_NE(outcome.errors.find("interrupted"), std::string::npos);
}

TEST_F(Program, WrongUsageIsStatusTwo) {
  set_guest("exit 0");
  const Arguments wrong[] = {{},
                             {"dance"},
                             {"exec"},
                             {"exec", "--"},
                             {"exec", "--quantum", "5", "--", "q"},
                             {"exec", "--quantum", "1ns", "--", "q"},
                             {"exec", "--duration", "0s", "--", "q"},
                             {"exec", "--colour", "--", "q"},
                             {"doctor", "--", "q"}};
  for (const Arguments& arguments : wrong) {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.status.code, 2) << testing::PrintToString(arguments) << outcome.errors;
    EXPECT_TRUE(outcome.errors.starts_with("fermata: ")) << outcome.errors;
  }
}

TEST_F(Program, HelpAndVersion) {
  EXPECT_TRUE(run({"--version"}).output.starts_with("fermata "));
  EXPECT_EQ(run({"help", "exec"}).output, run({"exec", "--help"}).output);
  EXPECT_NE(run({"help", "exec"}).output.find("--quantum"), std::string::npos);
  EXPECT_EQ(run({"--help"}).status.code, 0);
}

TEST_F(Program, WhatIsMissingIsNamed) {
  ::setenv("FERMATA_QEMU", "/nowhere/fermata-qemu", 1);
  const Outcome outcome = run({"exec", "--", "q"});
  EXPECT_EQ(outcome.status.code, 1);
  EXPECT_NE(outcome.errors.find("/nowhere/fermata-qemu"), std::string::npos) << outcome.errors;
  ::unsetenv("FERMATA_QEMU");
  ::setenv("PATH", "/nowhere", 1);
  const Outcome doctor = run({"doctor"});
  EXPECT_EQ(doctor.status.code, 1);
  EXPECT_NE(doctor.errors.find("qemu-system-x86"), std::string::npos) << doctor.errors;
}

}  // namespace
}  // namespace fermata::cli
