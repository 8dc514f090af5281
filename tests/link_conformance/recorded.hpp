// SPDX-License-Identifier: MIT
// What tests do with recordings of the guests that are tested: `fermata diff` and `fermata replay`.
#pragma once

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "tests/link_conformance/target.hpp"

namespace fermata::conformance_test {

inline Outcome run_fermata(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), built_program("fermata"));
  return run(arguments);
}

class RecordedConformance : public Conformance {
 protected:
  static void expect_equal(const std::string& one, const std::string& other) {
    const Outcome diff = run_fermata({"diff", one, other});
    EXPECT_EQ(diff.status, host::ExitStatus{}) << other << '\n' << diff.output << diff.errors;
  }
  /// A new guest does what the recorded one did, which was `wanted`; and if `at_any_quantum` in quanta too.
  static void expect_replayed(const std::string& recording, const Wanted& wanted, bool at_any_quantum = true) {
    const TempFolder folder;
    for (const std::vector<std::string>& options :
         {std::vector<std::string>(), std::vector<std::string>{"--quantum", "90us"}}) {
      if (!options.empty() && !at_any_quantum) {
        continue;
      }
      const std::string again = folder.path("again");
      std::vector<std::string> arguments{"replay", "--record", again};
      arguments.insert(arguments.end(), options.begin(), options.end());
      for (const std::string& channel : channels_of(target(), wanted)) {
        arguments.insert(arguments.end(), {"--link", channel});
      }
      arguments.insert(arguments.end(), {recording, "--"});
      const auto command = arguments_of(target(), wanted, folder);
      arguments.insert(arguments.end(), command.begin(), command.end());
      const Outcome replay = run_fermata(arguments);
      EXPECT_EQ(replay.status, host::ExitStatus{}) << recording << '\n' << replay.output << replay.errors;
      EXPECT_THAT(replay.output, ::testing::HasSubstr("events of the guest trace are equal"));
      expect_equal(recording, again);
    }
  }
};

}  // namespace fermata::conformance_test
