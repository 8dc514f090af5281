// SPDX-License-Identifier: MIT
//
// Whatever a simulator is doing when its guest's program is killed, its call throws at once and says who has gone; when
// the program hangs, at its limit, and says what was waited for. Waiting again is fine once it goes on.
#include <gmock/gmock.h>

#include <sys/wait.h>

#include <csignal>
#include <cstring>
#include <functional>
#include <optional>

#include "fermata/base/error.hpp"
#include "fermata/host/clock.hpp"
#include "fermata/wire/link/layout.hpp"
#include "tests/link_conformance/target.hpp"

namespace fermata::conformance_test {
namespace {

using wire::link::MessageType;

// Host time in which a guest's end is found. What it takes is milliseconds; the host may be busy.
constexpr host::HostDuration at_once = 10s;
constexpr host::HostDuration patience = 1s;

// All its threads have stopped when this returns; whoever waits for it is told as ever.
void stop(pid_t pid) {
  ASSERT_EQ(::kill(pid, SIGSTOP), 0);
  siginfo_t ignored{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(pid), &ignored, WSTOPPED | WEXITED | WNOWAIT), 0);
}

// Strikes at a guest's program, once.
class Blow {
 public:
  explicit Blow(int signal_number) : signal_(signal_number) {}
  void aim(pid_t pid) { pid_ = pid; }
  void strike() {
    if (!struck_) {
      if (signal_ == SIGSTOP) {
        stop(pid_);
      } else {
        ASSERT_EQ(::kill(pid_, signal_), 0);
      }
      struck_ = host::HostClock::monotonic().now();
    }
  }
  [[nodiscard]] bool has_struck() const { return struck_.has_value(); }
  [[nodiscard]] host::HostDuration since() const { return host::HostClock::monotonic().now() - *struck_; }

 private:
  int signal_;
  pid_t pid_ = 0;
  std::optional<host::HostInstant> struck_;
};

// A guest's stream whose simulator sees the blow fall when it says a certain message: before it is said, or after.
class StruckStream final : public transport::Stream {
 public:
  StruckStream(std::unique_ptr<transport::Stream> inner, Blow& blow, MessageType type, bool is_before)
      : inner_(std::move(inner)), blow_(blow), type_(type), is_before_(is_before) {}
  [[nodiscard]] transport::IoResult read(std::span<std::byte> into, host::HostDuration wait) override {
    return inner_->read(into, wait);
  }
  [[nodiscard]] transport::IoResult write(std::span<const std::byte> bytes, host::HostDuration wait) override {
    wire::link::Header header;
    std::memcpy(&header, bytes.data(), sizeof header);  // each is written for itself here
    if (header.type == type_ && is_before_) {
      blow_.strike();
    }
    const auto result = inner_->write(bytes, wait);
    if (header.type == type_) {
      blow_.strike();
    }
    return result;
  }
  void close() override { inner_->close(); }

