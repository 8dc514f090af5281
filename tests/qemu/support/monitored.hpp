// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>

#include "tests/qemu/support/fixture.hpp"
#include "tests/qemu/support/qmp_client.hpp"

namespace fermata::qemu_test {

/// A test guest on a real QEMU with a QMP monitor.
struct Monitored {
  QmpClient qmp;
  std::optional<Machine> machine{};
  Machine* operator->() { return &*machine; }
};

/// Starts one, with QMP added to `options`; `Kind` is a Monitored.
template <typename Kind = Monitored>
[[nodiscard]] std::unique_ptr<Kind> start_monitored(const Qemu& qemu, MachineOptions options) {
  auto started = std::make_unique<Kind>();
  const auto arguments = started->qmp.arguments();
  options.more.insert(options.more.end(), arguments.begin(), arguments.end());
  options.descriptors.push_back(started->qmp.descriptor());
  started->machine.emplace(qemu, options);
  started->qmp.connect();
  return started;
}

}  // namespace fermata::qemu_test
