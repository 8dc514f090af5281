// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "fermata/sim/link_guest.hpp"
#include "fermata/transport/direct.hpp"
#include "fermata/wire/link/testing/session_pair.hpp"

namespace fermata::sim::testing {

/// A guest of link v1 within this thread, with its simulator's handle. Obeys each order at once by `run`, which is to
/// call `session.stopped`.
struct FakeGuest {
  using Run = std::function<void(wire::link::GuestSession& session, time::Instant horizon)>;

  explicit FakeGuest(Run what, const LinkOptions& options = {},
                     wire::link::GuestSession::Identity who = wire::link::testing::identity())
      : run(std::move(what)), session(std::move(who), port) {
    auto [a, b] = transport::DirectStream::make_pair(std::size_t{1} << 20);  // nobody reads while it speaks
    end = std::make_unique<transport::DirectStream>(std::move(b));
    end->set_readable_handler([this] { serve(); });
    LinkOptions with_trace = options;
    with_trace.name = "board";
    with_trace.trace = &trace;
    guest.emplace(LinkGuest::attach(std::make_unique<transport::DirectStream>(std::move(a)), with_trace));
  }

  void serve() {
    std::array<std::byte, 1000> bytes{};
    for (auto result = end->read(bytes, {}); result.count > 0; result = end->read(bytes, {})) {
      session.receive(std::span(bytes).first(result.count));
    }
    if (port.named.size() > answered && answer_named) {
      answered = port.named.size();
      answer_named(session);
    }
    flush();
    while (const auto* order = std::get_if<wire::RunUntil>(&session.order())) {
      run(session, order->horizon);
      flush();
    }
  }
  void flush() {
    while (!session.outgoing().empty()) {
      session.sent(end->write(session.outgoing(), {}).count);
    }
  }

  trace::MemorySink trace;
  Run run;
  std::function<void(wire::link::GuestSession& session)> answer_named;
  std::size_t answered = 0;
  wire::link::testing::RecordingPort port;
  wire::link::GuestSession session;
  std::unique_ptr<transport::DirectStream> end;
  std::optional<LinkGuest> guest;
};

inline void stop_at(wire::link::GuestSession& session, time::Instant at,
                    wire::StopReason reason = wire::StopReason::horizon) {
  session.stopped({.now = at, .reason = reason});
}

inline void go_to_horizon(wire::link::GuestSession& session, time::Instant horizon) { stop_at(session, horizon); }

/// What a call complains of; empty if it does not.
template <typename Call>
std::string refusal(Call call) {
  try {
    call();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

}  // namespace fermata::sim::testing
