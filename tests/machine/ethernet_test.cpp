// SPDX-License-Identifier: MIT
//
// Ethernet to a guest compiled from C, netecho: what it sends leaves at the instant of its notification, to the
// instruction, however the run is cut.
#include <gmock/gmock.h>

#include <algorithm>
#include <cstring>
#include <set>

#include "fermata/machine/boot/boot_plan.hpp"
#include "fermata/machine/machine.hpp"
#include "tests/machine/program_fixture.hpp"

namespace fermata::machine_test {
namespace {

using time::Instant;
using Frame = std::vector<std::byte>;

// The instant at which nothing has been sent yet and the guest waits.
constexpr Instant ready = Instant::at(10_ms);
constexpr std::size_t stamps_at = 20;  // in a frame: see netecho.c

struct Arrival {
  Instant at;
  Frame frame;
  friend bool operator==(const Arrival&, const Arrival&) = default;
};

machine::Config config_of(trace::Sink* trace = nullptr, unsigned networks = 1) {
  machine::Config config;
  config.boot =
      machine::boot::plan_boot({.kernel = machine::boot::read_named(guest_path("riscv64", "netecho"))}, 2 << 20, 1);
  config.trace = trace;
  for (unsigned i = 0; i < networks; ++i) {
    config.networks.push_back(device::MacAddress::default_of(i));
  }
  return config;
}

// From 02:00:00:00:00:01 to the guest, EtherType 0x88b5, then its number.
Frame frame_of(std::size_t size, std::uint8_t number = 0) {
  Frame frame(size, std::byte{number});
  const std::uint8_t header[] = {0x52, 0x54, 0, 0x12, 0x34, 0x56, 2, 0, 0, 0, 0, 1, 0x88, 0xb5};
  std::transform(std::begin(header), std::end(header), frame.begin(),
                 [](std::uint8_t byte) { return std::byte{byte}; });
  return frame;
}

std::uint64_t number_at(const Frame& frame, std::size_t at) {
  std::uint64_t value = 0;
  std::memcpy(&value, frame.data() + at, sizeof value);
  return value;
}

class EchoMachine {
 public:
  explicit EchoMachine(trace::Sink* trace = nullptr) : machine_(config_of(trace)) {
    machine_.serial().set_receiver([this](Instant, std::span<const std::byte> bytes) {
      text_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    });
    machine_.ethernet().set_receiver([this](Instant at, std::span<const std::byte> frame) {
      arrivals_.push_back({.at = at, .frame = {frame.begin(), frame.end()}});
    });
  }
  void run_to(Instant at, time::Duration quantum) {
    while (machine_.now() < at) {
      machine_.run_until(std::min(at, machine_.now() + quantum));
    }
  }
  void run_to(Instant at) { machine_.run_until(at); }

