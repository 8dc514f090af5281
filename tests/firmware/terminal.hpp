// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/firmware/emulator.hpp"

namespace fermata::firmware_test {

/// Whoever sits at a guest's serial port: waits for a prompt, types a command, waits again. `emulator` outlives it.
class Terminal {
 public:
  /// `quantum` is what the guest is granted at once.
  explicit Terminal(Emulator& emulator, time::Duration quantum = time::Duration::milliseconds(1));

  /// Lets the guest run until it has sent `text`, counted from behind what was waited for before. Returns when the last
  /// byte of it was sent. Throws std::runtime_error, with the last of what was sent, if it does not come within `limit`
  /// of virtual time.
  time::Instant await(std::string_view text, time::Duration limit);
  /// Sends `text`, one byte a quantum: a UART may take no second one before the guest has read the first.
  void type(std::string_view text);
  /// Types `command`, waits for `prompt` and returns what came in between, with \n as the end of lines.
  std::string run(std::string_view command, std::string_view prompt, time::Duration limit);
  /// Lets the guest run to its end, at most `limit`, and returns its exit status.
  int await_end(time::Duration limit);

  /// All that the guest sent.
  [[nodiscard]] const std::string& transcript() const { return transcript_; }
  /// The transcript, each piece with the instant at which it came.
  [[nodiscard]] const std::string& stamped_transcript() const { return stamped_; }

 private:
  void advance();
  [[nodiscard]] time::Instant instant_of(std::size_t offset) const;

  Emulator& emulator_;
  time::Duration quantum_;
  std::string transcript_;
  std::string stamped_;
  std::size_t awaited_ = 0;                                    // what was waited for ends here in the transcript
  std::vector<std::pair<std::size_t, time::Instant>> pieces_;  // where each ends in the transcript, and when it came
};

}  // namespace fermata::firmware_test
