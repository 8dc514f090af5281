// SPDX-License-Identifier: MIT
#include "fermata/sim/channels.hpp"

#include <utility>

#include "fermata/sim/link_state.hpp"

namespace fermata::sim {

using wire::link::MmioRequest;

namespace {

template <typename Handler>
std::shared_ptr<Handler> shared(Handler handler) {
  return handler ? std::make_shared<Handler>(std::move(handler)) : nullptr;
}

}  // namespace

const wire::link::Channel& LinkChannel::declared() const { return link_->session.channels()[number_ - 1U]; }
std::uint64_t LinkChannel::dropped() const { return link_->dropped[number_ - 1U]; }

void LinkChannel::send_bytes(time::Instant at, std::span<const std::byte> payload) {
  link_->send(number_, at, payload);
}

void LinkChannel::set_handler(Handler handler) { link_->handlers[number_ - 1U] = shared(std::move(handler)); }

void SerialChannel::send(time::Instant at, std::string_view bytes) { send_bytes(at, std::as_bytes(std::span(bytes))); }

void SerialChannel::on_output(std::function<void(time::Instant, std::string_view)> handler) {
  if (!handler) {
    set_handler({});
    return;
  }
  set_handler([handler = std::move(handler)](time::Instant at, std::span<const std::byte> bytes) {
    handler(at, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  });
}

void LineChannel::set(time::Instant at, bool level) {
  const auto byte = static_cast<std::byte>(level ? 1 : 0);
  send_bytes(at, std::span(&byte, 1));
}

void MmioChannel::on_write(std::function<void(time::Instant, std::uint64_t, unsigned, std::uint64_t)> handler) {
  if (!handler) {
    set_handler({});
    return;
  }
  set_handler([handler = std::move(handler)](time::Instant at, std::span<const std::byte> payload) {
    const MmioRequest request = MmioRequest::from(payload);
    handler(at, request.offset, request.width, request.value);
  });
}

void MmioChannel::on_read(std::function<MmioValue(time::Instant, std::uint64_t, unsigned)> handler) {
  state().read_handlers[number() - 1U] = shared(LinkState::ReadHandler(std::move(handler)));
}

bool MmioChannel::is_reactive() const { return state().is_reactive[number() - 1U]; }

}  // namespace fermata::sim
