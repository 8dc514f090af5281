// SPDX-License-Identifier: GPL-2.0-or-later
//
// What one would write first to hold a QEMU at a virtual instant, as a plugin of its own, to measure Fermata's agent
// against (bench/held_clock): a timer on the virtual clock; its callback, in QEMU's main loop, schedules a bottom half;
// that pauses the vCPUs, reports, and waits for the next grant with QEMU's lock held. Speaks qqq on `sock=N`, and
// reports truly how far the clock had come when the vCPUs stood. For benchmarks: nothing but that works well.
#include <dlfcn.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "guests/qemu/stock/plugin_api.hpp"
#include "guests/qemu/stock/stock_qemu.hpp"
#include "guests/qemu/stock/symbols.hpp"

namespace {

using namespace fermata;

constexpr std::int64_t ns_per_us = 1000;

class PlainAgent {
 public:
  PlainAgent(int socket, const qemu::Symbols& symbols) : socket_(socket), qemu_(symbols) {
    find(pause_all_vcpus_, "pause_all_vcpus");
    find(resume_all_vcpus_, "resume_all_vcpus");
    find(disable_ticks_, "cpu_disable_ticks");
    find(enable_ticks_, "cpu_enable_ticks");
    find(main_context_, "qemu_get_aio_context");
    find(schedule_bottom_half_, "aio_bh_schedule_oneshot_full");
  }

  // Machine-init-done: no instruction has run, the clock is not going yet.
  void start() {
    qemu_.timer_init_full(
        &timer_, nullptr, qemu::virtual_clock, 1, 0, [](void* self) { static_cast<PlainAgent*>(self)->expired(); },
        this);
    take_grant();
  }

 private:
  template <typename Function>
  static void find(Function& slot, const char* name) {
    slot = reinterpret_cast<Function>(::dlsym(RTLD_DEFAULT, name));
    if (slot == nullptr) {
      std::fprintf(stderr, "plain agent: this QEMU does not export %s\n", name);
      std::exit(EXIT_FAILURE);
    }
  }

  void expired() {
    schedule_bottom_half_(
        main_context_(), [](void* self) { static_cast<PlainAgent*>(self)->hold(); }, this, "plain agent");
  }

  // The clock goes on until the vCPUs stand: what the guest did until then it did at those instants.
  void hold() {
    pause_all_vcpus_();
    disable_ticks_();
    report();
    take_grant();
    enable_ticks_();
    resume_all_vcpus_();
  }

  void report() {
    const std::int64_t elapsed_us = (qemu_.qemu_clock_get_ns(qemu::virtual_clock) - granted_at_ns_) / ns_per_us;
    granted_at_ns_ += elapsed_us * ns_per_us;  // the rest is the next quantum's
    const auto value = static_cast<std::uint32_t>(elapsed_us);
    const std::array<unsigned char, 4> message{
        static_cast<unsigned char>(value >> 24), static_cast<unsigned char>(value >> 16),
        static_cast<unsigned char>(value >> 8), static_cast<unsigned char>(value)};
    if (::write(socket_, message.data(), message.size()) != static_cast<ssize_t>(message.size())) {
      ::_exit(EXIT_SUCCESS);
    }
  }

  void take_grant() {
    std::array<unsigned char, 4> message{};
    for (std::size_t have = 0; have < message.size();) {
      const ssize_t count = ::read(socket_, message.data() + have, message.size() - have);
      if (count <= 0) {
        ::_exit(EXIT_SUCCESS);
      }
      have += static_cast<std::size_t>(count);
    }
    std::uint32_t granted_us = 0;
    for (const unsigned char byte : message) {
      granted_us = granted_us << 8 | byte;
    }
    qemu_.timer_mod_ns(&timer_, granted_at_ns_ + granted_us * ns_per_us);
  }

  int socket_;
  qemu::Symbols qemu_;
  void (*pause_all_vcpus_)() = nullptr;
  void (*resume_all_vcpus_)() = nullptr;
  void (*disable_ticks_)() = nullptr;
  void (*enable_ticks_)() = nullptr;
  void* (*main_context_)() = nullptr;
  void (*schedule_bottom_half_)(void* context, void (*call)(void*), void* opaque, const char* name) = nullptr;
  qemu::QemuTimerStorage timer_{};
  std::int64_t granted_at_ns_ = 0;
};

PlainAgent* agent = nullptr;  // the plugin interface hands nothing through to the notifier
QemuNotifier ready{};

}  // namespace

extern "C" {

[[gnu::visibility("default")]] int qemu_plugin_version = 1;

[[gnu::constructor]] static void choose_plugin_api() {
  qemu_plugin_version =
      qemu::plugin_api_for(qemu::query_version(qemu::find_symbols(qemu::program_lookup()).symbols), nullptr);
}

[[gnu::visibility("default")]] int qemu_plugin_install(std::uint64_t /*id*/, const qemu::PluginInfo* /*info*/, int argc,
                                                       char** argv) {
  const qemu::SymbolSearch search = qemu::find_symbols(qemu::program_lookup());
  if (argc != 1 || std::strncmp(argv[0], "sock=", 5) != 0 || !search.missing.empty()) {
    std::fputs("plain agent: needs sock=N, and a QEMU that exports its functions\n", stderr);
    return 1;
  }
  agent = new PlainAgent(std::atoi(argv[0] + 5), search.symbols);
  ready.notify = [](QemuNotifier*, void*) { agent->start(); };
  search.symbols.qemu_add_machine_init_done_notifier(&ready);
  return 0;
}

}  // extern "C"
