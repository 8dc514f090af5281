// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/stock/time/lock_watch.hpp"

namespace fermata::qemu {
namespace {

// QEMU's hooks carry no context.
std::atomic<LockWatch*> watch = nullptr;
std::atomic<void*> big_lock = nullptr;
LockFunction lock_beneath = nullptr;
SleepFunction sleep_beneath = nullptr;
thread_local LockWatch::Thread* this_thread = nullptr;
thread_local bool has_closed = false;  // QEMU takes the lock anew in the midst of a pause

}  // namespace

LockWatch::LockWatch(const Symbols& symbols, const TimeSymbols& time) : in_vcpu_thread_(symbols.qemu_in_vcpu_thread) {
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

// That it waits is said before it does, and taken back while it has the lock: who has the lock sees it right.
void LockWatch::take(void* mutex, const char* file, int line) {
  if (big_lock.load(std::memory_order_relaxed) != mutex) {
    big_lock = mutex;
  }
  Thread* const self = this_thread;
  if (self == nullptr) {
    if (LockWatch* const gate = watch.load();
        gate != nullptr && gate->is_closed_ && !has_closed && !gate->in_vcpu_thread_()) {
      gate->wait_until_open();
    }
    lock_beneath(mutex, file, line);
    return;
  }
  if (self->on_ask) {
    self->on_ask();
  }
  self->is_waiting_ = true;
  lock_beneath(mutex, file, line);
  self->is_waiting_ = false;
}

void LockWatch::sleep(void* condition, void* mutex, const char* file, int line) {
  Thread* const self = mutex == big_lock.load(std::memory_order_relaxed) ? this_thread : nullptr;
  if (self != nullptr) {
    self->is_waiting_ = true;
  }
  sleep_beneath(condition, mutex, file, line);
  if (self != nullptr) {
    self->is_waiting_ = false;
  }
}

void LockWatch::wait_until_open() {
  ++kept_out_;
  {
    std::unique_lock guard(mutex_);
    opened_.wait_for(guard, longest_closed, [this] { return !is_closed_; });
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
