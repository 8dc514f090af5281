// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "fermata/guest/follower.hpp"
#include "fermata/transport/endpoint.hpp"
#include "guests/qemu/agent/agent_options.hpp"
#include "guests/qemu/stock/stock_qemu.hpp"

namespace fermata::qemu {

/// Everything that lives in a QEMU under a simulator's clock. Never destroyed: QEMU's threads call into it until the
/// process is gone, and exit() must not run a destructor under them.
class Machine {
 public:
  virtual ~Machine() = default;
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  /// At machine-init-done: devices exist, no instruction has run. Ends the process, after saying why, where this QEMU
  /// cannot be held; throws base::Error where something else is missing.
  virtual void take_over() = 0;
  /// On QEMU's way out, from its exit(); its threads have stopped if it goes in order.
  virtual void ended(int exit_status) = 0;

 protected:
  /// Opens the link that `options` name, and its recording. Throws base::Error.
  Machine(const AgentOptions& options, const Symbols& symbols);

  /// Ends the process, after saying why, unless the clock of this QEMU can be held.
  void check(bool counts_instructions) const;
  /// Has `executor` follow the simulator by `session`.
  guest::Follower& follow(std::unique_ptr<wire::GuestSession> session, guest::Executor& executor);
  /// Has QEMU quit when the simulator has gone; with a fault's status if `has_failed` says so then.
  void watch(const std::function<bool()>& has_failed);
  /// A recording gets its end.
  void close_link();
  static void tell(const std::string& line);

  [[nodiscard]] const AgentOptions& options() const { return options_; }
  [[nodiscard]] const Symbols& symbols() const { return symbols_; }
  [[nodiscard]] StockQemu& qemu() { return qemu_; }
  /// Null if it shares none with other guests.
  [[nodiscard]] const guest::KeptClocks* clocks() const { return clocks_ ? &*clocks_ : nullptr; }
  [[nodiscard]] guest::Statistics* statistics() const { return statistics_; }

 private:
  AgentOptions options_;
  Symbols symbols_;
  transport::OpenedEndpoint endpoint_;
  guest::Statistics* statistics_;
  StockQemu qemu_;
  std::optional<guest::KeptClocks> clocks_;  // shared with other guests
  std::unique_ptr<wire::GuestSession> session_;
  std::optional<guest::Follower> follower_;
};

/// One whose QEMU counts instructions: see IcountExecutor. Plugin installation time.
[[nodiscard]] std::unique_ptr<Machine> make_counted_machine(const AgentOptions& options, const Symbols& symbols);

}  // namespace fermata::qemu
