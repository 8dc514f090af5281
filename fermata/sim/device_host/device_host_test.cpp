// SPDX-License-Identifier: MIT
// A device across a link to a guest that follows a script. Real guests, and the same device on their board:
// tests/machine.
#include "fermata/sim/device_host/device_host.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "fermata/base/error.hpp"
#include "fermata/clock/timer.hpp"
#include "fermata/sim/testing/fake_guest.hpp"

namespace fermata::sim {
namespace {

using namespace std::chrono_literals;
using namespace testing;
using namespace time::literals;
using time::Duration;
using time::Instant;
using wire::StopReason;
using wire::link::ChannelKind;
using wire::link::MmioRequest;
using wire::link::testing::at_ns;

constexpr auto long_enough = 30s;

/// A write raises its line as many ns later, 0 at once; a read lowers it and gives the ns since the write.
class Alarm final : public bus::Device, public bus::Window {
 public:
  explicit Alarm(const bus::Ports& ports)
      : ports_(ports), timer_(*ports.timers, [this] {
          expiries.push_back(now());
          ports_.irq->set(true);
        }) {}
  [[nodiscard]] std::string_view name() const override { return "alarm"; }
  void reset() override {
    timer_.cancel();
    ports_.irq->set(false);
  }
  void save(state::Writer& writer) const override {
    writer.instant(start_);
    writer.flag(ports_.irq->level());
    timer_.save(writer);
  }
  void load(state::Reader& reader) override {
    start_ = reader.instant();
    ports_.irq->set(reader.flag());
    timer_.load(reader);
  }
  std::uint64_t read(bus::Address /*offset*/, unsigned /*size*/) override {
    ports_.irq->set(false);
    return static_cast<std::uint64_t>((now() - start_).ns());
  }
  void write(bus::Address /*offset*/, unsigned /*size*/, std::uint64_t value) override {
    start_ = now();
    timer_.arm(start_ + Duration::nanoseconds(static_cast<std::int64_t>(value)));
  }
  [[nodiscard]] bus::AccessRules rules() const override { return {.min_size = 4, .max_size = 4}; }
  [[nodiscard]] Instant now() const { return ports_.timers->clock().now(); }

  std::vector<Instant> expiries;

 private:
  bus::Ports ports_;
  clock::Timer timer_;
  Instant start_;
};

struct Access {
  std::int64_t ns;
  std::optional<std::uint64_t> value;  ///< of a write
  std::uint8_t size = 4;
};

/// Makes its accesses at their instants, or as soon as it has the answer to the read before; else it is idle, or says
/// that it is busy. Notes the horizons that it was given.
struct Script {
  const wire::link::testing::RecordingPort* port = nullptr;
  std::vector<Access> accesses{};
  bool is_busy = false;
  std::size_t done = 0;
  bool is_waiting = false;
  std::vector<std::int64_t> horizons{};

  [[nodiscard]] std::int64_t answer_ns() const {
    std::int64_t at = -1;
    for (const auto& input : port->inputs) {
      at = input.channel == 2 ? input.at_ns : at;
    }
    return at;
  }
  void operator()(wire::link::GuestSession& session, Instant horizon) {
    const std::int64_t end = horizon.since_origin().ns();
    horizons.push_back(end);
    std::int64_t next = done < accesses.size() ? accesses[done].ns : end + 1'000'000;
    if (is_waiting) {
      if (answer_ns() > end) {
        session.stopped({.now = horizon, .next = {.is_idle = true, .timer = at_ns(answer_ns())}});
        return;
      }
      is_waiting = false;
      next = std::max(next, answer_ns());
    }
    if (next > end) {
      session.stopped({.now = horizon, .next = {.is_idle = !is_busy, .timer = at_ns(next)}});
      return;
    }
    const Access& access = accesses[done++];
    const MmioRequest request{.offset = 8,
                              .value = access.value.value_or(0),
                              .width = access.size,
                              .is_write = static_cast<std::uint8_t>(access.value ? 1 : 0)};
    static_cast<void>(session.output(2, at_ns(next), request.bytes()));
    is_waiting = !access.value;
    stop_at(session, at_ns(next), is_waiting ? StopReason::mmio : session.stop_wanted());
  }
};

struct Rig {
  explicit Rig(std::vector<Access> accesses, DeviceHost::Timing timing = {.reaction = 1_us})
      : script{.accesses = std::move(accesses)} {
    script.port = &fake.port;
    host.connect("window", alarm, timing);
  }
  static wire::link::GuestSession::Identity identity() {
    return {.name = "board",
            .abilities = wire::link::testing::all_abilities,
            .channels = {{.kind = ChannelKind::line, .makes_outputs = false, .input_bound = 64, .name = "irq"},
                         {.kind = ChannelKind::mmio, .input_bound = 64, .output_bound = 4096, .name = "window"}}};
  }
  void run_until(std::int64_t ns, Duration quantum = 1_s) {
    while (fake.guest->now() < at_ns(ns)) {
      host.run_until(std::min(at_ns(ns), fake.guest->now() + quantum), long_enough);
    }
  }
  /// "1@300": level and instant.
  [[nodiscard]] std::string lines() const {
    std::string text;
    for (const auto& input : fake.port.inputs) {
      if (input.channel == 1) {
        text +=
            std::string(text.empty() ? "" : " ") + (input.payload[0] == 0 ? "0@" : "1@") + std::to_string(input.at_ns);
      }
    }
    return text;
  }
  /// "300@1500": value and instant.
  [[nodiscard]] std::string answers() const {
    std::string text;
    for (const auto& input : fake.port.inputs) {
      if (input.channel == 2) {
        const auto answer = wire::link::MmioAnswer::from(wire::link::testing::bytes_of(input.payload));
        text += std::string(text.empty() ? "" : " ") + std::to_string(answer.value) + "@" + std::to_string(input.at_ns);
      }
    }
    return text;
  }

