// SPDX-License-Identifier: MIT
//
// How much slower than virtual time two stock QEMUs are that one simulated Ethernet cable of 500 ns joins. See
// README.md.
//
//   A may run until:  500 ns after the earliest instant at which B may do anything, or A's doing may reach B
//   both run at once; at its horizon each stands and tells its next event; frames travel from one to the other
//
// Or by clocks: both follow each other's, and are granted it all; at a frame its sender stands until that is under way.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "bench/host_facts.hpp"
#include "bench/link/linked_guests.hpp"
#include "bench/quantum_table.hpp"
#include "fermata/base/error.hpp"
#include "fermata/sim/link_guest.hpp"
#include "fermata/sim/together.hpp"
#include "fermata/time/units.hpp"

namespace {

using namespace fermata;
using namespace fermata::time::literals;

constexpr const char* method =
    "computing: both guests execute instructions all the time, so each is granted 500 ns at a time. frame: a frame "
    "goes\n"
    "to and fro; one guest polls its card (virtio-net, tx=timer) for 150 us until it is sent back, the other sleeps, "
    "and\n"
    "is not granted anything meanwhile. By clocks: each follows the other's, and both are granted the whole span. "
    "Slowdown:\n"
    "host time in virtual time; medians of the rounds, without start and end.\n";

constexpr host::HostDuration limit = std::chrono::minutes(2);
constexpr time::Duration cable = 500_ns;
constexpr time::Duration instruction = 8_ns;  // by less than one a guest is beyond its horizon

struct Options {
  std::string qemu = "qemu-system-riscv64";
  std::string span = "20ms";
  int rounds = 5;
  std::string transport = "shared";
};

std::vector<std::byte> frame_to_guests() {
  constexpr std::array<unsigned char, 14> header{0x52, 0x54, 0,    0x12, 0x34, 0x56, 0x52,
                                                 0x54, 0,    0x12, 0x34, 0x56, 0x88, 0xb5};
  std::vector<std::byte> frame(64);
  std::memcpy(frame.data(), header.data(), header.size());
  return frame;
}

enum class By : std::uint8_t { grants, clocks };

sim::LinkGuest launch(const Options& options, const std::string& guest,
                      const std::shared_ptr<transport::SharedClocks>& clocks) {
  const bool has_network = guest == "netecho";
  std::vector<std::string> more;
  if (has_network) {
    more = {"-global", "virtio-mmio.force-legacy=false",
            "-global", "virtio-mmio.ioeventfd=off",
            "-device", "virtio-net-device,netdev=n0,bus=virtio-mmio-bus.0,tx=timer"};
  }
  return sim::LinkGuest::launch(
      bench::qemu_command(options.qemu, guest, more),
      {.channels = has_network ? std::vector<std::string>{"ethernet=n0"} : std::vector<std::string>{},
       .transport = options.transport == "shared" ? sim::Transport::shared_memory : sim::Transport::unix_socket,
       .reactive = has_network && clocks ? std::vector<std::string>{"n0"} : std::vector<std::string>{},
       .clocks = clocks});
}

struct Result {
  double slowdown;
  int grants;  // to both
  int frames;
};

class Pair {
 public:
  Pair(const Options& options, const std::string& guest, By by)
      : by_(by),
        clocks_(by == By::clocks ? sim::share_clocks(2) : nullptr),
        guests_{launch(options, guest, clocks_), launch(options, guest, clocks_)},
        has_network_(guest == "netecho") {
    for (std::size_t i = 0; has_network_ && i < 2; ++i) {
      guests_[i].ethernet("n0").on_output([this, i](time::Instant at, std::span<const std::byte> frame) {
        ++frames_;
        if (by_ == By::clocks) {
          guests_[1 - i].ethernet("n0").send(at + cable, frame);  // throws if it comes too late
        } else {
          on_cable_[1 - i].push_back({at + cable, {frame.begin(), frame.end()}});
        }
      });
    }
  }
  ~Pair() {
    for (sim::LinkGuest& guest : guests_) {
      static_cast<void>(guest.close());
    }
  }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;

