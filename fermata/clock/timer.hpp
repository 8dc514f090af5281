// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "fermata/clock/queue/timer_heap.hpp"
#include "fermata/clock/timer_list.hpp"

namespace fermata::clock {

/// The unit in which a timer takes and tells its expiry as a number [SCALE_NS, SCALE_US, SCALE_MS].
enum class Scale : std::int64_t { ns = 1, us = 1'000, ms = 1'000'000 };

/// Calls back once at an instant of its list's clock, in the thread that runs the list [QEMUTimer]. A periodic device
/// arms again from its callback, from the previous expiry and not from now.
///
/// All calls are legal from any thread and from inside callbacks, its own included; destroying it too. Destroying it
/// while its callback runs in another thread waits for the end of that.
class Timer : private TimerHook {
 public:
  using Callback = std::function<void()>;
  struct Options {
    Scale scale = Scale::ns;
    bool is_external = false;  ///< serves the host's side, not guest state [QEMU_TIMER_ATTR_EXTERNAL]
  };

  /// Not armed. `list` outlives it. Throws base::BadArgument if there is no callback.
  Timer(TimerList& list, Callback callback, Options options);
  Timer(TimerList& list, Callback callback) : Timer(list, std::move(callback), Options{}) {}
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  /// Expires at `at`, whatever it was armed for before; at once (in the next pass) if that has come [timer_mod_ns].
  void arm(time::Instant at);
  /// The same in units of the timer's scale; a product beyond the range is as far as the range goes [timer_mod].
  void arm_scaled(std::int64_t at);
  /// Arms only if it is not armed or `at` is earlier [timer_mod_anticipate].
  void arm_if_earlier(time::Instant at);
  /// It will not run, unless its callback is running in another thread at this moment [timer_del].
  void cancel();
  /// The same, and returns only when its callback is not running. From a callback of its own list, its own included,
  /// there is nothing to wait for. Two callbacks that wait for each other wait for ever.
  void cancel_and_wait();

  [[nodiscard]] bool is_pending() const;
  /// Nothing if it is not armed.
  [[nodiscard]] std::optional<time::Instant> expiry() const;
  /// In units of its scale, towards zero.
  [[nodiscard]] std::optional<std::int64_t> expiry_scaled() const;
  [[nodiscard]] TimerList& list() const { return *list_; }

  /// Its expiry and its place among timers of the same expiry. `load` re-arms it so that the order after a restore is
  /// the order before the save.
  void save(state::Writer& writer) const;
  void load(state::Reader& reader);

 private:
  friend class TimerList;
  /// Which of the list's heaps it is in.
  enum class Home : std::uint8_t { none, ordinary, external, late, late_external };

  TimerList::Queue* queue_;
  Home home_ = Home::none;
  bool is_external_;
  Scale scale_;
  TimerList* list_;
  std::unique_ptr<Callback> callback_;  // of its own, for it may outlive the timer: see timer_queue.cpp
};

}  // namespace fermata::clock
