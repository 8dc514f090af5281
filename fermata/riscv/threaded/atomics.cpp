// SPDX-License-Identifier: MIT
//
// The A extension. Harts take turns on one thread, so that a plain read and write is atomic. Not aligned is a trap;
// only RAM can be accessed so.
#include <algorithm>
#include <cstdint>

#include "fermata/riscv/core/csr_bits.hpp"
#include "fermata/riscv/core/memory.hpp"
#include "fermata/riscv/threaded/dispatch.hpp"
#include "fermata/riscv/threaded/handlers.hpp"
#include "fermata/riscv/threaded/memory_access.hpp"

namespace fermata::riscv::threaded {
namespace {

using core::Place;
using translation::AccessKind;

template <class T>
std::uint64_t extend(T value) {
  return static_cast<std::uint64_t>(static_cast<std::int64_t>(static_cast<std::make_signed_t<T>>(value)));
}

/// RAM for an atomic access; not `ram`: the trap is taken.
Place place_of(HartState& hart, Op* op, unsigned size, AccessKind kind) {
  const std::uint64_t address = hart.x[op->rs1];
  const bool is_load = kind == AccessKind::load;
  if ((address & (size - 1)) != 0) {
    raise(hart, op, is_load ? core::cause::load_misaligned : core::cause::store_misaligned, address);
    return {};
  }
  const Place place = core::resolve(hart, address, size, kind);
  if (place.kind == Place::Kind::window) {
    raise(hart, op, is_load ? core::cause::load_access : core::cause::store_access, address);
  } else if (place.kind == Place::Kind::fault) {
    raise(hart, op, place.cause, address);
  }
  return place;
}

template <class T>
Op* load_reserved(HartState& hart, Op* op) {
  const std::uint64_t address = hart.x[op->rs1];
  const std::byte* host = fast_load_pointer<T>(hart, address);
  if (host == nullptr) {
    const Place place = place_of(hart, op, sizeof(T), AccessKind::load);
    if (place.kind != Place::Kind::ram) {
      return nullptr;
    }
    host = place.host;
  }
  const std::uint64_t value = extend(read_at<T>(host));
  hart.reservation = {.is_valid = true, .address = address, .value = value};
  hart.x[op->rd] = value;
  return next(hart, op);
}

/// What protects memory applies to one that fails, too (unprivileged specification, "Zalrsc").
template <class T>
Op* store_conditional(HartState& hart, Op* op) {
  const std::uint64_t address = hart.x[op->rs1];
  std::byte* host = fast_store_pointer<T>(hart, address);
  Place place;
  if (host == nullptr) {
    place = place_of(hart, op, sizeof(T), AccessKind::store);
    if (place.kind != Place::Kind::ram) {
      return nullptr;
    }
  }
  if (!hart.reservation.is_valid || hart.reservation.address != address) {
    hart.reservation.is_valid = false;
    hart.x[op->rd] = 1;
    return resume_after(hart, op);
  }
  std::byte* const target = host != nullptr ? host : place.host;
  const bool succeeds = extend(read_at<T>(target)) == hart.reservation.value;
  hart.reservation.is_valid = false;
  if (succeeds) {
    write_at(target, static_cast<T>(hart.x[op->rs2]));
  }
  hart.x[op->rd] = succeeds ? 0 : 1;
  if (host == nullptr && succeeds) {
    hart.code->written(place.physical, sizeof(T));
  }
  return resume_after(hart, op);
}

template <class T, T (*function)(T, T)>
Op* modify(HartState& hart, Op* op) {
  const std::uint64_t address = hart.x[op->rs1];
  if (std::byte* const host = fast_store_pointer<T>(hart, address)) [[likely]] {
    const T old = read_at<T>(host);
    write_at(host, function(old, static_cast<T>(hart.x[op->rs2])));
    hart.x[op->rd] = extend(old);
    return next(hart, op);
  }
  const Place place = place_of(hart, op, sizeof(T), AccessKind::store);
  if (place.kind != Place::Kind::ram) {
    return nullptr;
  }
  const T old = read_at<T>(place.host);
  write_at(place.host, function(old, static_cast<T>(hart.x[op->rs2])));
  hart.x[op->rd] = extend(old);
  hart.code->written(place.physical, sizeof(T));
  return resume_after(hart, op);
}

template <class T>
constexpr T swap(T /*old*/, T operand) {
  return operand;
}
template <class T>
constexpr T add(T a, T b) {
  return static_cast<T>(a + b);
}
template <class T>
constexpr T bit_xor(T a, T b) {
  return a ^ b;
}
template <class T>
constexpr T bit_and(T a, T b) {
  return a & b;
}
template <class T>
constexpr T bit_or(T a, T b) {
  return a | b;
}
template <class T>
constexpr T least_unsigned(T a, T b) {
  return std::min(a, b);
}
template <class T>
constexpr T greatest_unsigned(T a, T b) {
  return std::max(a, b);
}
template <class T>
constexpr T least(T a, T b) {
  using S = std::make_signed_t<T>;
  return static_cast<T>(std::min(static_cast<S>(a), static_cast<S>(b)));
}
template <class T>
constexpr T greatest(T a, T b) {
  using S = std::make_signed_t<T>;
  return static_cast<T>(std::max(static_cast<S>(a), static_cast<S>(b)));
}

/// The instructions of one width, which stand in the same order for each.
template <class T>
void add_width(Handlers& handlers, decoding::Opcode first) {
  Handler* const at = &handlers[first];
  at[0] = load_reserved<T>;
  at[1] = store_conditional<T>;
  at[2] = modify<T, swap<T>>;
  at[3] = modify<T, add<T>>;
  at[4] = modify<T, bit_xor<T>>;
  at[5] = modify<T, bit_and<T>>;
  at[6] = modify<T, bit_or<T>>;
  at[7] = modify<T, least<T>>;
  at[8] = modify<T, greatest<T>>;
  at[9] = modify<T, least_unsigned<T>>;
  at[10] = modify<T, greatest_unsigned<T>>;
}

}  // namespace

void add_atomics(Handlers& handlers) {
  add_width<std::uint32_t>(handlers, decoding::Opcode::lr_w);
  add_width<std::uint64_t>(handlers, decoding::Opcode::lr_d);
}

}  // namespace fermata::riscv::threaded
