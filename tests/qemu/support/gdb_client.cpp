// SPDX-License-Identifier: MIT
#include "tests/qemu/support/gdb_client.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <stdexcept>

#include "fermata/base/error.hpp"
#include "tests/qemu/support/fixture.hpp"

namespace fermata::qemu_test {
namespace {

transport::UnixSocket connect_to(const std::string& path) {
  host::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0) {
    throw base::host_error("connect to " + path, errno);
  }
  return transport::UnixSocket::adopt(fd.release());
}

}  // namespace

GdbClient::GdbClient(const std::string& path) : socket_(connect_to(path)) {}

void GdbClient::send(const std::string& packet) {
  unsigned sum = 0;
  for (const char c : packet) {
    sum += static_cast<unsigned char>(c);
  }
  write(fmt::format("${}#{:02x}", packet, sum & 0xffU));
}

std::string GdbClient::receive() {
  while (read_byte() != '$') {  // acknowledgements
  }
  std::string packet;
  for (char c = read_byte(); c != '#'; c = read_byte()) {
    packet += c;
  }
  static_cast<void>(read_byte());
  static_cast<void>(read_byte());
  write("+");
  return packet;
}

std::string GdbClient::ask(const std::string& packet) {
  send(packet);
  return receive();
}

std::string GdbClient::registers() {
  std::string packet = ask("g");
  while (packet.starts_with("T")) {
    packet = receive();
  }
  return packet;
}

void GdbClient::interrupt() { write("\x03"); }

void GdbClient::write(const std::string& bytes) {
  auto left = std::as_bytes(std::span(bytes));
  while (!left.empty()) {
    const transport::IoResult result = socket_.write(left, limit);
    if (result.count == 0) {
      throw std::runtime_error("gdb: cannot write");
    }
    left = left.subspan(result.count);
  }
}

char GdbClient::read_byte() {
  std::byte byte{};
  const transport::IoResult result = socket_.read(std::span(&byte, 1), limit);
  if (result.count == 0) {
    throw std::runtime_error(result.is_end ? "gdb: closed" : "gdb: no answer within the limit");
  }
  return static_cast<char>(byte);
}

}  // namespace fermata::qemu_test
