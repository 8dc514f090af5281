// SPDX-License-Identifier: MIT
#include "fermata/riscv/core/saved_state.hpp"

#include <array>

#include "fermata/riscv/core/csr_bits.hpp"
#include "fermata/riscv/core/memory.hpp"
#include "fermata/riscv/core/trap.hpp"
#include "fermata/riscv/translation/mmu.hpp"

namespace fermata::riscv::core {
namespace {

constexpr std::array csr_members{
    &Csrs::mstatus,       &Csrs::medeleg, &Csrs::mideleg,    &Csrs::mie,     &Csrs::mip,      &Csrs::mtvec,
    &Csrs::mcounteren,    &Csrs::menvcfg, &Csrs::mscratch,   &Csrs::mepc,    &Csrs::mcause,   &Csrs::mtval,
    &Csrs::mcountinhibit, &Csrs::stvec,   &Csrs::scounteren, &Csrs::senvcfg, &Csrs::sscratch, &Csrs::sepc,
    &Csrs::scause,        &Csrs::stval,   &Csrs::satp};
static_assert(sizeof(Csrs) == csr_members.size() * sizeof(std::uint64_t), "every CSR is saved");

std::uint8_t read_at_most(state::Reader& reader, std::uint8_t greatest, const char* what) {
  const std::uint8_t value = reader.u8();
  if (value > greatest) {
    reader.fail(what);
  }
  return value;
}

void save_counter(const Counter& counter, state::Writer& writer) {
  writer.u64(counter.raw());
  writer.flag(counter.is_inhibited());
}

void load_counter(Counter& counter, state::Reader& reader) {
  const std::uint64_t value = reader.u64();
  counter.set_raw(value, reader.flag());
}

}  // namespace

void reset(HartState& hart, std::uint64_t pc) {
  hart.x.fill(0);
  hart.f.fill(0);
  hart.pc = pc & ~std::uint64_t{1};
  hart.fs = hart.frm = hart.fflags = 0;
  hart.privilege = Privilege::machine;
  hart.csrs = {};
  hart.reservation = {};
  hart.is_waiting = false;
  hart.deferred = {};
  hart.pmp.reset();
  hart.instret = {};
  hart.cycle = {};
  hart.counted = 0;
  hart.before = 0;
  flush_views(hart);
  update_views(hart);
  update_interrupts(hart);
}

void save(const HartState& hart, state::Writer& writer) {
  writer.section("hart");
  writer.u64(hart.id);
  for (unsigned i = 1; i < 32; ++i) {
    writer.u64(hart.x[i]);
  }
  for (const std::uint64_t value : hart.f) {
    writer.u64(value);
  }
  writer.u64(hart.pc);
  writer.u8(hart.fs);
  writer.u8(hart.frm);
  writer.u8(hart.fflags);
  writer.u8(static_cast<std::uint8_t>(hart.privilege));
  for (const auto member : csr_members) {
    writer.u64(hart.csrs.*member);
  }
  writer.u64(hart.interrupt_lines);
  writer.flag(hart.reservation.is_valid);
  writer.u64(hart.reservation.address);
  writer.u64(hart.reservation.value);
  writer.flag(hart.is_waiting);
  writer.u64(hart.counted);
  save_counter(hart.instret, writer);
  save_counter(hart.cycle, writer);
  hart.pmp.save(writer);
}

void load(HartState& hart, state::Reader& reader) {
  reader.section("hart");
  if (reader.u64() != hart.id) {
    reader.fail("it is of another hart");
  }
  for (unsigned i = 1; i < 32; ++i) {
    hart.x[i] = reader.u64();
  }
  for (std::uint64_t& value : hart.f) {
    value = reader.u64();
  }
  hart.pc = reader.u64() & ~std::uint64_t{1};
  hart.fs = read_at_most(reader, 3, "FS has no such value");
  hart.frm = read_at_most(reader, 7, "frm has no such value");
  hart.fflags = read_at_most(reader, 31, "fflags has no such value");
  hart.privilege = static_cast<Privilege>(read_at_most(reader, 3, "there is no such privilege"));
  if (static_cast<unsigned>(hart.privilege) == 2) {
    reader.fail("there is no such privilege");
  }
  for (const auto member : csr_members) {
    hart.csrs.*member = reader.u64();
  }
  if (!translation::satp_mode(hart.csrs.satp) || (hart.csrs.mstatus >> status::mpp_shift & 3) == 2) {
    reader.fail("satp or mstatus has no such mode");
  }
  hart.interrupt_lines = reader.u64();
  hart.reservation.is_valid = reader.flag();
  hart.reservation.address = reader.u64();
  hart.reservation.value = reader.u64();
  hart.is_waiting = reader.flag();
  hart.deferred = {};
  hart.counted = reader.u64();
  hart.before = 0;
  load_counter(hart.instret, reader);
  load_counter(hart.cycle, reader);
  hart.pmp.load(reader);
  flush_views(hart);
  update_views(hart);
  update_interrupts(hart);
}

}  // namespace fermata::riscv::core
