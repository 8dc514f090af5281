// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <sstream>
#include <string>

#include "tests/qemu/support/fixture.hpp"
#include "tests/qemu/support/qmp_client.hpp"

namespace fermata::qemu_test {

/// A test guest on a real QEMU with a QMP monitor.
struct Monitored {
  QmpClient qmp;
  std::optional<Machine> machine{};
  Machine* operator->() { return &*machine; }
};

/// `Count` words of 64 bits of a guest's memory, while it stands.
template <std::size_t Count>
[[nodiscard]] std::array<std::int64_t, Count> read_words(QmpClient& qmp, const std::string& address) {
  std::istringstream text(qmp.human("xp /" + std::to_string(Count) + "gx " + address));  // "0...: 0x... 0x..."
  std::array<std::int64_t, Count> words{};
  std::size_t count = 0;
  for (std::string word; text >> word;) {
    if (word.starts_with("0x") && count < Count) {
      words.at(count++) = static_cast<std::int64_t>(std::stoull(word, nullptr, 16));
    }
  }
  EXPECT_EQ(count, Count) << text.str();
  return words;
}

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
