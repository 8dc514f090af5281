// SPDX-License-Identifier: MIT
#include "fermata/sim/connection.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "fermata/base/error.hpp"
#include "fermata/transport/shared_memory.hpp"

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

// What flush() needs of a session.
struct Messages {
  [[nodiscard]] std::span<const std::byte> outgoing() const { return out; }
  void sent(std::size_t count) { out.erase(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(count)); }
  void receive(std::span<const std::byte> bytes) { taken += bytes.size(); }
  std::vector<std::byte> out;
  std::size_t taken = 0;
};

TEST(Connection, AGuestThatIsToBeHeardFirstIsHeard) {
  constexpr std::size_t much = 100'000;
  auto [ours, theirs] = transport::SharedMemory::make_pair(4096);
  std::thread guest([&end = theirs] {
    std::vector<std::byte> bytes(much);
    for (std::size_t written = 0; written < much;) {  // before it reads anything
      written += end.write(std::span(bytes).subspan(written), 30s).count;
    }
    for (std::size_t read = 0; read < much;) {
      read += end.read(bytes, 30s).count;
    }
  });
  Connection connection{.name = "board", .stream = std::make_unique<transport::SharedMemory>(std::move(ours))};
  Messages messages{.out = std::vector<std::byte>(much)};
  EXPECT_TRUE(connection.flush(messages, 0));
  EXPECT_GE(messages.taken, much - 4096) << "the rest is still in the ring";
  guest.join();
}

TEST(Connection, AProgramThatStaysIsEnded) {
  Connection connection = launch_shell("trap '' TERM; while :; do read -r line; done </dev/zero");
  EXPECT_EQ(connection.close(100ms), (host::ExitStatus{.code = 0, .signal = 9}));
}

}  // namespace
}  // namespace fermata::sim
