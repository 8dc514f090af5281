// SPDX-License-Identifier: MIT
#include "tests/qemu/support/determinism.hpp"

#include "fermata/trace/sink.hpp"

namespace fermata::qemu_test {
namespace {

// Takes the sum of grants and reports with the output between them.
class OutputTrace {
 public:
  void take(time::Instant at, const std::string& output) {
    if (output.size() > read_) {
      text_ +=
          trace::to_line({.at = at, .kind = trace::RecordKind::output, .text = trace::escape(output.substr(read_))}) +
          "\n";
      read_ = output.size();
    }
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
  std::size_t read_ = 0;
};

}  // namespace

std::string stamped_output(const Qemu& qemu, const MachineOptions& options, time::Duration quantum, int count) {
  Machine machine(qemu, options);
  OutputTrace output;
  for (int i = 0; i < count && !::testing::Test::HasFailure(); ++i) {
    machine.advance_exactly(quantum);
    output.take(machine.guest().now(), machine.output());
  }
  return output.text();
}

std::string plain_output(const Qemu& qemu, const MachineOptions& options, time::Duration quantum, int count) {
  Machine machine(qemu, options);
  machine.advance_exactly(quantum, count);
  return machine.output();
}

void expect_equal_runs(const Qemu& qemu, const MachineOptions& options, int runs) {
  const std::string first = stamped_output(qemu, options, 1_ms, 200);
  EXPECT_NE(first, "");
  const Load load;
  for (int i = 1; i < runs && !::testing::Test::HasFailure(); ++i) {
    ASSERT_EQ(stamped_output(qemu, options, 1_ms, 200), first) << "run " << i;
  }
}

}  // namespace fermata::qemu_test
