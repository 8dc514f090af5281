// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "fermata/bus/registers.hpp"

namespace fermata::device {

/// Platform-level interrupt controller (RISC-V PLIC specification 1.0), with the layout and the parameters of QEMU's
/// virt board: 95 sources of level-triggered interrupts, numbered from 1; priorities 0 to 7; per hart two contexts, for
/// machine and then supervisor mode. Accesses of 4 bytes.
///
/// A source's gateway passes on one request at a time: a rising level is latched as pending until it is claimed; while
/// it is claimed nothing is passed on; on completion a level that is still high is pending again.
class Plic final : public bus::Device, public bus::Window {
 public:
  static constexpr std::uint64_t window_size = 0x600000;
  static constexpr unsigned source_count = 95;
  static constexpr unsigned max_harts = 512;

  struct Config {
    std::string name = "plic";
  };
  /// The external interrupt lines into one hart; both outlive the device.
  struct HartLines {
    bus::IrqLine* machine = nullptr;
    bus::IrqLine* supervisor = nullptr;
  };

  /// One hart for each element of `harts`; base::BadArgument if there is none or too many.
  Plic(Config config, const bus::Ports& ports, std::vector<HartLines> harts);

  /// Has the line drive a source, 1 to `source_count`, else base::BadArgument. The PLIC must outlive the line's use.
  void connect(unsigned source, bus::IrqLine& line);
  /// The level of a source's line. For those without an IrqLine.
  void set_source(unsigned source, bool level);

  [[nodiscard]] std::string_view name() const override { return config_.name; }
  /// The levels of the sources stay: they belong to the devices, and a high one is pending again.
  void reset() override;
  void save(state::Writer& writer) const override;
  void load(state::Reader& reader) override;

  [[nodiscard]] std::uint64_t read(bus::Address offset, unsigned size) override;
  void write(bus::Address offset, unsigned size, std::uint64_t value) override;
  [[nodiscard]] bus::AccessRules rules() const override { return {.min_size = 4, .max_size = 4}; }

  [[nodiscard]] static std::string describe_registers();

 private:
  static constexpr unsigned words = 3;  // of 32 sources each, source 0 included, which does not exist
  using Bits = std::array<std::uint32_t, words>;
  struct Context {
    bus::IrqLine* line = nullptr;
    std::uint32_t threshold = 0;
    Bits enabled{};
  };
  static const bus::Register<Plic> table[7];

  [[nodiscard]] Context* context(unsigned index, std::string_view what);
  [[nodiscard]] unsigned best_of(const Context& context) const;
  void update();
  template <unsigned word>
  std::uint64_t read_enable(unsigned index);
  template <unsigned word>
  void enable_written(unsigned index, std::uint64_t value);
  std::uint64_t read_priority(unsigned index);
  void priority_written(unsigned index, std::uint64_t value);
  std::uint64_t read_pending(unsigned index);
  std::uint64_t read_threshold(unsigned index);
  void threshold_written(unsigned index, std::uint64_t value);
  std::uint64_t claim(unsigned index);
  void complete(unsigned index, std::uint64_t value);

  Config config_;
  bus::Ports ports_;
  bus::Registers<Plic> registers_;
  std::array<std::uint8_t, source_count + 1> priorities_{};
  Bits levels_{};
  Bits pending_{};
  Bits claimed_{};
  std::vector<Context> contexts_;
};

}  // namespace fermata::device
