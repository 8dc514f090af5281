// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include "fermata/transport/shared_clocks.hpp"

namespace fermata::sim {

/// The clocks of guests that keep to each other's (LinkGuest::follow, run_together). Each guest that is launched with
/// it takes the next one, for good. One thread.
class ClockSet {
 public:
  /// For so many guests at most, 1 to 1024; else base::BadArgument.
  explicit ClockSet(std::size_t most) : shared_(transport::SharedClocks::make(most)) {}

  /// The next guest's. Throws base::BadArgument if there are no more.
  [[nodiscard]] std::size_t take();
  [[nodiscard]] transport::SharedClocks& shared() { return shared_; }

 private:
  transport::SharedClocks shared_;
  std::size_t taken_ = 0;
};

}  // namespace fermata::sim
