// SPDX-License-Identifier: MIT
#include "cli/progress.hpp"

#include <gtest/gtest.h>

#include <array>
#include <memory>

namespace fermata::cli {
namespace {

using namespace std::chrono_literals;
using namespace time::literals;

class ManualClock final : public host::HostClock {
 public:
  [[nodiscard]] host::HostInstant now() const override { return {at}; }
  host::HostDuration at{};
};

TEST(ProgressLine, SaysHowFastAndHowLong) {
  EXPECT_EQ(progress_line(1_s, 10_s, 500ms), "1.000000 s of 10.000000 s, 2x real time, 5s left");
  EXPECT_EQ(progress_line(1_s, std::nullopt, 2s), "1.000000 s, 0.5x real time");
  EXPECT_EQ(progress_line(1_s, 7201_s, 1s), "1.000000 s of 7201.000000 s, 1x real time, 2h00min left");
  EXPECT_EQ(progress_line(0_s, 1_s, 0s), "0.000000 s of 1.000000 s");
}

TEST(Progress, IsShownAFewTimesASecond) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::tmpfile(), std::fclose);
  ManualClock clock;
  {
    Progress progress(file.get(), 1_s, clock);
    for (int i = 0; i < 1000; ++i) {
      clock.at += 1ms;
      progress.update(1_ms);
    }
  }
  std::rewind(file.get());
  std::array<char, 4096> text{};
  const std::string written(text.data(), std::fread(text.data(), 1, text.size(), file.get()));
  EXPECT_EQ(std::count(written.begin(), written.end(), '\r'), 5) << "four lines and the end";
}

TEST(Progress, IsSilentWithoutATerminal) {
  ManualClock clock;
  Progress progress(nullptr, 1_s, clock);
  clock.at = 10s;
  progress.update(1_ms);
}

}  // namespace
}  // namespace fermata::cli
