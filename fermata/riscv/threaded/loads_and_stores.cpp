// SPDX-License-Identifier: MIT
#include <cstdint>

#include "fermata/riscv/threaded/dispatch.hpp"
#include "fermata/riscv/threaded/handlers.hpp"
#include "fermata/riscv/threaded/memory_access.hpp"

namespace fermata::riscv::threaded {
namespace {

std::uint64_t address_of(const HartState& hart, const Op* op) {
  return hart.x[op->rs1] + static_cast<std::uint64_t>(static_cast<std::int64_t>(op->immediate));
}

/// Extended to 64 bits as its signedness says.
template <class T>
std::uint64_t extend(T value) {
  return static_cast<std::uint64_t>(static_cast<std::int64_t>(value));
}
template <>
std::uint64_t extend(std::uint32_t value) {
  return value;
}

template <class T>
void finish_load(HartState& hart, std::uint8_t rd, std::uint64_t value) {
  hart.x[rd] = extend(static_cast<T>(value));
}

template <class T>
[[gnu::noinline]] Op* load_slow(HartState& hart, Op* op) {
  const Loaded loaded = load_slowly(hart, op, address_of(hart, op), sizeof(T));
  if (!loaded.done) {
    return leave_load(hart, op, finish_load<T>);
  }
  finish_load<T>(hart, op->rd, loaded.value);
  return resume_after(hart, op);
}

template <class T>
Op* load(HartState& hart, Op* op) {
  if (const std::byte* const host = fast_load_pointer<T>(hart, address_of(hart, op))) [[likely]] {
    hart.x[op->rd] = extend(read_at<T>(host));
    return next(hart, op);
  }
  return load_slow<T>(hart, op);
}

template <class T>
[[gnu::noinline]] Op* store_slow(HartState& hart, Op* op) {
  return store_slowly(hart, op, address_of(hart, op), sizeof(T), hart.x[op->rs2]) ? resume_after(hart, op) : nullptr;
}

template <class T>
Op* store(HartState& hart, Op* op) {
  if (std::byte* const host = fast_store_pointer<T>(hart, address_of(hart, op))) [[likely]] {
    write_at(host, static_cast<T>(hart.x[op->rs2]));
    return next(hart, op);
  }
  return store_slow<T>(hart, op);
}

}  // namespace

void add_loads_and_stores(Handlers& handlers) {
  using enum decoding::Opcode;
  handlers[lb] = load<std::int8_t>;
  handlers[lh] = load<std::int16_t>;
  handlers[lw] = load<std::int32_t>;
  handlers[ld] = load<std::uint64_t>;
  handlers[lbu] = load<std::uint8_t>;
  handlers[lhu] = load<std::uint16_t>;
  handlers[lwu] = load<std::uint32_t>;
  handlers[sb] = store<std::uint8_t>;
  handlers[sh] = store<std::uint16_t>;
  handlers[sw] = store<std::uint32_t>;
  handlers[sd] = store<std::uint64_t>;
}

}  // namespace fermata::riscv::threaded
