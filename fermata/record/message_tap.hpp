// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <functional>
#include <span>

#include "fermata/record/codec.hpp"
#include "fermata/wire/link/frame.hpp"

namespace fermata::record {

/// Cuts the bytes of a link in both directions into whole messages. Bytes that are none end their direction: who reads
/// them finds the breach and says so. Not thread-safe.
class MessageTap {
 public:
  using Take = std::function<void(Direction from, const wire::link::Frame& message)>;

  explicit MessageTap(Take take) : take_(std::move(take)) {}

  /// Throws what the taker throws.
  void feed(Direction from, std::span<const std::byte> bytes);

 private:
  struct Way {
    wire::link::FrameReader reader{};
    bool is_broken = false;
  };

  Take take_;
  std::array<Way, 2> ways_;
};

}  // namespace fermata::record
