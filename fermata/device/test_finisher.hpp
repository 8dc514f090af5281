// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "fermata/bus/registers.hpp"

namespace fermata::device {

/// How the guest has asked to end.
struct Finish {
  enum class Kind : std::uint8_t { pass, fail, reset };
  Kind kind = Kind::pass;
  std::uint16_t code = 0;  ///< of a failure, chosen by the guest; else 0

  friend bool operator==(const Finish&, const Finish&) = default;
};

/// The SiFive test finisher: a write to its only register, at offset 0, ends the machine. Low half 0x5555: pass;
/// 0x3333: failure with the high half as code; 0x7777: reset. Accesses of 2 and 4 bytes. Has no state: what is asked
/// for is passed on at once.
class TestFinisher final : public bus::Device, public bus::Window {
 public:
  static constexpr std::uint64_t window_size = 0x1000;

  struct Config {
    std::string name = "test_finisher";
  };
  /// Called from within the guest's write; not a place to reset or destroy devices.
  using Handler = std::function<void(const Finish&)>;

  TestFinisher(Config config, const bus::Ports& ports, Handler handler);

  [[nodiscard]] std::string_view name() const override { return config_.name; }
  void reset() override {}
  void save(state::Writer& writer) const override;
  void load(state::Reader& reader) override;

  [[nodiscard]] std::uint64_t read(bus::Address offset, unsigned size) override;
  void write(bus::Address offset, unsigned size, std::uint64_t value) override;
  [[nodiscard]] bus::AccessRules rules() const override { return {.min_size = 2, .max_size = 4}; }

  [[nodiscard]] static std::string describe_registers();

 private:
  static const bus::Register<TestFinisher> table[1];

  void finish_written(unsigned index, std::uint64_t value);

  Config config_;
  bus::Ports ports_;
  bus::Registers<TestFinisher> registers_;
  Handler handler_;
};

}  // namespace fermata::device
