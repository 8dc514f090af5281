// SPDX-License-Identifier: MIT
#include "machine_guest.hpp"

#include <fmt/format.h>

#include <utility>

#include "fermata/base/error.hpp"
#include "fermata/machine/in_process_guest.hpp"
#include "protocol.hpp"

namespace heated_room {
namespace {

namespace base = fermata::base;
namespace host = fermata::host;
namespace machine = fermata::machine;
namespace sim = fermata::sim;

constexpr std::uint64_t ram_size = std::uint64_t{64} * 1024;

machine::Config config_for(const std::string& firmware, fermata::trace::Sink* trace) {
  machine::Config config;
  config.trace = trace;
  config.boot = machine::boot::plan_boot({.kernel = machine::boot::read_named(firmware)}, ram_size, 1);
  return config;
}

class MachineGuest final : public ControllerGuest {
 public:
  MachineGuest(const std::string& firmware, fermata::trace::Sink* trace)
      : guest_(config_for(firmware, trace)), handle_(sim::Guest::attach(guest_.connect(), "the machine", trace)) {
    serial().set_receiver(
        [this](fermata::time::Instant /*at*/, std::span<const std::byte> bytes) { received_.put(bytes); });
  }

  sim::Guest& handle() override { return handle_; }
  std::string software() const override { return "the firmware"; }
  std::string where_to_look() const override {
    const std::string source = "its source is in examples/heated_room/firmware";
    if (const auto& end = guest_.ended()) {
      return end->reason == machine::StopReason::powered_off
                 ? fmt::format("the firmware ended itself with status {}; {}", end->exit_status, source)
                 : fmt::format("what it runs is no firmware or traps for ever; {}", source);
    }
    return source;
  }

  void send(std::string_view line) override {
    serial().send(line_to_guest(line));
    if (serial().pending() > 0) {
      throw base::Error(base::ErrorCode::timed_out,
                        fmt::format("the firmware did not read the line before '{}'; {}", line, where_to_look()));
    }
  }
  std::optional<std::string> receive() override { return received_.take(); }

  std::optional<host::ExitStatus> close() override {
    handle_.close();
    if (const auto& end = guest_.ended(); end && end->reason == machine::StopReason::powered_off) {
      return host::ExitStatus{.code = end->exit_status};
    }
    return std::nullopt;
  }

 private:
  machine::SerialEnd& serial() { return guest_.machine().serial(); }

  LineBuffer received_;
  machine::InProcessGuest guest_;
  sim::Guest handle_;
};

}  // namespace

std::unique_ptr<ControllerGuest> make_machine_guest(const std::string& firmware, fermata::trace::Sink* trace) {
  return std::make_unique<MachineGuest>(firmware, trace);
}

}  // namespace heated_room
