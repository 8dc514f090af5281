// SPDX-License-Identifier: MIT
//
// How time advances, in run_until:
//
//   due timers run -> the guest's wish to end or reset is obeyed -> stop at the horizon, or
//     a hart has something to execute: as many instructions as fit before the next deadline and the horizon
//     all harts wait, or one for an answer from outside: virtual time jumps to the next deadline or the horizon
//   and again
//
// The next deadline is that of the virtual clock over all its lists. Whoever arms a timer earlier than the deadline
// that the budget was made for, a device or another thread, has the hart leave its loop, so that the budget is made
// anew. The machine runs its own list; where another one is due it stands until that has run.
#include "fermata/machine/machine.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "fermata/base/contract.hpp"
#include "fermata/base/error.hpp"
#include "fermata/machine/board_map.hpp"
#include "fermata/machine/snapshot.hpp"
#include "fermata/state/reader.hpp"
#include "fermata/state/writer.hpp"

namespace fermata::machine {
namespace {

// What a pass of timers or a jump over idle time counts for in the work of a call, in instructions.
constexpr std::uint64_t work_of_pass = 100;

// The clocks whose timers are part of the machine's state: that of the devices, and that of the real-time clock chip.
std::vector<clock::ClockKind> saved_clocks(clock::ClockKind rtc_clock) {
  if (rtc_clock == clock::ClockKind::virtual_time) {
    return {rtc_clock};
  }
  return {clock::ClockKind::virtual_time, rtc_clock};
}

// What two machines must have in common to take each other's snapshots.
std::string kind_of(const Config& config) {
  std::string kind =
      fmt::format("ram={} harts={} disks={} console={} rtc={}", config.boot->ram_size, config.boot->harts,
                  config.disks.size(), config.has_console, clock::to_string(config.rtc_clock));
  for (const unsigned source : config.external_lines) {
    kind += fmt::format(" line={}", source);
  }
  for (const ExternalWindow::Config& window : config.external_windows) {
    kind += fmt::format(" window={}@{:#x}+{:#x}", window.name, window.range.begin, window.range.size);
  }
  for (const OwnDevice& device : config.devices) {
    kind += fmt::format(" device={:#x}:{}", device.base, device.source);
  }
  for (const device::MacAddress& address : config.networks) {
    kind += " network=" + to_string(address);
  }
  return kind;
}

}  // namespace

std::string_view to_string(StopReason reason) {
  switch (reason) {
    case StopReason::horizon: return "horizon";
    case StopReason::idle: return "idle";
    case StopReason::work_limit: return "work_limit";
    case StopReason::left: return "left";
    case StopReason::powered_off: return "powered_off";
    case StopReason::stuck: return "stuck";
    case StopReason::timer_due: return "timer_due";
    case StopReason::end_of_time: return "end_of_time";
  }
  return "unknown";
}

Machine::Machine(Config config)
    : boot_(config.boot),
      kind_(kind_of(config)),
      rtc_clock_(config.rtc_clock),
      does_reboot_(config.does_reboot),
      time_(config.shift),
      clocks_(config.host, &time_),
      timers_(clocks_),
      log_(time_, config.trace),
      board_(config, timers_, log_, [this](const device::Finish& wish) { finish(wish); }),
      code_(board_.memory()),
      harts_(boot_->harts, hart_ports(config)) {
  timers_.virtual_time().set_notify([] {});  // not the main loop's wake-up: the watch hears of it
  clocks_.virtual_time().set_watch([this] {
    harts_.leave();
    if (deadline_handler_) {
      deadline_handler_();
    }
  });
  for (unsigned i = 0; i < serial_count(); ++i) {
    serial(i).set_time(time_);
  }
  for (unsigned i = 0; i < ethernet_count(); ++i) {
    ethernet(i).set_time(time_);
  }
  connect_harts();
  connect_external_windows();
  load_images();
  harts_.reset(board_map::rom.begin);
  clocks_.resume();
}

Machine::~Machine() = default;

riscv::Hart::Ports Machine::hart_ports(const Config& config) {
  return {.memory = &board_.memory(),
          .time = &time_,
          .code = &code_,
          .read_mtime = [this] { return board_.aclint().read_mtime(); },
          .observer = config.hart_observer};
}

void Machine::connect_harts() {
  using riscv::Interrupt;
  for (unsigned i = 0; i < harts_.size(); ++i) {
    riscv::Hart& hart = harts_.at(i);
    HartLines& lines = board_.hart_lines(i);
    const auto connect = [&hart](bus::IrqLine& line, Interrupt interrupt) {
      hart.set_interrupt(interrupt, line.level());
      line.connect([&hart, interrupt](bool level) { hart.set_interrupt(interrupt, level); });
    };
    connect(lines.machine_software, Interrupt::machine_software);
    connect(lines.machine_timer, Interrupt::machine_timer);
    connect(lines.machine_external, Interrupt::machine_external);
    connect(lines.supervisor_external, Interrupt::supervisor_external);
  }
}

void Machine::connect_external_windows() {
  for (unsigned i = 0; i < external_window_count(); ++i) {
    ExternalWindow& window = external_window(i);
    window.connect(time_, [this, &window] {
      harts_.chosen().defer_load();
      stalled_by_ = &window;
    });
  }
}

void Machine::answer_read(std::uint64_t value) {
  base::expects(is_stalled(), "Machine: a read is answered that has no answer yet");
  std::exchange(stalled_by_, nullptr)->answered(value);
  harts_.chosen().finish_load(value);
}

void Machine::load_images() {
  for (const boot::Image& image : boot_->images) {
    boot::load(image, board_.memory());
  }
}

void Machine::finish(const device::Finish& finish) {
  finish_ = finish;
  harts_.leave();
}

void Machine::leave() {
  is_leaving_.store(true, std::memory_order_release);
  harts_.leave();
}

std::vector<std::byte> Machine::save() {
  if (is_stalled()) {
    throw base::Error(
        base::ErrorCode::unsupported,
        fmt::format("the guest waits for the answer to a read of {}, which a snapshot cannot hold: answer "
                    "it, let the guest take it, and then save",
                    stalled_by_->name()));
  }
  state::Writer writer;
  writer.section("machine");
  time_.save(writer);
  clocks_.save_speed(writer);
  for (const clock::ClockKind kind : saved_clocks(rtc_clock_)) {
    timers_.list(kind).save(writer);
  }
  board_.save(writer);
  harts_.save(writer);
  writer.flag(exit_status_.has_value());
  writer.u32(static_cast<std::uint32_t>(exit_status_.value_or(0)));
  return seal_snapshot(kind_, writer.take());
}

void Machine::load(std::span<const std::byte> snapshot) {
  state::Reader reader(open_snapshot(kind_, snapshot));
  reader.section("machine");
  board_.reset();  // takes its timers out of the lists
  time_.load(reader);
  clocks_.load_speed(reader);
  for (const clock::ClockKind kind : saved_clocks(rtc_clock_)) {
    timers_.list(kind).load(reader);
  }
  board_.load(reader);
  code_.drop_all();
  stalled_by_ = nullptr;
  harts_.load(reader);
  const bool has_ended = reader.flag();
  const std::uint32_t status = reader.u32();
  if (!reader.is_at_end()) {
    reader.fail("it goes on behind its end");
  }
  exit_status_ = has_ended ? std::optional(static_cast<int>(status)) : std::nullopt;
  finish_.reset();
  log_.record(trace::RecordKind::guest_rebased);
}

std::optional<time::Instant> Machine::next_deadline() {
  const auto at = timers_.virtual_time().earliest_of_clock();
  if (!at || clocks_.virtual_scale().is_source()) {
    return at;
  }
  return clocks_.virtual_scale().source_arrival_of(*at);
}

bool Machine::is_idle() {
  const HartGroup::State state = harts_.choose();
  return state == HartGroup::State::idle || state == HartGroup::State::stalled;
}

void Machine::reset() {
  finish_.reset();
  board_.reset();
  stalled_by_ = nullptr;
  harts_.reset(board_map::rom.begin);
  load_images();
  log_.record(trace::RecordKind::guest_reset);
  if (reset_handler_) {
    reset_handler_();
  }
}

void Machine::end(int exit_status) {
  exit_status_ = exit_status;
  log_.record(trace::RecordKind::guest_powered_off, exit_status == 0 ? "" : "status=" + std::to_string(exit_status));
}

// Does what the guest asked its finisher for. A reason if the machine has ended.
std::optional<StopReason> Machine::obey_guest() {
  if (finish_) {
    const device::Finish wish = *std::exchange(finish_, std::nullopt);
    if (wish.kind == device::Finish::Kind::reset && does_reboot_) {
      reset();
    } else {
      end(wish.kind == device::Finish::Kind::fail ? wish.code : 0);
    }
  }
  return exit_status_ ? std::optional(StopReason::powered_off) : std::nullopt;
}

// True if a timer of the machine's own list on the virtual clock has run. A pass that was to be made is work, also if
// it found nothing: so who calls for ever is bounded.
bool Machine::run_due_timers(bool is_virtual_due) {
  const bool has_virtual_run = is_virtual_due && timers_.virtual_time().run_due();
  const bool has_rtc_run = rtc_clock_ != clock::ClockKind::virtual_time && timers_.list(rtc_clock_).run_due();
  work_ += is_virtual_due || has_rtc_run ? work_of_pass : 0;
  return has_virtual_run;
}

// After a pass that found nothing in the machine's own list: true if another list is still due when its owner has been
// told.
bool Machine::is_held_by_others() {
  const auto is_due = [this](std::optional<time::Instant> at) { return at && *at <= clocks_.virtual_time().now(); };
  if (is_due(timers_.virtual_time().earliest())) {
    return false;
  }
  clocks_.virtual_time().notify_due();
  return is_due(clocks_.virtual_time().earliest());
}

// A part of the way to `target`, which is later than now. A reason if it cannot go on.
std::optional<StopReason> Machine::advance_to(time::Instant target, const RunLimits& limits) {
  switch (harts_.choose()) {
    case HartGroup::State::idle:
    case HartGroup::State::stalled:
      if (limits.idle == IdleTime::stop) {
        return StopReason::idle;
      }
      time_.warp_to(target);
      return std::nullopt;
    case HartGroup::State::stuck: return StopReason::stuck;
    case HartGroup::State::runnable: break;
  }
  const std::uint64_t until_target = time_.instructions_until(target);
  if (until_target == 0) {
    return StopReason::end_of_time;
  }
  const std::uint64_t before = time_.executed();
  harts_.run(std::min(until_target, limits.work - work_));
  work_ += time_.executed() - before;
  return std::nullopt;
}

Stop Machine::run_until(time::Instant horizon, const RunLimits& limits) {
  base::expects(horizon >= now(), "Machine: a horizon is not in the past");
  work_ = 0;
  std::optional<StopReason> reason;
  while (!reason) {
    harts_.acknowledge_leave();
    const auto deadline = next_deadline();
    const bool is_due = deadline && *deadline <= now();
    const bool has_run = run_due_timers(is_due);
    if ((reason = obey_guest())) {
      break;
    }
    if (is_leaving_.load(std::memory_order_relaxed) && is_leaving_.exchange(false, std::memory_order_acquire)) {
      reason = StopReason::left;
    } else if (is_due && !has_run && is_held_by_others()) {
      reason = StopReason::timer_due;
    } else if (work_ >= limits.work) {
      reason = StopReason::work_limit;
    } else if (is_due) {
      continue;  // what the callbacks have armed for an instant that has come
    } else if (now() >= horizon) {
      reason = StopReason::horizon;
    } else {
      reason = advance_to(deadline ? std::min(*deadline, horizon) : horizon, limits);
    }
  }
  return {.now = now(), .reason = *reason, .exit_status = exit_status_.value_or(0)};
}

}  // namespace fermata::machine