  Result run(time::Duration span) {
    const time::Instant begin = time::Instant::at(2_ms);
    for (sim::LinkGuest& guest : guests_) {
      static_cast<void>(guest.run_until(begin, limit));
    }
    if (has_network_) {
      guests_[0].ethernet("n0").send(begin + cable, frame_to_guests());
    }
    frames_ = grants_ = 0;
    const time::Instant end = begin + span;
    const host::HostClock& clock = host::HostClock::monotonic();
    const host::HostInstant since = clock.now();
    if (by_ == By::clocks) {
      guests_[0].follow(guests_[1], cable);
      guests_[1].follow(guests_[0], cable);
      static_cast<void>(sim::run_together(std::array{guests_.data(), guests_.data() + 1}, end, limit));
      grants_ = 2 + frames_;
    }
    while (guests_[0].now() < end || guests_[1].now() < end) {
      advance(end);
    }
    const auto host_ns = static_cast<double>((clock.now() - since).count());
    return {.slowdown = host_ns / static_cast<double>(span.ns()), .grants = grants_, .frames = frames_};
  }

 private:
  struct Frame {
    time::Instant at;
    std::vector<std::byte> bytes;
  };

  // Both at once, each as far as nothing can reach it that the other does by itself, or in answer to what this one
  // does.
  void advance(time::Instant end) {
    std::array<time::Instant, 2> activity;
    for (std::size_t i = 0; i < 2; ++i) {
      for (const Frame& frame : std::exchange(on_cable_[i], {})) {
        guests_[i].ethernet("n0").send(frame.at, frame.bytes);  // throws if it comes too late
      }
      activity[i] = guests_[i].next_activity().value_or(end);
    }
    for (std::size_t i = 0; i < 2; ++i) {
      const time::Instant reachable = std::min(activity[1 - i], activity[i] + cable) + cable - instruction;
      const time::Instant horizon = std::max({horizons_[i], guests_[i].now(), std::min(end, reachable)});
      is_granted_[i] = activity[i] <= horizon && guests_[i].now() < end;  // or it has nothing to do until there
      if (is_granted_[i]) {
        horizons_[i] = horizon;
        guests_[i].grant(horizon);
        ++grants_;
      }
    }
    for (std::size_t i = 0; i < 2; ++i) {
      if (is_granted_[i]) {
        static_cast<void>(guests_[i].wait(limit));
      }
    }
  }

  By by_;
  std::shared_ptr<transport::SharedClocks> clocks_;
  std::array<sim::LinkGuest, 2> guests_;
  std::array<time::Instant, 2> horizons_{time::Instant::at(2_ms), time::Instant::at(2_ms)};
  std::array<std::vector<Frame>, 2> on_cable_;
  bool has_network_;
  std::array<bool, 2> is_granted_{};
  int frames_ = 0;
  int grants_ = 0;
};

void measure(const Options& options, const std::string& what, const std::string& guest, By by) {
  const time::Duration span = time::parse_duration(options.span);
  std::vector<double> slowdowns;
  Result last{};
  for (int round = 0; round < options.rounds; ++round) {
    last = Pair(options, guest, by).run(span);
    slowdowns.push_back(last.slowdown);
  }
  fmt::print(
      "{:<22}{:>8.1f} times slower than virtual time   (lowest {:.1f}, highest {:.1f}); {} grants, "
      "{} frames\n",
      what, bench::median(slowdowns), std::ranges::min(slowdowns), std::ranges::max(slowdowns), last.grants,
      last.frames);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("How much slower than virtual time two stock QEMUs on one simulated cable are.");
  app.add_option("--qemu", options.qemu, "A qemu-system-riscv64")->capture_default_str();
  app.add_option("--span", options.span, "Of virtual time")->capture_default_str();
  app.add_option("--rounds", options.rounds)->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--transport", options.transport)->check(CLI::IsMember({"shared", "socket"}))->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  try {
    fmt::print("{}; a cable of 500 ns, {} of virtual time, {} rounds, load {} before\n{}\n", bench::describe_host(),
               options.span, options.rounds, bench::describe_load(), method);
    measure(options, "computing, by grants", "busy", By::grants);
    measure(options, "computing, by clocks", "busy", By::clocks);
    measure(options, "frame, by grants", "netecho", By::grants);
    measure(options, "frame, by clocks", "netecho", By::clocks);
    fmt::print("load {} after\n", bench::describe_load());
  } catch (const std::exception& error) {
    fmt::print(stderr, "link_network: {}\n", error.what());
    return 1;
  }
  return 0;
}
