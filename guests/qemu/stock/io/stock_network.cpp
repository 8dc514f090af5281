// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/stock/io/stock_network.hpp"

#include <array>
#include <map>

#include "fermata/base/error.hpp"

namespace fermata::qemu {
namespace {

// NetClientInfo up to the one function that a backend needs; what follows stays null.
struct ClientInfo {
  int type = 2;             // one that is neither "none" nor a card
  std::size_t size = 2048;  // of what QEMU allocates for a client: its own part is smaller
  long (*receive)(void* client, const std::uint8_t* frame, std::size_t size) = nullptr;
  std::array<void*, 30> others{};
};

// QEMU's functions carry no context but the client.
std::map<void*, StockNetwork*>& ports() {
  static auto* the_ports = new std::map<void*, StockNetwork*>;  // never destroyed: QEMU calls until the process is gone
  return *the_ports;
}

}  // namespace

StockNetwork::StockNetwork(const IoSymbols& symbols, const std::string& id) : qemu_(symbols) {
  static ClientInfo info;
  info.receive = [](void* client, const std::uint8_t* frame, std::size_t size) {
    const auto port = ports().find(client);
    if (port != ports().end() && port->second->sent_) {
      port->second->sent_(std::as_bytes(std::span(frame, size)));
    }
    return static_cast<long>(size);
  };
  client_ = qemu_.qemu_new_net_client(&info, nullptr, "fermata", id.c_str());
  ports()[client_] = this;
}

StockNetwork::~StockNetwork() { ports().erase(client_); }

bool StockNetwork::receive(std::span<const std::byte> frame) {
  if (waiting_ >= most_waiting) {
    return false;
  }
  const long result = qemu_.qemu_send_packet_async(client_, reinterpret_cast<const std::uint8_t*>(frame.data()),
                                                   static_cast<int>(frame.size()), [](void* client, long /*result*/) {
                                                     const auto port = ports().find(client);
                                                     if (port != ports().end()) {
                                                       --port->second->waiting_;
                                                     }
                                                   });
  waiting_ += result == 0 ? 1 : 0;
  return true;
}

}  // namespace fermata::qemu
