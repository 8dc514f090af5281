// SPDX-License-Identifier: MIT
#pragma once

#include <csignal>
#include <optional>

#include "fermata/host/unique_fd.hpp"

namespace fermata::cli {

/// While it lives, SIGINT and SIGTERM no longer end this program but wait to be asked for. For the main thread, made
/// before other threads are.
class Interrupts {
 public:
  Interrupts();
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  /// The first signal that came, from then on.
  [[nodiscard]] std::optional<int> caught();

 private:
  sigset_t before_{};
  host::UniqueFd fd_;
  std::optional<int> caught_;
};

}  // namespace fermata::cli
