// SPDX-License-Identifier: MIT
#include "fermata/machine/board.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "fermata/base/error.hpp"
#include "fermata/device/virtio/network.hpp"
#include "fermata/machine/board_map.hpp"

namespace fermata::machine {

namespace {

constexpr std::size_t most_external_windows = 64;
constexpr std::size_t most_dma_names = 8;
constexpr std::size_t longest_name = 64;

bool is_name(std::string_view name) {
  constexpr std::string_view possible = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
  return !name.empty() && name.size() <= longest_name && name.find_first_not_of(possible) == std::string_view::npos;
}

void check(const Config& config) {
  const std::size_t wanted = config.disks.size() + (config.has_console ? 1 : 0) + config.networks.size();
  if (wanted > board_map::virtio_slots) {
    throw base::BadArgument(
        fmt::format("{} virtio devices; the board has {} slots for them", wanted, board_map::virtio_slots));
  }
}

}  // namespace

Board::Board(Config& config, clock::TimerListGroup& timers, GuestLog& log, device::TestFinisher::Handler finish)
    : rom_("rom", board_map::rom.size, false), ram_("ram", config.boot->ram_size), dma_(memory_), log_(log) {
  check(config);
  std::ranges::transform(config.boot->rom, rom_.data(), std::identity{});
  for (unsigned i = 0; i < config.boot->harts; ++i) {
    hart_lines_.push_back(std::make_unique<HartLines>());
  }
  make_interrupt_controllers(timers.virtual_time());
  make_external_lines(config.external_lines);
  make_devices(config, timers, std::move(finish));
  make_virtio(config, timers.virtual_time());
  make_own_devices(config, timers.virtual_time());
  make_external_windows(config);
  take_dma_names(config);
  map_all();
}

bus::Ports Board::ports(clock::TimerList& timers, unsigned source) {
  return {.timers = &timers, .irq = &source_lines_[source], .dma = &dma_, .errors = &log_};
}

void Board::make_interrupt_controllers(clock::TimerList& virtual_timers) {
  std::vector<device::Aclint::HartLines> aclint_lines;
  std::vector<device::Plic::HartLines> plic_lines;
  for (const auto& lines : hart_lines_) {
    aclint_lines.push_back({.software = &lines->machine_software, .timer = &lines->machine_timer});
    plic_lines.push_back({.machine = &lines->machine_external, .supervisor = &lines->supervisor_external});
  }
  aclint_ =
      std::make_unique<device::Aclint>(device::Aclint::Config{.timebase = time::Frequency(board_map::timebase_hz)},
                                       ports(virtual_timers, 0), std::move(aclint_lines));
  plic_ = std::make_unique<device::Plic>(device::Plic::Config{}, ports(virtual_timers, 0), std::move(plic_lines));
  for (unsigned source = 1; source < source_lines_.size(); ++source) {
    plic_->connect(source, source_lines_[source]);
  }
}

void Board::make_external_lines(const std::vector<unsigned>& sources) {
  for (const unsigned source : sources) {
    if (is_source_taken(source)) {
      throw base::BadArgument(fmt::format("external line {}: it is a PLIC source from {} to {}, each once", source,
                                          board_map::first_external_source, board_map::plic_sources));
    }
    external_lines_.push_back({source, std::make_unique<bus::IrqLine>()});
    plic_->connect(source, *external_lines_.back().line);
  }
}

// By the board, by an external line, or by a device.
bool Board::is_source_taken(unsigned source) const {
  const auto is_same = [source](const auto& other) { return other.source == source; };
  return source < board_map::first_external_source || source > board_map::plic_sources ||
         std::any_of(external_lines_.begin(), external_lines_.end(), is_same) ||
         std::any_of(own_devices_.begin(), own_devices_.end(), is_same);
}

void Board::make_own_devices(const Config& config, clock::TimerList& virtual_timers) {
  for (const OwnDevice& wanted : config.devices) {
    if (wanted.source != 0 && is_source_taken(wanted.source)) {
      throw base::BadArgument(fmt::format("device at {:#x}: its PLIC source {} is one from {} to {} that nobody has",
                                          wanted.base, wanted.source, board_map::first_external_source,
                                          board_map::plic_sources));
    }
    auto line = std::make_unique<bus::IrqLine>();
    if (wanted.source != 0) {
      plic_->connect(wanted.source, *line);
    }
    auto model = wanted.make({.timers = &virtual_timers, .irq = line.get(), .dma = &dma_, .errors = &log_});
    own_devices_.push_back({wanted.base, wanted.source, std::move(line), std::move(model)});
  }
}

// Over a link all that is outside has a name, and each its own.
bool Board::is_name_taken(const std::string& name) const {
  const auto is_numbered = [&name](std::string_view prefix, std::size_t count, const auto& number_of) {
    for (std::size_t i = 0; i < count; ++i) {
      if (name == fmt::format("{}{}", prefix, number_of(i))) {
        return true;
      }
    }
    return false;
  };
  const auto index = [](std::size_t i) { return i; };
  return is_numbered("serial", serial_ends_.size(), index) || is_numbered("ethernet", ethernet_ends_.size(), index) ||
         is_numbered("line", external_lines_.size(), [this](std::size_t i) { return external_lines_[i].source; }) ||
         std::ranges::any_of(external_windows_, [&name](const auto& window) { return window->name() == name; }) ||
         std::ranges::find(dma_names_, name) != dma_names_.end();
}

void Board::take_dma_names(const Config& config) {
  for (const std::string& name : config.dma) {
    if (!is_name(name) || is_name_taken(name) || dma_names_.size() == most_dma_names) {
      throw base::BadArgument(
          fmt::format("dma \"{}\": a name has 1 to 64 letters, digits, `-`, `_` or `.`, and is no other window's, "
                      "line's or port's; there can be {}",
                      name, most_dma_names));
    }
    dma_names_.push_back(name);
  }
}

void Board::make_external_windows(const Config& config) {
  if (config.external_windows.size() > most_external_windows) {
    throw base::BadArgument(
        fmt::format("{} external windows; there can be {}", config.external_windows.size(), most_external_windows));
  }
  for (const ExternalWindow::Config& window : config.external_windows) {
    if (!is_name(window.name) || is_name_taken(window.name)) {
      throw base::BadArgument(
          fmt::format("external window \"{}\": a name has 1 to 64 letters, digits, `-`, `_` or `.`, and is no other "
                      "window's, line's or port's",
                      window.name));
    }
    if (window.range.begin % sizeof(std::uint64_t) != 0) {
      throw base::BadArgument(fmt::format("external window \"{}\" at {:#x}: it begins at a multiple of 8", window.name,
                                          window.range.begin));
    }
    external_windows_.push_back(std::make_unique<ExternalWindow>(window, log_, config.trace));
  }
}

void Board::make_devices(Config& config, clock::TimerListGroup& timers, device::TestFinisher::Handler finish) {
  clock::TimerList& virtual_timers = timers.virtual_time();
  finisher_ = std::make_unique<device::TestFinisher>(device::TestFinisher::Config{}, ports(virtual_timers, 0),
                                                     std::move(finish));
  rtc_ = std::make_unique<device::GoldfishRtc>(device::GoldfishRtc::Config{.offset_ns = config.rtc_offset_ns},
                                               ports(timers.list(config.rtc_clock), board_map::rtc_source));
  serial_ends_.push_back(std::make_unique<SerialEnd>("serial0", config.trace));
  uart_ =
      std::make_unique<device::Uart16550>(device::Uart16550::Config{.clock = time::Frequency(board_map::uart_clock_hz)},
                                          ports(virtual_timers, board_map::uart_source), serial_ends_.back().get());
  serial_ends_.back()->connect(*uart_);
  tick_timer_ =
      std::make_unique<device::TickTimer>(config.tick_timer, ports(virtual_timers, board_map::tick_timer_source));
}

void Board::make_networks(const Config& config, clock::TimerList& virtual_timers) {
  for (const device::MacAddress& address : config.networks) {
    ethernet_ends_.push_back(
        std::make_unique<EthernetEnd>(fmt::format("ethernet{}", ethernet_ends_.size()), config.trace));
    auto network = std::make_unique<device::virtio::Network>(device::virtio::Network::Config{.address = address},
                                                             ports(virtual_timers, 0), ethernet_ends_.back().get());
    ethernet_ends_.back()->connect(*network);
    models_.push_back(std::move(network));
  }
}

void Board::make_virtio(Config& config, clock::TimerList& virtual_timers) {
  disks_ = std::move(config.disks);
  for (const auto& disk : disks_) {
    models_.push_back(std::make_unique<device::virtio::Block>(
        device::virtio::Block::Config{.serial = fmt::format("disk{}", models_.size())}, ports(virtual_timers, 0),
        *disk));
  }
  if (config.has_console) {
    serial_ends_.push_back(std::make_unique<SerialEnd>("serial1", config.trace));
    auto console = std::make_unique<device::virtio::Console>(ports(virtual_timers, 0), serial_ends_.back().get());
    serial_ends_.back()->connect(*console);
    models_.push_back(std::move(console));
  }
  make_networks(config, virtual_timers);
  for (unsigned slot = 0; slot < board_map::virtio_slots; ++slot) {
    virtio_.push_back(std::make_unique<device::virtio::MmioTransport>(
        device::virtio::MmioTransport::Config{.name = fmt::format("virtio{}", slot)},
        ports(virtual_timers, board_map::virtio_source + slot), slot < models_.size() ? models_[slot].get() : nullptr));
  }
}

void Board::map_all() {
  memory_.map(board_map::rom.begin, rom_);
  memory_.map(board_map::ram_begin, ram_);
  memory_.map(board_map::aclint, *aclint_, "aclint");
  memory_.map(board_map::plic, *plic_, "plic");
  memory_.map(board_map::test_finisher, *finisher_, "test_finisher");
  memory_.map(board_map::rtc, *rtc_, "rtc");
  memory_.map(board_map::uart, *uart_, "uart");
  memory_.map(board_map::tick_timer, *tick_timer_, "tick_timer");
  for (unsigned slot = 0; slot < board_map::virtio_slots; ++slot) {
    memory_.map(board_map::virtio(slot), *virtio_[slot], fmt::format("virtio{}", slot));
  }
  for (const Own& own : own_devices_) {
    memory_.map({own.base, own.model->window_size()}, own.model->window(), std::string(own.model->device().name()));
  }
  for (const auto& window : external_windows_) {
    memory_.map(window->range(), *window, window->name());
  }
}

// In the order in which they are saved: interrupt controllers last, since the others drive their sources while loading.
std::vector<bus::Device*> Board::devices() const {
  std::vector<bus::Device*> all{finisher_.get(), rtc_.get(), uart_.get(), tick_timer_.get()};
  for (const auto& transport : virtio_) {
    all.push_back(transport.get());
  }
  for (const Own& own : own_devices_) {
    all.push_back(&own.model->device());
  }
  all.push_back(plic_.get());
  all.push_back(aclint_.get());
  return all;
}

void Board::reset() {
  for (bus::Device* device : devices()) {
    device->reset();
  }
  for (const ExternalLine& external : external_lines_) {  // whose level the interrupt controller has forgotten
    const bool level = external.line->level();
    external.line->set(false);
    external.line->set(level);
  }
}

void Board::save(state::Writer& writer) const {
  writer.section("memory");
  ram_.save(writer);
  writer.section("serial");
  for (const auto& end : serial_ends_) {
    end->save(writer);
  }
  if (!ethernet_ends_.empty()) {  // snapshots of machines without any are older than networks
    writer.section("ethernet");
  }
  for (const auto& end : ethernet_ends_) {
    end->save(writer);
  }
  for (const ExternalLine& external : external_lines_) {
    writer.flag(external.line->level());
  }
  for (const bus::Device* device : devices()) {
    device->save(writer);
  }
  writer.section("disks");
  for (const auto& disk : disks_) {
    disk->save(writer);
  }
}

void Board::load(state::Reader& reader) {
  reader.section("memory");
  ram_.load(reader);
  reader.section("serial");
  for (const auto& end : serial_ends_) {
    end->load(reader);
  }
  if (!ethernet_ends_.empty()) {
    reader.section("ethernet");
  }
  for (const auto& end : ethernet_ends_) {
    end->load(reader);
  }
  for (const ExternalLine& external : external_lines_) {  // before the interrupt controller, which has its own memory
    external.line->set(reader.flag());
  }
  for (bus::Device* device : devices()) {
    device->load(reader);
  }
  reader.section("disks");
  for (const auto& disk : disks_) {
    disk->load(reader);
  }
}

}  // namespace fermata::machine
