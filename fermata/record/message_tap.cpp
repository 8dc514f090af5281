// SPDX-License-Identifier: MIT
#include "fermata/record/message_tap.hpp"

#include <exception>

#include "fermata/base/error.hpp"

namespace fermata::record {

void MessageTap::feed(Direction from, std::span<const std::byte> bytes) {
  Way& way = ways_[static_cast<std::size_t>(from)];
  if (way.is_broken) {
    return;
  }
  std::exception_ptr failure;  // the taker's, which is not to be mistaken for the reader's
  try {
    way.reader.feed(bytes, [&](const wire::link::Frame& frame) {
      try {
        take_(from, frame);
      } catch (...) {
        failure = std::current_exception();
        throw;
      }
    });
  } catch (const base::Error&) {
    way.is_broken = true;
    if (failure) {
      std::rethrow_exception(failure);
    }
  }
}

}  // namespace fermata::record
