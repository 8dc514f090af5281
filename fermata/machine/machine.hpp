// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fermata/clock/clocks.hpp"
#include "fermata/clock/timer_list_group.hpp"
#include "fermata/machine/board.hpp"
#include "fermata/machine/config.hpp"
#include "fermata/machine/guest_log.hpp"
#include "fermata/machine/hart_group.hpp"
#include "fermata/riscv/code_cache.hpp"

namespace fermata::machine {

/// Why `Machine::run_until` came back.
enum class StopReason : std::uint8_t {
  horizon,      ///< virtual time has reached the horizon
  idle,         ///< all harts wait for an interrupt, and it was to stop there
  work_limit,   ///< as much has been executed as was allowed at once: call again
  left,         ///< `leave` was called: call again
  powered_off,  ///< the guest has ended the machine, or reset one that does not reboot: for good
  stuck,        ///< a hart traps for ever and virtual time cannot advance; only input from outside could change that
  timer_due,  ///< a timer of the virtual clock that is not in the machine's own list is due: call again once it has run
  end_of_time,  ///< not one more instruction fits into the range of Instant, 292 years: for good
};
/// The reason as a word, e.g. "powered_off".
[[nodiscard]] std::string_view to_string(StopReason reason);

/// What idle time, in which all harts wait for an interrupt, is to be: skipped in no time, or the caller's to pass.
enum class IdleTime : std::uint8_t { skip, stop };

/// Bounds of one call of `Machine::run_until`.
struct RunLimits {
  std::uint64_t work = std::numeric_limits<std::uint64_t>::max();  ///< of the host, in instructions, roughly
  IdleTime idle = IdleTime::skip;
};

/// Where and why a machine stands.
struct Stop {
  time::Instant now;
  StopReason reason = StopReason::horizon;
  int exit_status = 0;  ///< after powered_off: 0, or what the guest gave as failure code

  friend bool operator==(const Stop&, const Stop&) = default;
};

/// A complete small computer: RISC-V harts, memory and devices of a board like QEMU's `virt`, exact to the instruction.
/// Its virtual time comes from counted instructions; idle time is skipped. Nothing in it sleeps, waits or has a thread:
/// it advances within `run_until` and stands still otherwise. What the guest does depends on the config and on what is
/// sent at which instants, on nothing else (but for a real-time clock on a host clock), and not on how a run is cut
/// into horizons.
///
/// Machines are independent; each is for one thread at a time, but for `leave` and timers of others.
class Machine {
 public:
  /// In reset, at instant 0, everything loaded. Throws base::BadArgument (shift, too many virtio devices),
  /// base::Error as `boot::load` does.
  explicit Machine(Config config);
  ~Machine();
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  [[nodiscard]] time::Instant now() const { return time_.now(); }

  /// Runs until virtual time has reached `horizon`, or there is another reason to stop. The instant reached is less
  /// than one instruction beyond the horizon, and before that where time ends (end_of_time). Due timers run exactly at
  /// their instants.
  Stop run_until(time::Instant horizon, const RunLimits& limits = {});
  /// Has `run_until` return soon; from a callback of the machine, where it returns after the present instruction, or
  /// from another thread.
  void leave();

  /// True if all harts wait for an interrupt, or it is stalled, so that nothing happens before `next_deadline` or
  /// input.
  [[nodiscard]] bool is_idle();
  /// The next instant at which a device does something, or who else has a timer on the virtual clock; nothing if none
  /// is armed for a time that comes.
  [[nodiscard]] std::optional<time::Instant> next_deadline();
  /// Also called, in the thread that caused it, when the soonest deadline may have become earlier: for an owner who
  /// passes idle time and has to wake up. Not while other threads use the clocks.
  void set_deadline_handler(std::function<void()> handler) { deadline_handler_ = std::move(handler); }