 private:
  std::unique_ptr<transport::Stream> inner_;
  Blow& blow_;
  MessageType type_;
  bool is_before_;
};

// What a simulator does when the blow falls.
struct Doing {
  const char* name;
  Wanted wanted;
  std::function<void(sim::LinkGuest& guest, Instant booted, Blow& blow, host::HostDuration limit)> act;
  const char* awaited = "did not report";  ///< what it waits for
  std::optional<MessageType> at{};         ///< the blow falls when this is said
  bool is_before = false;                  ///< or just before
};

void send(sim::LinkGuest& guest, Instant at, std::string_view text) { guest.serial("serial0").send(at, text); }

std::vector<Doing> doings_in_time() {
  const Wanted spin{.program = "spin"};
  const auto nothing = [](sim::LinkGuest&, Instant, Blow&, host::HostDuration) {};
  return {
      {"greets it, which is gone already", spin, nothing, "did not introduce itself", MessageType::hello, true},
      {"has greeted it", spin, nothing, "did not introduce itself", MessageType::hello},
      {"grants it time", spin,
       [](auto& guest, Instant booted, Blow& blow, auto wait) {
         blow.strike();
         guest.run_until(booted + 1_s, wait);
       }},
      {"waits for it", spin,
       [](auto& guest, Instant, Blow& blow, auto wait) {
         guest.grant(Instant::at(1'000'000_s));
         blow.strike();
         guest.wait(wait);
       }},
      {"keeps it ahead", spin,
       [](auto& guest, Instant booted, Blow& blow, auto wait) {
         guest.run_ahead(
             Instant::at(1'000'000_s), {.quantum = 100_us, .distance = 400_us},
             [&](Instant reached) {
               if (reached > booted + 1_ms) {
                 blow.strike();
               }
             },
             wait);
       },
       "did not report or tell its progress"},
  };
}

std::vector<Doing> doings_at_an_instant() {
  const Wanted commands{.program = "commands", .has_window = true};
  const Wanted kept{.program = "spin", .keeps_checkpoints = true};
  return {
      {"answers its read", commands,
       [](auto& guest, Instant booted, Blow& blow, auto wait) {
         guest.mmio("board").on_read([&blow](Instant, std::uint64_t, unsigned) {
           blow.strike();
           return 5;
         });
         send(guest, booted + 1_ms, "r");
         guest.run_until(booted + 1_s, wait);
       }},
      {"answers its output",
       {.program = "echo", .link = {.reactive = {"serial0"}}},
       [](auto& guest, Instant booted, Blow& blow, auto wait) {
         guest.serial("serial0").on_output([&](Instant at, std::string_view) {
           blow.strike();
           send(guest, at, "y");
         });
         send(guest, booted + 1_ms, "x");
         guest.run_until(booted + 1_s, wait);
       }},
      {"has not read its outputs", commands,
       [](auto& guest, Instant booted, Blow& blow, auto wait) {
         send(guest, booted + 1_ms, "f");
         guest.mmio("board").on_write([&blow](Instant, std::uint64_t, unsigned, std::uint64_t) { blow.strike(); });
         guest.run_until(booted + 1000_s, wait);
       }},
      {"has it saved", kept,
       [](auto& guest, Instant booted, Blow&, auto wait) {
         guest.run_until(booted + 1_ms, limit);
         guest.checkpoint("one", wait);
       },
       "did not answer checkpoint \"one\"", MessageType::checkpoint},
      {"goes back", kept,
       [](auto& guest, Instant booted, Blow&, auto wait) {
         guest.run_until(booted + 1_ms, limit);
         guest.checkpoint("one", limit);
         guest.restore("one", wait);
       },
       "did not answer restore \"one\"", MessageType::restore},
  };
}

// All that this target's guests can be struck in.
std::vector<Doing> doings() {
  std::vector<Doing> all = doings_in_time();
  for (Doing& doing : doings_at_an_instant()) {
    all.push_back(std::move(doing));
  }
  return all;
}

// A guest's program, its link, and the blow that waits for it. The program is not the handle's: a process handle would
// see more of it than the link shows.
class Struck {
 public:
  Struck(const Target& target, const Doing& doing, int signal_number)
      : blow(signal_number), messages_(create_file(folder_.path("messages"))), connection_([&] {
          host::Command command = command_of(target, doing.wanted, folder_);
          command.standard_error = messages_.get();
          return sim::Connection::launch(
              command, {"-link", "fd", channels_of(target, doing.wanted), transport_of(target)}, "board", nullptr);
        }()) {
    blow.aim(connection_.process->pid());
    if (doing.at) {
      // The machine may have answered these before a blow that falls after they are said.
      const bool is_quick =
          target.is_machine() && (*doing.at == MessageType::checkpoint || *doing.at == MessageType::restore);
      connection_.stream =
          std::make_unique<StruckStream>(std::move(connection_.stream), blow, *doing.at, doing.is_before || is_quick);
    }
  }
  // What the simulator's call says; nothing if it says nothing.
  std::optional<base::Error> error_of(const Target& target, const Doing& doing, host::HostDuration wait) {
    sim::LinkOptions options = doing.wanted.link;
    options.name = "board";
    options.handshake_limit = blow_waits_for_hello(doing) ? wait : limit;
    try {
      guest.emplace(sim::LinkGuest::attach(std::move(connection_.stream), options));
      guest->run_until(target.booted(), limit);
      doing.act(*guest, target.booted(), blow, wait);
    } catch (const base::Error& error) {
      return error;
    }
    return std::nullopt;
  }
  void go_on() { ::kill(connection_.process->pid(), SIGCONT); }
  [[nodiscard]] std::optional<host::ExitStatus> end() { return connection_.process->wait(limit); }
  [[nodiscard]] std::string messages() const { return read_file(folder_.path("messages")); }

 private:
  static bool blow_waits_for_hello(const Doing& doing) { return doing.at == MessageType::hello; }
  TempFolder folder_;

 public:
  Blow blow;
  std::optional<sim::LinkGuest> guest;