  [[nodiscard]] machine::Machine& machine() { return machine_; }
  [[nodiscard]] machine::EthernetEnd& ethernet() { return machine_.ethernet(); }
  [[nodiscard]] const std::vector<Arrival>& arrivals() const { return arrivals_; }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  machine::Machine machine_;
  std::vector<Arrival> arrivals_;
  std::string text_;
};

TEST(Ethernet, AGuestReadsItsAddressAndEchoesFramesOfAllSizes) {
  EchoMachine echo;
  echo.run_to(ready);
  EXPECT_EQ(echo.text(), "address 82 84 0 18 52 86\n");
  EXPECT_TRUE(echo.machine().is_idle());
  for (const std::size_t size : {14U, 39U, 40U, 60U, 1'513U, 1'514U}) {
    EXPECT_TRUE(echo.ethernet().send(frame_of(size, 0x5a)));
    EXPECT_EQ(echo.ethernet().pending(), 0U) << "taken at once";
    echo.run_to(echo.machine().now() + 1_ms);
    Frame expected = frame_of(size, 0x5a);
    std::swap_ranges(expected.begin(), expected.begin() + 6, expected.begin() + 6);
    Frame found = echo.arrivals().back().frame;
    ASSERT_EQ(found.size(), size);
    if (size >= 40) {
      std::copy_n(expected.begin() + stamps_at, 16, found.begin() + stamps_at);
    }
    EXPECT_EQ(found, expected);
  }
  EXPECT_EQ(echo.arrivals().size(), 6U);
}

TEST(Ethernet, AFrameLeavesAtTheInstantOfItsNotificationToTheInstruction) {
  EchoMachine echo;
  echo.run_to(ready);
  std::set<time::Duration> delays;
  for (int i = 0; i < 20; ++i) {
    // Arrives while the guest sleeps; at no round instant.
    echo.run_to(Instant::at(11_ms + i * 1'000'016_ns));
    ASSERT_TRUE(echo.machine().is_idle());
    const Instant sent = echo.machine().now();
    EXPECT_TRUE(echo.ethernet().send(frame_of(100, static_cast<std::uint8_t>(i))));
    echo.run_to(sent + 500_us);
    ASSERT_EQ(echo.arrivals().size(), static_cast<std::size_t>(i) + 1);
    const Arrival& arrival = echo.arrivals().back();
    const std::uint64_t woken = number_at(arrival.frame, stamps_at);
    const std::uint64_t left = number_at(arrival.frame, stamps_at + 8);
    ASSERT_GT(left, woken);
    // Both numbers are of csrr instructions: the first is the first one after the WFI, the second is followed by two
    // up to the end of the notification. An instruction is 8 ns.
    const auto executed = static_cast<std::int64_t>(left - woken) + 3;
    EXPECT_EQ(arrival.at - sent, executed * 8_ns) << i;
    delays.insert(arrival.at - sent);
  }
  EXPECT_LE(delays.size(), 2U) << "the same path each time, but for the wrapping of the rings";
}

// Frames sent at fixed instants, singly and in bursts, some while the guest is at work.
std::string run_schedule(time::Duration quantum) {
  trace::MemorySink trace;
  EchoMachine echo(&trace);
  for (int i = 0; i < 40; ++i) {
    echo.run_to(Instant::at(10_ms + i * 3_us), quantum);
    echo.ethernet().send(frame_of(60, static_cast<std::uint8_t>(i)));
  }
  echo.run_to(Instant::at(12_ms), quantum);
  EXPECT_EQ(echo.arrivals().size(), 40U);
  std::string text;
  for (const trace::Record& record : trace.records()) {
    text += to_line(record) + "\n";
  }
  return text;
}

TEST(Ethernet, TracesAreEqualAtEachQuantum) {
  const std::string whole = run_schedule(100_ms);
  EXPECT_THAT(whole, testing::HasSubstr("output ethernet0 60 020000000001525400123456"));
  for (const time::Duration quantum : {8_ns, 1_us, 7_us, 1_ms}) {
    ASSERT_EQ(run_schedule(quantum), whole) << quantum.ns();
  }
}

TEST(Ethernet, ABurstWaitsForBuffersInOrder) {
  EchoMachine echo;
  echo.run_to(ready);
  for (int i = 0; i < 60; ++i) {
    EXPECT_TRUE(echo.ethernet().send(frame_of(60, static_cast<std::uint8_t>(i))));
  }
  EXPECT_EQ(echo.ethernet().pending(), 52U) << "the guest has lent eight";
  bool is_drained = false;
  echo.ethernet().set_drained_handler([&is_drained] { is_drained = true; });
  echo.run_to(ready + 5_ms);
  EXPECT_TRUE(is_drained);
  ASSERT_EQ(echo.arrivals().size(), 60U);
  for (std::size_t i = 0; i < 60; ++i) {
    EXPECT_EQ(echo.arrivals()[i].frame.back(), static_cast<std::byte>(i));
  }
  EXPECT_EQ(echo.ethernet().dropped(), 0U);
}

TEST(Ethernet, AFrameCanBeAnsweredAtItsOwnInstant) {
  EchoMachine echo;
  echo.run_to(ready);
  std::vector<Instant> instants;
  echo.ethernet().set_receiver([&](Instant at, std::span<const std::byte> frame) {
    instants.push_back(at);
    if (instants.size() < 5) {
      echo.ethernet().send(frame);
    }
  });
  echo.ethernet().send(frame_of(60));
  echo.run_to(ready + 1_ms);
  ASSERT_EQ(instants.size(), 5U);
  EXPECT_LT(instants.back() - ready, 100_us);
}

TEST(Ethernet, ARunRestoredFromASnapshotIsTheSame) {
  const auto burst = [](EchoMachine& echo) {
    echo.run_to(ready);
    for (int i = 0; i < 40; ++i) {
      echo.ethernet().send(frame_of(400, static_cast<std::uint8_t>(i)));
    }
    echo.run_to(ready + 10_us);
  };
  EchoMachine whole;
  burst(whole);
  const auto snapshot = whole.machine().save();
  const std::size_t before = whole.arrivals().size();
  ASSERT_GT(before, 0U);
  ASSERT_GT(whole.ethernet().pending(), 0U);
  whole.run_to(ready + 10_ms);

  EchoMachine restored;
  restored.machine().load(snapshot);
  restored.run_to(ready + 10_ms);
  const auto rest = std::vector(whole.arrivals().begin() + static_cast<std::ptrdiff_t>(before), whole.arrivals().end());
  EXPECT_EQ(restored.arrivals(), rest);
  EXPECT_EQ(whole.arrivals().size(), 40U);
  EXPECT_EQ(restored.machine().save(), whole.machine().save());
}

TEST(Ethernet, AFrameCanEndTheGuest) {
  EchoMachine echo;
  echo.run_to(ready);
  Frame last = frame_of(60);
  last[13] = std::byte{0xb6};
  echo.ethernet().send(last);
  const machine::Stop stop = echo.machine().run_until(Instant::at(1_s));
  EXPECT_EQ(stop.reason, machine::StopReason::powered_off);
  EXPECT_EQ(stop.exit_status, 0);
}

}  // namespace
}  // namespace fermata::machine_test
