// SPDX-License-Identifier: MIT
//
// Messages, and the guest's memory.
#include "fermata/c/handles.hpp"

using namespace fermata;
using namespace fermata::c;

namespace {

sim::DmaChannel::Done done_of(fermata_dma_handler handler, void* context) {
  if (handler == nullptr) {
    return {};
  }
  return [handler, context](time::Instant at, const sim::DmaResult& result) {
    handler(context, at.since_origin().ns(), result.is_done() ? 1 : 0,
            result.bytes.empty() ? nullptr : result.bytes.data(), result.bytes.size());
  };
}

}  // namespace

fermata_message* fermata_find_message(fermata_guest* guest, const char* name) {
  return find(guest, &fermata_guest::messages, name, &sim::LinkGuest::message);
}
fermata_dma* fermata_find_dma(fermata_guest* guest, const char* name) {
  return find(guest, &fermata_guest::dmas, name, &sim::LinkGuest::dma);
}

fermata_status fermata_message_send(fermata_message* message, int64_t at_ns, const void* bytes, size_t count) {
  return call_channel(message, [&] { message->channel.send(instant(at_ns), bytes_of(bytes, count)); });
}

fermata_status fermata_message_on_output(fermata_message* message, fermata_bytes_handler handler, void* context) {
  return call_channel(message, [&] {
    if (handler == nullptr) {
      message->channel.on_output({});
      return;
    }
    message->channel.on_output([handler, context](time::Instant at, std::span<const std::byte> bytes) {
      handler(context, at.since_origin().ns(), bytes.data(), bytes.size());
    });
  });
}

fermata_status fermata_dma_read(fermata_dma* dma, int64_t at_ns, uint64_t address, size_t count,
                                fermata_dma_handler handler, void* context) {
  return call_channel(dma, [&] { dma->channel.read(instant(at_ns), address, count, done_of(handler, context)); });
}

fermata_status fermata_dma_write(fermata_dma* dma, int64_t at_ns, uint64_t address, const void* bytes, size_t count,
                                 fermata_dma_handler handler, void* context) {
  return call_channel(
      dma, [&] { dma->channel.write(instant(at_ns), address, bytes_of(bytes, count), done_of(handler, context)); });
}

fermata_status fermata_dma_read_now(fermata_dma* dma, uint64_t address, void* into, size_t count, int64_t limit_ms,
                                    int* is_done) {
  return call_channel(dma, [&] {
    require(is_done != nullptr, "is_done: NULL");
    require(into != nullptr || count == 0, "into: NULL");
    const std::span<std::byte> bytes(static_cast<std::byte*>(into), count);
    *is_done = dma->channel.read_now(address, bytes, host_duration(limit_ms)) ? 1 : 0;
  });
}

fermata_status fermata_dma_write_now(fermata_dma* dma, uint64_t address, const void* bytes, size_t count,
                                     int64_t limit_ms, int* is_done) {
  return call_channel(dma, [&] {
    require(is_done != nullptr, "is_done: NULL");
    *is_done = dma->channel.write_now(address, bytes_of(bytes, count), host_duration(limit_ms)) ? 1 : 0;
  });
}
