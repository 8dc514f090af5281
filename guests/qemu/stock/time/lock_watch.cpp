// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/stock/time/lock_watch.hpp"

#include <string_view>

namespace fermata::qemu {
namespace {

// QEMU's hooks carry no context.
std::atomic<LockWatch*> watch = nullptr;
std::atomic<void*> big_lock = nullptr;
LockFunction lock_beneath = nullptr;
SleepFunction sleep_beneath = nullptr;
thread_local LockWatch::Thread* this_thread = nullptr;
thread_local bool has_closed = false;  // QEMU takes the lock anew in the midst of a pause

// QEMU tells from which of its source files a lock is asked for. Each names itself by one text, so that this is
// compared once.
class SourceFile {
 public:
  explicit constexpr SourceFile(std::string_view end) : end_(end) {}
  [[nodiscard]] bool is(const char* file) {
    if (file != known_ && std::string_view(file).ends_with(end_)) {
      known_ = file;
    }
    return file == known_;
  }

 private:
  std::string_view end_;
  const char* known_ = nullptr;
};

// Who has left guest code takes the lock between two blocks of it, for an interrupt or an exception that is pending, or
// beyond them, and sleeps there: with the lock from there. A device may sleep by the same function.
thread_local SourceFile between_blocks("/cpu-exec.c");
thread_local SourceFile beyond_blocks("/tcg-accel-ops-mttcg.c");
thread_local SourceFile asleep("/cpus.c");
// How vCPUs wait for each other; the file's name has changed.
thread_local SourceFile with_others("cpus-common.c");
thread_local SourceFile with_others_lately("cpu-common.c");

}  // namespace

LockWatch::LockWatch(const Symbols& symbols, const TimeSymbols& time, host::HostDuration longest)
    : in_vcpu_thread_(symbols.qemu_in_vcpu_thread),
      unlock_(time.qemu_mutex_unlock_impl),
      longest_(longest),
      do_exceptions_execute_(time.arm_handle_psci_call != nullptr || time.semihosting_enabled == nullptr ||
                             time.semihosting_enabled(false)) {
  if (symbols.bql_mutex_lock_func == nullptr) {
    return;
  }
  watch = this;
  lock_beneath = *symbols.bql_mutex_lock_func;
  std::atomic_ref<LockFunction>(*symbols.bql_mutex_lock_func).store(take);
  if (time.qemu_cond_wait_func != nullptr && in_vcpu_thread_ != nullptr) {
    sleep_beneath = *time.qemu_cond_wait_func;
    std::atomic_ref<SleepFunction>(*time.qemu_cond_wait_func).store(sleep);
    sees_all_ = true;
  }
}

LockWatch::~LockWatch() { watch = nullptr; }

LockWatch::Thread::~Thread() {
  if (this_thread == this) {
    this_thread = nullptr;
  }
}

void LockWatch::attach(Thread& thread) { this_thread = &thread; }

LockWatch::Wait LockWatch::place_of(const char* file) {
  const LockWatch* const self = watch.load();
  const bool is_between =
      beyond_blocks.is(file) || (self != nullptr && !self->do_exceptions_execute_ && between_blocks.is(file));
  return is_between ? Wait::between_instructions : Wait::in_instruction;
}

// That it waits is said before it does, and taken back while it has the lock: who has the lock sees it right.
void LockWatch::take(void* mutex, const char* file, int line) {
  if (big_lock.load(std::memory_order_relaxed) != mutex) {
    big_lock = mutex;
  }
  Thread* const self = this_thread;
  if (self == nullptr) {
    if (LockWatch* const gate = watch.load(); gate != nullptr && gate->is_closed_ && !has_closed &&
                                              gate->in_vcpu_thread_ != nullptr && !gate->in_vcpu_thread_()) {
      gate->wait_until_open();
    }
    lock_beneath(mutex, file, line);
    return;
  }
  if (self->on_ask) {
    self->on_ask();
  }
  self->wait_ = self->last_asked_ = place_of(file);
  lock_beneath(mutex, file, line);
  if (LockWatch* const gate = watch.load(); gate != nullptr) {
    gate->stay_out(*self, mutex, file, line);
  }
  self->wait_ = Wait::none;
}

void LockWatch::sleep(void* condition, void* mutex, const char* file, int line) {
  Thread* const vcpu = this_thread;
  LockWatch* const self = watch.load();
  if (mutex != big_lock.load(std::memory_order_relaxed)) {
    const bool is_for_others = vcpu != nullptr && (with_others.is(file) || with_others_lately.is(file));
    if (is_for_others) {
      vcpu->wait_ = Wait::for_other_vcpus;
    }
    sleep_beneath(condition, mutex, file, line);
    if (is_for_others) {
      vcpu->wait_ = Wait::none;
    }
    return;
  }
  if (vcpu != nullptr) {
    vcpu->wait_ = asleep.is(file) ? vcpu->last_asked_ : Wait::in_instruction;
    sleep_beneath(condition, mutex, file, line);
    if (self != nullptr) {
      self->stay_out(*vcpu, mutex, file, line);
    }
    vcpu->wait_ = Wait::none;
    return;
  }
  if (self != nullptr) {
    ++self->sleepers_;
  }
  sleep_beneath(condition, mutex, file, line);
  if (self != nullptr) {
    --self->sleepers_;
  }
}

// Has got the lock. QEMU's own note of who has it is made once the hook has returned, so it may go back for a while.
void LockWatch::stay_out(const Thread& self, void* mutex, const char* file, int line) {
  const auto is_let_in = [this, &self] {
    const Thread* const alone = let_in_alone_;
    return alone == nullptr || alone == &self;
  };
  while (!is_let_in()) {
    ++vcpus_out_;
    unlock_(mutex, file, line);
    {
      std::unique_lock guard(mutex_);
      vcpus_let_in_.wait(guard, is_let_in);
    }
    lock_beneath(mutex, file, line);
    --vcpus_out_;
  }
}

void LockWatch::wait_here() {
  if (this_thread != nullptr) {
    this_thread->wait_ = Wait::between_instructions;
  }
}

void LockWatch::keep_vcpus_out() { let_in_alone_ = this_thread; }

void LockWatch::let_vcpus_in() {
  {
    const std::lock_guard guard(mutex_);
    let_in_alone_ = nullptr;
  }
  vcpus_let_in_.notify_all();
}

void LockWatch::wait_until_open() {
  ++kept_out_;
  {
    std::unique_lock guard(mutex_);
    opened_.wait_for(guard, longest_, [this] { return !is_closed_; });
  }
  --kept_out_;
}

void LockWatch::close() {
  has_closed = true;
  is_closed_ = true;
}

void LockWatch::open() {
  has_closed = false;
  is_closed_ = false;
  if (kept_out_ > 0) {
    { const std::lock_guard guard(mutex_); }  // none is between its look and its sleep
    opened_.notify_all();
  }
}

}  // namespace fermata::qemu
