// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "fermata/wire/link/simulator_session.hpp"
#include "tests/link_conformance/target.hpp"

namespace fermata::conformance_test {

/// A simulator that can say what it likes: what sim::LinkGuest would not say, and half of it.
class RawLink {
 public:
  RawLink(const Target& target, const Wanted& wanted);
  explicit RawLink(std::unique_ptr<transport::Stream> stream)
      : connection_{.name = "guest", .stream = std::move(stream)} {}

  /// What it says by the book; nothing is written before `flush`, or one of the calls below.
  [[nodiscard]] wire::link::SimulatorSession& session() { return session_; }
  void flush() { static_cast<void>(connection_.flush(session_, 0)); }
  /// These bytes and no others, whatever was said before.
  void say(std::span<const std::byte> bytes);
  /// Takes what comes until `is_there`. Throws as the session does; base::Error at the limit and at the stream's end.
  void take_until(const std::function<bool()>& is_there);
  /// Says hello, and takes the answer.
  void open();
  /// Grants, and waits until the guest stands. Outputs are in `outputs`.
  wire::Stop run_until(Instant horizon);
  [[nodiscard]] std::vector<wire::link::Output>& outputs() { return outputs_; }
  /// Milestones that were told.
  [[nodiscard]] int progress() const { return progress_; }
  /// True once a checkpoint or restore was answered.
  [[nodiscard]] bool is_done() const { return is_done_; }
  /// In what words the guest refuses; "" if it does not, but closes the stream.
  [[nodiscard]] std::string refusal();
  /// How the guest's program has ended.
  [[nodiscard]] std::optional<host::ExitStatus> end() { return connection_.process->wait(limit); }

 private:
  void take_events();

  std::optional<TempFolder> folder_;  // of a guest that was started here
  Local local_;
  sim::Connection connection_;
  wire::link::SimulatorSession session_;
  std::vector<wire::link::Output> outputs_;
  std::optional<wire::Stop> stop_;
  int progress_ = 0;
  bool is_done_ = false;
};

}  // namespace fermata::conformance_test
