// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fermata::qemu::link {

/// An interrupt line that the simulator drives.
struct LineOption {
  std::string name;
  unsigned number = 0;       ///< the input of the interrupt controller
  std::string controller{};  ///< QEMU's device type; empty: the machine's usual one
  friend bool operator==(const LineOption&, const LineOption&) = default;
};

/// A range of addresses whose device is in the simulator.
struct WindowOption {
  std::string name;
  bool is_ports = false;
  std::uint64_t base = 0;
  std::uint64_t size = 0;
  friend bool operator==(const WindowOption&, const WindowOption&) = default;
};

/// A device model that is loaded into QEMU: no channel, it needs no simulator.
struct DeviceOption {
  std::string file;  ///< a path, or the name of an installed one
  std::uint64_t base = 0;
  std::optional<LineOption> line{};
  std::string options{};  ///< as the model takes them
  friend bool operator==(const DeviceOption&, const DeviceOption&) = default;
};

/// Which of QEMU's devices are channels, and which are added.
struct ChannelOptions {
  std::vector<std::string> serials{};    ///< character devices
  std::vector<std::string> ethernets{};  ///< network backends to be made
  std::vector<std::string> late{};       ///< those of them whose card does not send at exact instants
  std::vector<LineOption> lines{};
  std::vector<WindowOption> windows{};
  std::vector<std::string> memories{};  ///< channels of the guest's memory
  std::vector<DeviceOption> devices{};
  friend bool operator==(const ChannelOptions&, const ChannelOptions&) = default;
};

/// Takes `name=value` if it is about a channel: serial=ID, ethernet=ID, late=ID, line=NAME:NUMBER[:TYPE],
/// window=NAME@BASE+SIZE, ports=NAME@BASE+SIZE, dma=NAME, device=FILE@BASE[:NUMBER[:TYPE]][/OPTIONS]; false if it is
/// not. Throws base::BadArgument that says what is wrong.
[[nodiscard]] bool take_channel_option(std::string_view name, std::string_view value, ChannelOptions& options);

/// Throws base::BadArgument if two channels have one name.
void check_channel_names(const ChannelOptions& options);

}  // namespace fermata::qemu::link
