// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <utility>

namespace fermata::bus {

/// One wire of an interrupt: a device drives its level, whoever it is connected to is told of each change. One thread.
class IrqLine {
 public:
  using Handler = std::function<void(bool level)>;

  IrqLine() = default;
  explicit IrqLine(Handler handler) : handler_(std::move(handler)) {}

  /// Connects the receiving end; it is told only of changes from here on.
  void connect(Handler handler) { handler_ = std::move(handler); }

  void set(bool level) {
    if (level != level_) {
      level_ = level;
      if (handler_) {
        handler_(level);
      }
    }
  }
  [[nodiscard]] bool level() const { return level_; }

 private:
  Handler handler_;
  bool level_ = false;
};

}  // namespace fermata::bus
