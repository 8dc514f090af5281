// SPDX-License-Identifier: MIT
//
// Guests compiled from C in a machine within this process: the same traces as the program's, over snapshots too.
#include "fermata/machine/in_process_guest.hpp"

#include "fermata/base/error.hpp"
#include "fermata/machine/boot/boot_plan.hpp"
#include "tests/machine/program_fixture.hpp"

namespace fermata::machine_test {
namespace {

using time::Instant;

machine::Config config_of(const std::string& guest, trace::Sink* trace, unsigned harts = 1) {
  machine::Config config;
  config.boot =
      machine::boot::plan_boot({.kernel = machine::boot::read_named(guest_path("riscv64", guest))}, 2 << 20, harts);
  config.trace = trace;
  return config;
}

std::string text_of(const trace::MemorySink& trace, Instant from = Instant::origin()) {
  std::string text;
  for (const trace::Record& record : trace.records()) {
    if (record.at > from && record.kind != trace::RecordKind::guest_rebased) {
      text += to_line(record) + "\n";
    }
  }
  return text;
}

std::string run_in_process(const std::string& guest, time::Duration quantum, time::Duration span, unsigned harts) {
  trace::MemorySink trace;
  machine::InProcessGuest machine(config_of(guest, &trace, harts));
  sim::Guest handle = sim::Guest::attach(machine.connect());
  for (time::Duration done; done < span; done += quantum) {
    handle.advance(quantum, {});
  }
  return text_of(trace);
}

TEST(InProcess, TracesAreEqualAtEachQuantum) {
  struct Case {
    const char* guest;
    unsigned harts;
  };
  for (const Case& one : {Case{"time", 1}, Case{"idle", 1}, Case{"smp", 2}, Case{"smp", 8}}) {
    const std::string whole = run_in_process(one.guest, 200_ms, 200_ms, one.harts);
    EXPECT_NE(whole, "") << one.guest;
    for (const time::Duration quantum : {10_us, 100_us, 1_ms, 10_ms}) {
      ASSERT_EQ(run_in_process(one.guest, quantum, 200_ms, one.harts), whole) << one.guest << " " << quantum.ns();
    }
  }
}

TEST(InProcess, ARunRestoredFromASnapshotIsByteIdentical) {
  for (const unsigned harts : {1U, 3U}) {
    trace::MemorySink whole_trace;
    machine::Machine whole(config_of(harts == 1 ? "time" : "smp", &whole_trace, harts));
    const Instant cut = whole.run_until(Instant::at(33'333_us)).now;
    const auto snapshot = whole.save();
    whole.run_until(Instant::at(100_ms));

    trace::MemorySink restored_trace;
    machine::Machine restored(config_of(harts == 1 ? "time" : "smp", &restored_trace, harts));
    restored.load(snapshot);
    restored.run_until(Instant::at(100_ms));
    EXPECT_EQ(text_of(restored_trace, cut), text_of(whole_trace, cut));
    EXPECT_NE(text_of(restored_trace, cut), "");
    EXPECT_EQ(restored.save(), whole.save());
  }
}

TEST(InProcess, MachinesOfOneProcessDoNotSeeEachOther) {
  trace::MemorySink traces[3];
  std::vector<std::unique_ptr<machine::Machine>> machines;
  for (trace::MemorySink& trace : traces) {
    machines.push_back(std::make_unique<machine::Machine>(config_of("time", &trace)));
  }
  for (int i = 1; i <= 100; ++i) {
    for (const auto& machine : machines) {
      machine->run_until(Instant::at(i * 1_ms));
    }
  }
  EXPECT_EQ(text_of(traces[1]), text_of(traces[0]));
  EXPECT_EQ(text_of(traces[2]), text_of(traces[0]));
  EXPECT_NE(text_of(traces[0]), "");
}

}  // namespace
}  // namespace fermata::machine_test
