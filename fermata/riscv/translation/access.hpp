// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace fermata::riscv::translation {

/// What an access is for. An AMO and an SC are stores.
enum class AccessKind : std::uint8_t { fetch, load, store };

/// Which kinds of access are permitted.
struct Rights {
  bool fetch = false;
  bool load = false;
  bool store = false;

  [[nodiscard]] static constexpr Rights all() { return {true, true, true}; }
  [[nodiscard]] constexpr bool permit(AccessKind kind) const {
    return kind == AccessKind::fetch ? fetch : kind == AccessKind::load ? load : store;
  }
  friend constexpr Rights operator&(Rights a, Rights b) {
    return {a.fetch && b.fetch, a.load && b.load, a.store && b.store};
  }
  friend constexpr bool operator==(Rights, Rights) = default;
};

}  // namespace fermata::riscv::translation
