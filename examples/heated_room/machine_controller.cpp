// SPDX-License-Identifier: MIT
#include "machine_controller.hpp"

#include <fmt/format.h>

#include "fermata/machine/in_process_guest.hpp"

namespace heated_room {
namespace {

namespace machine = fermata::machine;
namespace sim = fermata::sim;

constexpr std::uint64_t ram_size = std::uint64_t{64} * 1024;

machine::Config config_for(const std::string& firmware) {
  machine::Config config;
  config.shift = Controller::shift;
  config.boot = machine::boot::plan_boot({.kernel = machine::boot::read_named(firmware)}, ram_size, 1);
  return config;
}

class MachineController final : public Controller {
 public:
  MachineController(const std::string& firmware, const Records& records)
      : machine_(config_for(firmware), {}, machine::Protocol::link),
        guest_(sim::LinkGuest::attach(machine_.connect(),
                                      {.name = "the machine", .trace = records.trace, .record = records.recording})) {}

  sim::LinkGuest& guest() override { return guest_; }
  std::string plant_channel() const override { return "serial0"; }
  std::string software() const override { return "the firmware"; }
  std::string where_to_look() const override {
    const std::string source = "its source is in examples/heated_room/firmware";
    const auto& end = machine_.ended();
    return end && end->reason == machine::StopReason::stuck
               ? fmt::format("what it runs is no firmware or traps for ever; {}", source)
               : source;
  }

 private:
  machine::InProcessGuest machine_;
  sim::LinkGuest guest_;
};

}  // namespace

std::unique_ptr<Controller> make_machine_controller(const std::string& firmware, const Controller::Records& records) {
  return std::make_unique<MachineController>(firmware, records);
}

}  // namespace heated_room
