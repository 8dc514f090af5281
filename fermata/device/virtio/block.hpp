// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fermata/clock/timer.hpp"
#include "fermata/device/virtio/block_backend.hpp"
#include "fermata/device/virtio/model.hpp"

namespace fermata::device::virtio {

/// Virtio block device (virtio 1.2, section 5.2): read, write, flush, get-ID; one queue. Requests are carried out one
/// after the other, each at an instant of virtual time: with no latency at that of the notification, else `latency`
/// after it or after the one before.
class Block final : public Model {
 public:
  struct Config {
    std::string serial = "fermata";  ///< what get-ID answers; at most 20 bytes, else base::BadArgument
    time::Duration latency{};        ///< of virtual time, a request
  };

  /// Needs `ports.timers` and `ports.dma`; `backend` outlives it.
  Block(Config config, const bus::Ports& ports, BlockBackend& backend);

  void attach(ModelPort& port) override { port_ = &port; }
  [[nodiscard]] std::uint32_t device_id() const override { return 2; }
  [[nodiscard]] std::uint64_t features() const override;
  [[nodiscard]] unsigned queue_count() const override { return 1; }
  [[nodiscard]] std::uint64_t read_config(bus::Address offset, unsigned size) const override;
  void notified(unsigned queue) override;
  void reset() override;
  void save(state::Writer& writer) const override;
  void load(state::Reader& reader) override;

 private:
  enum class Status : std::uint8_t { ok = 0, io_error = 1, unsupported = 2 };
  struct Request;

  void carry_out_one();
  void latency_over();
  [[nodiscard]] bool answer(const Chain& chain);
  [[nodiscard]] bool parse(const Chain& chain, Request& request);
  [[nodiscard]] std::optional<Status> carry_out(const Request& request, std::uint32_t& written);
  [[nodiscard]] std::optional<Status> move_sectors(const Request& request, std::uint32_t& written);
  [[nodiscard]] std::optional<Status> give_id(const Request& request, std::uint32_t& written);

  Config config_;
  bus::Ports ports_;
  BlockBackend* backend_;
  clock::Timer timer_;
  ModelPort* port_ = nullptr;
  std::vector<std::byte> buffer_;  // of one transfer; holds nothing between requests
};

}  // namespace fermata::device::virtio
