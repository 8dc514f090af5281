// SPDX-License-Identifier: MIT
#include "ethernet_link.hpp"

#include <fmt/format.h>

#include "fermata/base/contract.hpp"
#include "fermata/base/error.hpp"
#include "fermata/time/units.hpp"

namespace ping {
namespace {

constexpr std::uint32_t million = 1'000'000;

}  // namespace

EthernetLink::EthernetLink(const Settings& settings)
    : settings_(settings),
      ways_{Way{.luck = std::mt19937_64(2 * settings.seed)}, Way{.luck = std::mt19937_64(2 * settings.seed + 1)}} {
  if (settings.latency <= Duration::zero()) {
    throw fermata::base::BadArgument(
        fmt::format("latency {}: a link takes some time", fermata::time::to_string(settings.latency)));
  }
  if (settings.loss_ppm > million) {
    throw fermata::base::BadArgument(
        fmt::format("loss_ppm {}: at most {}, which is every frame", settings.loss_ppm, million));
  }
}

void EthernetLink::send(End from, Instant at, std::span<const std::byte> frame) {
  Way& way = way_from(from);
  fermata::base::expects(static_cast<bool>(way.deliver), "EthernetLink: both ends are connected");
  if (way.luck() % million < settings_.loss_ppm) {
    ++way.count.lost;
    return;
  }
  ++way.count.carried;
  way.deliver(at + settings_.latency, frame);
}

}  // namespace ping
