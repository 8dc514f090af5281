// SPDX-License-Identifier: MIT
#include "tests/differential/support/executors.hpp"

#include "fermata/bus/address_space.hpp"
#include "fermata/bus/ram.hpp"
#include "fermata/bus/window.hpp"
#include "fermata/clock/instruction_time.hpp"
#include "fermata/riscv/hart.hpp"
#include "tests/differential/layout.h"
#include "tests/qemu/support/fixture.hpp"

namespace fermata::differential {
namespace {

constexpr unsigned minstret = 0xb02;

/// Ends a run when it is written to.
class Finisher : public bus::Window {
 public:
  std::uint64_t read(bus::Address /*offset*/, unsigned /*size*/) override { return 0; }
  void write(bus::Address /*offset*/, unsigned /*size*/, std::uint64_t value) override {
    is_finished = value == FINISHER_PASS;
    if (hart != nullptr) {
      hart->leave();
    }
  }
  riscv::Hart* hart = nullptr;
  bool is_finished = false;
};

/// Where a register stands that the harness writes, and that does nothing here.
class Nothing : public bus::Window {
 public:
  std::uint64_t read(bus::Address /*offset*/, unsigned /*size*/) override { return 0; }
  void write(bus::Address /*offset*/, unsigned /*size*/, std::uint64_t /*value*/) override {}
};

/// The extensions that QEMU's `rv64` has beyond RV64GC, switched off.
std::string processor(const std::string& program) {
  std::string name = "rv64,h=off,sstc=off,zba=off,zbb=off,zbc=off,zbs=off";
  if (test_support::run({program, "--version"}).output.find("version 7.") == std::string::npos) {
    name += ",zfa=off,zawrs=off,zicbom=off,zicboz=off,zicbop=off";
  }
  return name;
}

}  // namespace

HartRun run_on_hart(const Image& image) {
  bus::Ram ram("ram", RAM_SIZE);
  image.memory().copy_to(ram.data());
  Finisher finisher;
  Nothing timer;
  bus::AddressSpace memory;
  memory.map(RAM_BASE, ram);
  memory.map({TIMER_COMPARE, 8}, timer, "timer");
  memory.map({FINISHER_BASE, 0x1000}, finisher, "finisher");
  clock::InstructionTime time(0);
  riscv::CodeCache code(memory);
  riscv::Hart hart({}, {.memory = &memory,
                        .time = &time,
                        .code = &code,
                        .read_mtime = [] { return std::uint64_t{0}; },
                        .observer = nullptr});
  finisher.hart = &hart;
  hart.reset(RAM_BASE);
  // Far more than any run of the harness and of what it executes takes.
  const std::uint64_t limit = 10'000'000 + std::uint64_t{image.runs()} * 100'000;
  static_cast<void>(hart.run(limit));
  HartRun run;
  run.retired = hart.csr(minstret).value_or(0);
  run.is_finished = finisher.is_finished;
  run.memory.copy_from(ram.data());
  return run;
}

std::optional<Memory> run_on_qemu(const Image& image, const std::string& program) {
  const test_support::TempFolder folder;
  const std::string path = folder.path("memory");
  image.memory().write_to(path);
  const std::string backend =
      "memory-backend-file,id=ram,share=on,size=" + std::to_string(RAM_SIZE) + ",mem-path=" + path;
  const test_support::Outcome outcome = test_support::run(
      {program, "-M", "virt,memory-backend=ram", "-object", backend, "-m", std::to_string(RAM_SIZE) + "B", "-cpu",
       processor(program), "-bios", "none", "-nodefaults", "-display", "none", "-no-reboot"});
  if (!outcome.status || !outcome.status->is_success()) {
    ADD_FAILURE() << program << " did not end as it should: " << outcome.output << outcome.errors;
    return std::nullopt;
  }
  return Memory(path);
}

}  // namespace fermata::differential
