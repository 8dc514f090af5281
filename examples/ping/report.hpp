// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "account.hpp"
#include "network.hpp"

namespace ping {

/// Shows what Linux prints as it comes, line by line, with the instants of virtual time.
class ConsoleView {
 public:
  void take(Instant at, std::string_view text);

 private:
  std::string line_;
  Instant begun_;
};

/// The table of all round trips, and what became of the frames.
void print_account(const std::vector<RoundTrip>& trips, const Outcome& outcome, const Settings& settings);

}  // namespace ping