 private:
  host::UniqueFd messages_;
  sim::Connection connection_;
};

class DeathOfGuest : public Conformance {};
INSTANTIATE_TEST_SUITE_P(Each, DeathOfGuest, each_program(), target_name);

TEST_P(DeathOfGuest, IsFoundAtOnceAndNamedWhateverTheSimulatorDoes) {
  for (const Doing& doing : doings()) {
    if (!lacks(doing.wanted).empty()) {
      continue;
    }
    SCOPED_TRACE(doing.name);
    Struck struck(target(), doing, SIGKILL);
    const auto error = struck.error_of(target(), doing, limit);
    ASSERT_TRUE(struck.blow.has_struck()) << (error ? error->what() : "") << struck.messages();
    ASSERT_TRUE(error.has_value());
    EXPECT_LT(struck.blow.since(), at_once);
    EXPECT_EQ(error->code(), base::ErrorCode::peer_gone) << error->what();
    EXPECT_THAT(error->what(), ::testing::HasSubstr("board is gone at"));
    EXPECT_EQ(struck.end(), (host::ExitStatus{.code = 0, .signal = SIGKILL}));
  }
}

TEST_P(DeathOfGuest, WhoHasStartedItSaysHowItEnded) {
  Guest guest(target(), {.program = "spin", .link = {.name = "board"}});
  guest->grant(Instant::at(1'000'000_s));
  ASSERT_EQ(::kill(*guest->pid(), SIGKILL), 0);
  try {
    guest->wait(limit);
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::peer_gone);
    EXPECT_THAT(error.what(), ::testing::HasSubstr("board is gone"));
    EXPECT_THAT(error.what(), ::testing::HasSubstr("killed by signal 9"));
  }
}

TEST_P(DeathOfGuest, OneThatHangsIsReportedAtTheLimitWithWhatIsWaitedFor) {
  for (const Doing& doing : doings()) {
    if (!lacks(doing.wanted).empty()) {
      continue;
    }
    SCOPED_TRACE(doing.name);
    Struck struck(target(), doing, SIGSTOP);
    const auto error = struck.error_of(target(), doing, patience);
    ASSERT_TRUE(struck.blow.has_struck()) << (error ? error->what() : "") << struck.messages();
    ASSERT_TRUE(error.has_value());
    EXPECT_LT(struck.blow.since(), at_once);
    EXPECT_EQ(error->code(), base::ErrorCode::timed_out) << error->what();
    EXPECT_THAT(error->what(), ::testing::HasSubstr("board"));
    EXPECT_THAT(error->what(), ::testing::HasSubstr(doing.awaited));
    struck.go_on();
    struck.guest.reset();
    const auto status = struck.end();
    ASSERT_TRUE(status.has_value()) << "it sees the simulator's end";
    EXPECT_EQ(*status, host::ExitStatus{}) << struck.messages();
  }
}

TEST_P(DeathOfGuest, OneThatGoesOnAfterAHangIsWaitedForAgain) {
  const Wanted wanted{.program = "spin", .keeps_checkpoints = true, .link = {.name = "board"}};
  Guest guest(target(), wanted);
  guest->run_until(after(1_ms), limit);
  stop(*guest->pid());
  guest->grant(after(2_ms));
  EXPECT_THROW(guest->wait(patience), base::Error);
  ASSERT_EQ(::kill(*guest->pid(), SIGCONT), 0);
  EXPECT_EQ(guest->wait(limit).now, after(2_ms));

  stop(*guest->pid());
  EXPECT_THROW(guest->checkpoint("one", patience), base::Error);
  EXPECT_THROW(guest->grant(after(3_ms)), base::BadArgument) << "the answer is waited for first";
  EXPECT_THROW(guest->checkpoint("two", patience), base::BadArgument);
  ASSERT_EQ(::kill(*guest->pid(), SIGCONT), 0);
  guest->checkpoint("one", limit);
  EXPECT_EQ(guest->run_until(after(3_ms), limit).now, after(3_ms));
  guest->restore("one", limit);
  EXPECT_EQ(guest->now(), after(2_ms));
}

// A QEMU that is on its way out must not begin what it was asked for a moment before.
TEST_P(DeathOfGuest, ItsSimulatorMayGoJustAfterItAskedForARestore) {
  for (int i = 0; i < 4; ++i) {
    Guest guest(target(), {.program = "spin", .keeps_checkpoints = true, .link = {.name = "board"}});
    guest->run_until(after(1_ms), limit);
    guest->checkpoint("one", limit);
    stop(*guest->pid());
    EXPECT_THROW(guest->restore("one", 1ms), base::Error);
    ASSERT_EQ(::kill(*guest->pid(), SIGCONT), 0);
    EXPECT_EQ(guest->close(limit), host::ExitStatus{}) << guest.messages();
  }
}

}  // namespace
}  // namespace fermata::conformance_test
