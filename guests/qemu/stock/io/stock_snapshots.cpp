// SPDX-License-Identifier: GPL-2.0-or-later
//
// QEMU's clean-up, after its main loop, still runs what was queued for that loop, while what a snapshot needs is being
// taken down: a loadvm then ends in an assertion of QEMU's.
#include "guests/qemu/stock/io/stock_snapshots.hpp"

#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

namespace fermata::qemu {
namespace {

// What the monitor prints for a command is its error: these print nothing otherwise.
std::string run_command(const IoSymbols& qemu, const std::string& command) {
  char* printed = qemu.qmp_human_monitor_command(command.c_str(), false, 0, nullptr);
  std::string text = printed != nullptr ? printed : "QEMU refused the monitor command " + command;
  std::free(printed);  // NOLINT: QEMU's allocation
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) {
    text.pop_back();
  }
  return text;
}

}  // namespace

struct StockSnapshots::Job {
  IoSymbols qemu;
  const bool* is_too_late;
  std::vector<std::string> commands;
  std::function<void(std::string)> done;
};

// With -no-shutdown QEMU says the same where the machine only pauses.
void StockSnapshots::listen_to_shutdown() {
  if (qemu_.qemu_register_shutdown_notifier == nullptr || std::exchange(shutdown_.is_listening, true)) {
    return;
  }
  shutdown_.action = qemu_.shutdown_action;
  shutdown_.notify = [](QemuNotifier* self, void*) {
    constexpr int pause = 1;  // ShutdownAction
    auto* shutdown = static_cast<Shutdown*>(self);
    shutdown->has_begun = shutdown->action == nullptr || *shutdown->action != pause;
  };
  qemu_.qemu_register_shutdown_notifier(&shutdown_);
}

void StockSnapshots::save(const std::string& tag, std::function<void(std::string)> done) {
  run({"savevm " + tag}, std::move(done));
}

// A load that fails leaves the machine stopped.
void StockSnapshots::load(const std::string& tag, std::function<void(std::string)> done) {
  run({"loadvm " + tag, "cont"}, std::move(done));
}

void StockSnapshots::run(std::vector<std::string> commands, std::function<void(std::string)> done) {
  listen_to_shutdown();
  auto* job = new Job{qemu_, &shutdown_.has_begun, std::move(commands), std::move(done)};
  qemu_.aio_bh_schedule_oneshot_full(
      qemu_.qemu_get_aio_context(),
      [](void* opaque) {
        const std::unique_ptr<Job> owned(static_cast<Job*>(opaque));
        if (*owned->is_too_late) {
          owned->done("QEMU is on its way out");
          return;
        }
        std::string error = run_command(owned->qemu, owned->commands.front());
        if (!error.empty() && owned->commands.size() > 1) {
          run_command(owned->qemu, owned->commands.back());
        }
        owned->done(std::move(error));
      },
      job, "fermata");
}

}  // namespace fermata::qemu