  /// The far end of serial line `index`: 0 is the UART, 1 the virtio console if there is one.
  [[nodiscard]] SerialEnd& serial(unsigned index = 0) { return board_.serial(index); }
  [[nodiscard]] unsigned serial_count() const { return board_.serial_count(); }
  /// The far end of the cable of network `index`, in the order of the config.
  [[nodiscard]] EthernetEnd& ethernet(unsigned index = 0) { return board_.ethernet(index); }
  /// The level of external line `index` (config's external_lines), from the present instant of the virtual clock on.
  void set_external_line(unsigned index, bool level) { board_.external_line(index).set(level); }
  [[nodiscard]] unsigned external_line_source(unsigned index) const { return board_.external_line_source(index); }
  [[nodiscard]] unsigned external_line_count() const { return board_.external_line_count(); }
  /// The external windows, in the order of the config.
  [[nodiscard]] ExternalWindow& external_window(unsigned index) { return board_.external_window(index); }
  [[nodiscard]] unsigned external_window_count() const { return board_.external_window_count(); }
  /// True while a read of an external window has no answer: no hart executes anything, time passes as if all were idle,
  /// devices go on.
  [[nodiscard]] bool is_stalled() const { return stalled_by_ != nullptr; }
  /// Answers that read; the reading instruction is done, and the harts go on at the present instant. From a timer's
  /// callback or while the machine stands, never within the window's handler.
  void answer_read(std::uint64_t value);
  /// Names under which the memory is reached from outside (config's dma).
  [[nodiscard]] const std::vector<std::string>& dma_names() const { return board_.dma_names(); }
  [[nodiscard]] unsigned ethernet_count() const { return board_.ethernet_count(); }

  /// The machine as bytes: memory (pages that are not zero), harts, devices, time, and of each disk what its backend
  /// makes part of the state: a RamDisk all of it, a FileDisk what its overlay holds. What was written through to a
  /// file is in the file and nowhere else: whoever restores brings the file back as it was. Not from within
  /// `run_until`. Throws base::Error (unsupported) while it is stalled.
  [[nodiscard]] std::vector<std::byte> save();
  /// Becomes what was saved, by this or another machine of the same config; runs on as that one would have. Throws
  /// base::Error (unsupported) if the bytes are damaged or of another kind of machine: this one is as it was then.
  /// Bytes that were made to deceive may leave it half changed: do not run it then, load again or destroy it.
  void load(std::span<const std::byte> snapshot);

  /// The reset button. Devices and harts are reset and the images loaded again; the rest of RAM stays, and so does
  /// virtual time.
  void reset();
  /// Told after each reset, by the button or by the guest; within the latter's `run_until`.
  void set_reset_handler(std::function<void()> handler) { reset_handler_ = std::move(handler); }

  [[nodiscard]] HartGroup& harts() { return harts_; }
  [[nodiscard]] Board& board() { return board_; }
  /// Its virtual clock is what the guest sees. With a speed factor on it the guest's time runs at this factor of `now`,
  /// in which horizons, deadlines and the trace are told; the factor is part of a snapshot. A timer list of somebody
  /// else's on the virtual clock holds it at a due timer until that has run: its owner is notified, and may run the
  /// list from within that if it is for this thread, else `run_until` comes back (timer_due).
  [[nodiscard]] clock::Clocks& clocks() { return clocks_; }
  [[nodiscard]] clock::TimerListGroup& timers() { return timers_; }
  [[nodiscard]] clock::InstructionTime& instruction_time() { return time_; }
  [[nodiscard]] GuestLog& log() { return log_; }

 private:
  [[nodiscard]] riscv::Hart::Ports hart_ports(const Config& config);
  void connect_harts();
  void connect_external_windows();
  void load_images();
  void finish(const device::Finish& finish);
  void end(int exit_status);
  bool run_due_timers(bool is_virtual_due);
  [[nodiscard]] bool is_held_by_others();
  [[nodiscard]] std::optional<StopReason> advance_to(time::Instant target, const RunLimits& limits);
  [[nodiscard]] std::optional<StopReason> obey_guest();

  std::shared_ptr<const boot::BootPlan> boot_;
  std::string kind_;  // for snapshots
  clock::ClockKind rtc_clock_;
  bool does_reboot_;
  clock::InstructionTime time_;
  clock::Clocks clocks_;
  clock::TimerListGroup timers_;
  GuestLog log_;
  Board board_;
  riscv::CodeCache code_;
  HartGroup harts_;

  const ExternalWindow* stalled_by_ = nullptr;  // a read of it has no answer
  std::optional<device::Finish> finish_;        // asked for by the guest, not done yet
  std::optional<int> exit_status_;              // once it has ended
  std::function<void()> reset_handler_;
  std::atomic<bool> is_leaving_{false};
  std::function<void()> deadline_handler_;
  std::uint64_t work_ = 0;  // instructions and passes of timers of the present call
};

}  // namespace fermata::machine