  Script script;
  FakeGuest fake{[this](wire::link::GuestSession& session, Instant horizon) { script(session, horizon); },
                 {.reactive = {"window"}},
                 identity()};
  DeviceHost host{*fake.guest};
  Alarm alarm{host.ports("window", "irq")};
};

TEST(DeviceHost, TimersRunOnTheGuestsTimeAndDriveTheLineAtTheirInstants) {
  for (const Duration quantum : {10_ms, 1_us, 777_ns}) {
    Rig rig({{.ns = 500, .value = 7'000}, {.ns = 12'000, .value = {}}, {.ns = 20'000, .value = 1'000}});
    rig.run_until(50'000, quantum);
    EXPECT_EQ(rig.lines(), "1@7500 0@12000 1@21000") << quantum.ns();
    EXPECT_EQ(rig.answers(), "11500@12000") << quantum.ns();
  }
}

TEST(DeviceHost, ATimerForTheInstantOfTheAccessRunsAtIt) {
  Rig rig({{.ns = 500, .value = 0}, {.ns = 600, .value = {}}}, {.reaction = 1_ms});
  rig.run_until(1'000);
  EXPECT_EQ(rig.lines(), "1@500 0@600");
  EXPECT_EQ(rig.alarm.expiries, std::vector{at_ns(500)});
}

TEST(DeviceHost, AReadTakesTheLatencyWhileTheDeviceGoesOn) {
  for (const Duration quantum : {10_ms, 1_us, 100_ns}) {
    Rig rig({{.ns = 500, .value = 2'000}, {.ns = 1'000, .value = {}}, {.ns = 1'001, .value = {}}},
            {.latency = 3_us, .reaction = 1_us});
    rig.run_until(20'000, quantum);
    EXPECT_EQ(rig.lines(), "1@2500 0@4000") << "within the first read, which stalls until 4000; lowered by the second";
    EXPECT_EQ(rig.answers(), "500@4000 3500@7000") << quantum.ns();
  }
}

TEST(DeviceHost, AnIdleGuestIsGrantedTheReactionBeyondItsWakingOnly) {
  Rig rig({{.ns = 5'000'000, .value = 2'000}});
  rig.run_until(100'000'000);
  EXPECT_EQ(rig.lines(), "1@5002000");
  const std::vector<std::int64_t> expected{1'000, 5'001'000, 5'001'000, 5'002'000};
  ASSERT_GE(rig.script.horizons.size(), expected.size());
  rig.script.horizons.resize(expected.size());
  EXPECT_EQ(rig.script.horizons, expected);
}

TEST(DeviceHost, AnInputWakesAGuestThatSaidItWasIdle) {
  Rig rig({{.ns = 5'000'000, .value = 2'000}});
  rig.run_until(10'000);
  rig.fake.guest->line("irq").set(at_ns(20'000), true);
  EXPECT_EQ(rig.fake.guest->next_activity(), at_ns(20'000));
  rig.script.horizons.clear();
  rig.host.run_until(at_ns(100'000), long_enough);
  EXPECT_EQ(rig.script.horizons[0], 21'000);
}

TEST(DeviceHost, ABusyGuestIsGrantedTheReactionEachTime) {
  Rig rig({});
  rig.script.is_busy = true;
  rig.run_until(10'000);
  EXPECT_EQ(rig.script.horizons.size(), 10U);
  EXPECT_EQ(rig.fake.guest->next_activity(), at_ns(10'000));
}

TEST(DeviceHost, AReactionThatDoesNotHoldIsNoticed) {
  Rig rig({{.ns = 500, .value = 300}});
  const std::string why = refusal([&] { rig.run_until(10'000); });
  EXPECT_EQ(
      why,
      "alarm has armed a timer for 0.000000800 s at an access at 0.000000500 s, 300 ns later, when the guest had a "
      "grant until 0.000001000 s: declare a shorter reaction than 1000 ns");
}

TEST(DeviceHost, AnAccessThatTheDeviceDoesNotTakeIsAGuestError) {
  Rig rig({{.ns = 500, .value = {}, .size = 1}, {.ns = 600, .value = 7, .size = 8}});
  rig.run_until(1'000);
  EXPECT_EQ(rig.answers(), "0@500");
  std::vector<std::string> errors;
  for (const trace::Record& record : rig.fake.trace.records()) {
    if (record.kind == trace::RecordKind::guest_error) {
      errors.push_back(to_line(record));
    }
  }
  EXPECT_EQ(errors, (std::vector<std::string>{
                        "0.000000500 guest_error alarm: read of 1 bytes at offset 0x8, where 4 to 4 are taken",
                        "0.000000600 guest_error alarm: write of 8 bytes at offset 0x8, where 4 to 4 are taken"}));
}

TEST(DeviceHost, ADmaChannelIsOneThatIsReactive) {
  wire::link::GuestSession::Identity identity = Rig::identity();
  identity.channels.push_back({.kind = ChannelKind::message,
                               .input_bound = 1 << 20,
                               .output_bound = 1 << 20,
                               .base = wire::link::message_of_memory,
                               .name = "memory"});
  FakeGuest fake(go_to_horizon, {.reactive = {"window"}}, identity);
  DeviceHost host(*fake.guest);
  EXPECT_NE(refusal([&] { static_cast<void>(host.ports("window", "irq", "memory")); }).find("LinkOptions::reactive"),
            std::string::npos);
  EXPECT_THROW(static_cast<void>(host.ports("window", "irq", "window")), base::BadArgument);
}

TEST(DeviceHost, WithoutAChannelThereIsNoDma) {
  Rig rig({});
  const bus::Ports ports = rig.host.ports("window", "");
  std::vector<std::byte> bytes(4);
  EXPECT_FALSE(ports.dma->read(0x8000'0000, bytes));
  EXPECT_FALSE(ports.dma->write(0x8000'0000, bytes));
  ASSERT_EQ(rig.fake.trace.records().size(), 2U);
  EXPECT_EQ(rig.fake.trace.records()[0].text,
            "window: read of 4 bytes of memory at 0x80000000: the device was given no dma channel");
}

TEST(DeviceHost, WhatCannotBeConnectedIsRefused) {
  Rig rig({});
  EXPECT_THROW(static_cast<void>(rig.host.ports("door", "irq")), base::BadArgument);
  EXPECT_THROW(static_cast<void>(rig.host.ports("window", "ring")), base::BadArgument);
  EXPECT_THROW(rig.host.connect("door", rig.alarm, {.reaction = 1_us}), base::BadArgument);
  EXPECT_THROW(rig.host.connect("window", rig.alarm, {}), base::BadArgument) << "no reaction";
  EXPECT_THROW(rig.host.connect("window", rig.alarm, {.latency = -1_ns, .reaction = 1_us}), base::BadArgument);
  FakeGuest fake(go_to_horizon, {}, Rig::identity());
  DeviceHost host(*fake.guest);
  EXPECT_NE(refusal([&] { host.connect("window", rig.alarm, {.reaction = 1_us}); }).find("LinkOptions::reactive"),
            std::string::npos);
}

TEST(DeviceHost, ADeviceIsTakenBackWithItsGuest) {
  Rig rig({{.ns = 500, .value = 7'000}, {.ns = 9'000, .value = {}}});
  rig.run_until(1'000);
  rig.fake.answer_named = [](wire::link::GuestSession& session) { session.done(at_ns(1'000)); };
  rig.host.checkpoint("one", long_enough);
  for (int i = 0; i < 2; ++i) {
    rig.run_until(8'000);
    EXPECT_EQ(rig.lines(), "1@7500");
    rig.fake.port.inputs.clear();
    rig.host.restore("one", long_enough);
    EXPECT_EQ(rig.lines(), "") << "the line is as it was at the guest's end too";
  }
  rig.run_until(10'000);
  EXPECT_EQ(rig.lines(), "1@7500 0@9000");
  EXPECT_THROW(rig.host.restore("two", long_enough), base::Error);
}

}  // namespace
}  // namespace fermata::sim
