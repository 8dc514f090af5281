// SPDX-License-Identifier: MIT
#include "fermata/sim/connection.hpp"

#include <gtest/gtest.h>

#include "fermata/base/error.hpp"

namespace fermata::sim {
namespace {

using namespace std::chrono_literals;

Connection launch_shell(const std::string& script, trace::Sink* trace = nullptr) {
  return Connection::launch({.arguments = {"sh", "-c", script, "sh"}}, {"-link", "fd"}, "board", trace);
}

std::string gone(Connection& connection) {
  try {
    connection.throw_gone();
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::peer_gone);
    return error.what();
  }
}

TEST(Connection, TheProgramIsGivenItsEnd) {
  Connection connection = launch_shell(R"([ "$1" = -link ] && [ -S "/proc/self/fd/${2#fd=}" ] && exit 7)");
  EXPECT_EQ(connection.close(30s), (host::ExitStatus{.code = 7}));
}

TEST(Connection, HowTheProgramEndedIsSaidAndTraced) {
  trace::MemorySink trace;
  Connection connection = launch_shell("exit 3", &trace);
  const std::string what = gone(connection);
  EXPECT_NE(what.find("board is gone at 0"), std::string::npos) << what;
  EXPECT_NE(what.find("status 3"), std::string::npos) << what;
  ASSERT_EQ(trace.records().size(), 1U);
  EXPECT_EQ(trace.records()[0].kind, trace::RecordKind::ended);
}

TEST(Connection, ATimeOutNamesWhoIsWaitedFor) {
  const Connection connection{.name = "board", .stream = nullptr};
  try {
    connection.throw_timed_out("report", 2s, 3);
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::timed_out);
    EXPECT_NE(std::string(error.what()).find("board did not report within 2 s"), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("3 grants outstanding"), std::string::npos);
  }
}

TEST(Connection, AProgramThatStaysIsEnded) {
  Connection connection = launch_shell("trap '' TERM; while :; do read -r line; done </dev/zero");
  EXPECT_EQ(connection.close(100ms), (host::ExitStatus{.code = 0, .signal = 9}));
}

}  // namespace
}  // namespace fermata::sim
