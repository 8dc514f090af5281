// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/agent/link/goodbye.hpp"

#include <sys/socket.h>

#include <array>
#include <cstring>

#include "fermata/wire/link/layout.hpp"

namespace fermata::qemu::link {

using wire::link::MessageType;

bool ends_with_goodbye(std::span<const std::byte> waiting) {
  wire::link::Header header{};
  while (waiting.size() >= sizeof header) {
    std::memcpy(&header, waiting.data(), sizeof header);
    if (header.size < sizeof header || header.size > waiting.size() || header.size % 8 != 0) {
      return false;
    }
    waiting = waiting.subspan(header.size);
  }
  return waiting.empty() && header.type == MessageType::bye && header.size == sizeof header;
}

bool has_goodbye(int socket) {
  std::array<std::byte, 4096> waiting;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled by recv
  const ssize_t count = ::recv(socket, waiting.data(), waiting.size(), MSG_PEEK | MSG_DONTWAIT);
  return count > 0 && ends_with_goodbye(std::span(waiting).first(static_cast<std::size_t>(count)));
}

}  // namespace fermata::qemu::link
