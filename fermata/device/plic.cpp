// SPDX-License-Identifier: MIT
#include "fermata/device/plic.hpp"

#include <fmt/format.h>

#include <bit>

#include "fermata/base/error.hpp"

namespace fermata::device {
namespace {

constexpr std::uint32_t max_priority = 7;
constexpr unsigned max_contexts = 2 * Plic::max_harts;

constexpr unsigned word_of(unsigned source) { return source / 32; }
constexpr std::uint32_t bit_of(unsigned source) { return std::uint32_t{1} << (source % 32); }

}  // namespace

// Claims come first: they are what a running guest does most.
constinit const bus::Register<Plic> Plic::table[7] = {
    {.info = {.name = "claim/complete", .offset = 0x20'0004, .count = max_contexts, .stride = 0x1000},
     .on_read = &Plic::claim,
     .on_write = &Plic::complete},
    {.info = {.name = "threshold", .offset = 0x20'0000, .count = max_contexts, .stride = 0x1000},
     .on_read = &Plic::read_threshold,
     .on_write = &Plic::threshold_written},
    {.info = {.name = "enable 1-31", .offset = 0x2000, .count = max_contexts, .stride = 0x80},
     .on_read = &Plic::read_enable<0>,
     .on_write = &Plic::enable_written<0>},
    {.info = {.name = "enable 32-63", .offset = 0x2004, .count = max_contexts, .stride = 0x80},
     .on_read = &Plic::read_enable<1>,
     .on_write = &Plic::enable_written<1>},
    {.info = {.name = "enable 64-95", .offset = 0x2008, .count = max_contexts, .stride = 0x80},
     .on_read = &Plic::read_enable<2>,
     .on_write = &Plic::enable_written<2>},
    {.info = {.name = "priority", .offset = 0x0004, .count = source_count, .stride = 4},
     .on_read = &Plic::read_priority,
     .on_write = &Plic::priority_written},
    {.info =
         {.name = "pending", .offset = 0x1000, .access = bus::RegisterAccess::read_only, .count = words, .stride = 4},
     .on_read = &Plic::read_pending},
};

Plic::Plic(Config config, const bus::Ports& ports, std::vector<HartLines> harts)
    : config_(std::move(config)), ports_(ports), registers_(*this, table, ports.errors) {
  if (harts.empty() || harts.size() > max_harts) {
    throw base::BadArgument(fmt::format("harts of `{}`: {}; from 1 to {}", config_.name, harts.size(), max_harts));
  }
  contexts_.reserve(2 * harts.size());
  for (const HartLines& lines : harts) {
    contexts_.push_back({.line = lines.machine});
    contexts_.push_back({.line = lines.supervisor});
  }
}

std::string Plic::describe_registers() { return bus::Registers<Plic>::describe(table); }

void Plic::connect(unsigned source, bus::IrqLine& line) {
  if (source == 0 || source > source_count) {
    throw base::BadArgument(fmt::format("source of `{}`: {}; from 1 to {}", config_.name, source, source_count));
  }
  line.connect([this, source](bool level) { set_source(source, level); });
  set_source(source, line.level());
}

void Plic::set_source(unsigned source, bool level) {
  base::expects(source >= 1 && source <= source_count, "Plic: the source exists");
  const unsigned word = word_of(source);
  if (((levels_[word] & bit_of(source)) != 0) == level) {
    return;
  }
  levels_[word] ^= bit_of(source);
  // A falling level changes nothing else: what is pending stays so until it is claimed.
  if (level && ((claimed_[word] | pending_[word]) & bit_of(source)) == 0) {
    pending_[word] |= bit_of(source);
    update();
  }
}

void Plic::reset() {
  priorities_.fill(0);
  claimed_.fill(0);
  pending_ = levels_;
  for (Context& each : contexts_) {
    each.threshold = 0;
    each.enabled.fill(0);
  }
  update();
}

Plic::Context* Plic::context(unsigned index, std::string_view what) {
  if (index < contexts_.size()) {
    return &contexts_[index];
  }
  if (ports_.errors != nullptr) {
    ports_.errors->guest_error(name(),
                               fmt::format("access to {} of context {}; there are {}", what, index, contexts_.size()));
  }
  return nullptr;
}

unsigned Plic::best_of(const Context& context) const {
  unsigned best = 0;
  std::uint32_t best_priority = context.threshold;
  for (unsigned word = 0; word < words; ++word) {
    std::uint32_t candidates = pending_[word] & context.enabled[word];
    for (; candidates != 0; candidates &= candidates - 1) {
      const unsigned source = word * 32 + static_cast<unsigned>(std::countr_zero(candidates));
      if (priorities_[source] > best_priority) {  // among equals the lowest number
        best = source;
        best_priority = priorities_[source];
      }
    }
  }
  return best;
}

void Plic::update() {
  for (Context& each : contexts_) {
    each.line->set(best_of(each) != 0);
  }
}

std::uint64_t Plic::read(bus::Address offset, unsigned size) { return registers_.read(offset, size); }

void Plic::write(bus::Address offset, unsigned size, std::uint64_t value) { registers_.write(offset, size, value); }

template <unsigned word>
std::uint64_t Plic::read_enable(unsigned index) {
  const Context* const found = context(index, "enable");
  return found != nullptr ? found->enabled[word] : 0;
}

template <unsigned word>
void Plic::enable_written(unsigned index, std::uint64_t value) {
  constexpr std::uint32_t existing = word == 0 ? ~std::uint32_t{1} : ~std::uint32_t{0};
  if (Context* const found = context(index, "enable")) {
    found->enabled[word] = static_cast<std::uint32_t>(value) & existing;
    update();
  }
}

std::uint64_t Plic::read_priority(unsigned index) { return priorities_[index + 1]; }

void Plic::priority_written(unsigned index, std::uint64_t value) {
  priorities_[index + 1] = static_cast<std::uint8_t>(value & max_priority);
  update();
}

std::uint64_t Plic::read_pending(unsigned index) { return pending_[index]; }

std::uint64_t Plic::read_threshold(unsigned index) {
  const Context* const found = context(index, "threshold");
  return found != nullptr ? found->threshold : 0;
}

void Plic::threshold_written(unsigned index, std::uint64_t value) {
  if (Context* const found = context(index, "threshold")) {
    found->threshold = static_cast<std::uint32_t>(value & max_priority);
    update();
  }
}

std::uint64_t Plic::claim(unsigned index) {
  const Context* const found = context(index, "claim");
  const unsigned source = found != nullptr ? best_of(*found) : 0;
  if (source != 0) {
    pending_[word_of(source)] &= ~bit_of(source);
    claimed_[word_of(source)] |= bit_of(source);
    update();
  }
  return source;
}

void Plic::complete(unsigned index, std::uint64_t value) {
  if (context(index, "complete") == nullptr) {
    return;
  }
  const auto source = static_cast<unsigned>(value);
  if (source == 0 || source > source_count || (claimed_[word_of(source)] & bit_of(source)) == 0) {
    if (ports_.errors != nullptr) {
      ports_.errors->guest_error(name(), fmt::format("completion of {}, which nobody has claimed: ignored", value));
    }
    return;
  }
  claimed_[word_of(source)] &= ~bit_of(source);
  pending_[word_of(source)] |= levels_[word_of(source)] & bit_of(source);
  update();
}

void Plic::save(state::Writer& writer) const {
  writer.section("plic");
  for (const std::uint8_t priority : priorities_) {
    writer.u8(priority);
  }
  for (const Bits* const bits : {&levels_, &pending_, &claimed_}) {
    for (const std::uint32_t word : *bits) {
      writer.u32(word);
    }
  }
  writer.u64(contexts_.size());
  for (const Context& each : contexts_) {
    writer.u32(each.threshold);
    for (const std::uint32_t word : each.enabled) {
      writer.u32(word);
    }
  }
}

void Plic::load(state::Reader& reader) {
  reader.section("plic");
  for (std::uint8_t& priority : priorities_) {
    priority = reader.u8();
  }
  for (Bits* const bits : {&levels_, &pending_, &claimed_}) {
    for (std::uint32_t& word : *bits) {
      word = reader.u32();
    }
  }
  if (reader.u64() != contexts_.size()) {
    reader.fail("it is of a machine with another number of harts");
  }
  for (Context& each : contexts_) {
    each.threshold = reader.u32();
    for (std::uint32_t& word : each.enabled) {
      word = reader.u32();
    }
  }
  update();
}

}  // namespace fermata::device
