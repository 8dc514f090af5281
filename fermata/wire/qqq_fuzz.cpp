// SPDX-License-Identifier: MIT
// libFuzzer target: any bytes, in any pieces, to both ends of the qqq protocol. Neither may crash, and a guest that
// obeys always answers a grant with at least its span.
#include <cstdint>
#include <cstdlib>
#include <span>

#include "fermata/base/error.hpp"
#include "fermata/wire/qqq_guest_session.hpp"
#include "fermata/wire/qqq_simulator_session.hpp"

using namespace fermata;

namespace {

void drive_guest(std::span<const std::byte> bytes, std::size_t piece, bool exits_on_zero) {
  wire::QqqGuestSession session(exits_on_zero ? wire::ZeroRequest::exit : wire::ZeroRequest::answer);
  time::Instant last;
  while (!bytes.empty() && session.wants_bytes()) {
    const auto part = bytes.first(std::min(piece, bytes.size()));
    bytes = bytes.subspan(part.size());
    session.receive(part);
    while (const wire::RunUntil* run = std::get_if<wire::RunUntil>(&session.order())) {
      if (run->horizon <= last) {
        std::abort();  // a horizon that does not lead forward would hang the machine
      }
      last = run->horizon;
      session.stopped({.now = last});
    }
    session.sent(session.outgoing().size());
  }
  session.receive_end();
  if (!std::holds_alternative<wire::Leave>(session.order())) {
    std::abort();
  }
}

void drive_simulator(std::span<const std::byte> bytes, std::size_t piece) {
  wire::QqqSimulatorSession session;
  for (int i = 0; i < 64; ++i) {
    session.grant(time::Duration::microseconds(i));
  }
  try {
    while (!bytes.empty()) {
      const auto part = bytes.first(std::min(piece, bytes.size()));
      bytes = bytes.subspan(part.size());
      session.receive(part);
      while (const auto report = session.take_report()) {
        if (report->overshoot < time::Duration::zero()) {
          std::abort();
        }
      }
    }
  } catch (const base::Error&) {
    // the peer lied; said so
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) {
    return 0;
  }
  const auto bytes = std::as_bytes(std::span(data, size)).subspan(2);
  const std::size_t piece = 1U + data[0] % 9U;
  drive_guest(bytes, piece, (data[1] & 1U) != 0);
  drive_simulator(bytes, piece);
  return 0;
}
