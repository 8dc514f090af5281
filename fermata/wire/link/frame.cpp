// SPDX-License-Identifier: MIT
#include "fermata/wire/link/frame.hpp"

#include <fmt/format.h>

#include "fermata/base/error.hpp"

namespace fermata::wire::link {

void breach(const std::string& what) {
  throw base::Error(base::ErrorCode::protocol_violation,
                    "the peer broke the link protocol: " + what + "; see docs/protocol.md, and look for a fault in it");
}

void wrong_size(const Header& header) {
  breach(fmt::format("a message of type {} with {} bytes", static_cast<unsigned>(header.type), header.size));
}

std::size_t FrameReader::size_of(std::span<const std::byte> bytes) {
  if (bytes.size() < sizeof(Header)) {
    return 0;
  }
  Header header;
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.size < sizeof(Header) || header.size > max_message || header.size % 8 != 0) {
    wrong_size(header);
  }
  return header.size;
}

}  // namespace fermata::wire::link
