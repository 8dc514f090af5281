// SPDX-License-Identifier: MIT
// libFuzzer target: any bytes, in any pieces, to both ends of link v1. Neither may crash nor grow; a guest that obeys
// is never led backwards.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <utility>

#include "fermata/base/error.hpp"
#include "fermata/time/saturating.hpp"
#include "fermata/wire/link/testing/session_pair.hpp"

using namespace fermata;
using namespace fermata::wire;

namespace {

struct CheckingPort final : link::GuestSession::Port {
  void input(const link::Datum& input) override {
    if (input.at < now || input.payload.size() > link::max_payload) {
      std::abort();
    }
  }
  void checkpoint(const std::string& /*name*/) override { is_pending = true; }
  void restore(const std::string& /*name*/) override { is_pending = true; }

  time::Instant now;
  bool is_pending = false;
};

void drive_guest(std::span<const std::byte> bytes, std::size_t piece) {
  CheckingPort port;
  link::GuestSession::Identity who = link::testing::identity();
  who.clocks = 2;
  link::GuestSession session(std::move(who), port);
  std::vector<std::byte> hello;
  append(hello, link::Hello{}, "fuzz");
  session.receive(hello);
  while (!bytes.empty() && session.wants_bytes()) {
    const auto part = bytes.first(std::min(piece, bytes.size()));
    bytes = bytes.subspan(part.size());
    session.receive(part);
    if (std::exchange(port.is_pending, false)) {
      session.done(port.now);
    }
    session.allow(time::saturating_add(
        port.now, time::Duration::nanoseconds(100)));  // 100 ns ahead: some grants are further, some are not
    if (session.waits_for_clocks() && !std::holds_alternative<Hold>(session.order())) {
      std::abort();
    }
    if (const auto* run = std::get_if<RunUntil>(&session.order())) {
      if (run->horizon < port.now) {
        std::abort();
      }
      if (const auto milestone = session.milestone(); milestone && *milestone < run->horizon) {
        if (*milestone <= port.now) {
          std::abort();
        }
        port.now = *milestone;
        session.progressed(port.now);
      }
      port.now = run->horizon;
      session.stopped({.now = port.now});
    }
    session.sent(session.outgoing().size());
  }
  session.receive_end();
  if (!std::holds_alternative<Leave>(session.order())) {
    std::abort();
  }
}

void drive_simulator(std::span<const std::byte> bytes, std::size_t piece) {
  link::SimulatorSession session;
  std::vector<std::byte> welcome;
  append(welcome, link::Welcome{.header = {}, .abilities = link::ability_progress, .channels = 1}, "fuzz");
  append(welcome, link::ChannelDeclaration{.header = {}, .kind = 1, .directions = 3, .timing = 1}, "tty", 1);
  session.receive(welcome);
  session.ask_milestones({link::testing::at_ns(10), time::Duration::nanoseconds(10)});
  session.grant(link::testing::at_ns(1000));
  try {
    time::Instant last;
    while (!bytes.empty()) {
      const auto part = bytes.first(std::min(piece, bytes.size()));
      bytes = bytes.subspan(part.size());
      session.receive(part);
      while (session.take()) {
      }
      if (session.reached() < last || session.now() > session.reached()) {
        std::abort();
      }
      last = session.reached();
    }
  } catch (const base::Error&) {
    // the peer lied; said so
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) {
    return 0;
  }
  const auto bytes = std::as_bytes(std::span(data, size)).subspan(1);
  const std::size_t piece = 1U + data[0];
  drive_guest(bytes, piece);
  drive_simulator(bytes, piece);
  return 0;
}
