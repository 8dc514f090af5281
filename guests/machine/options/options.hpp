// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fermata/device/mac_address.hpp"
#include "fermata/transport/endpoint.hpp"

namespace fermata::machine_program {

/// Where a serial line leads on the host.
struct SerialTarget {
  enum class Kind : std::uint8_t { none, null, stdio, file, unix_socket };
  Kind kind = Kind::null;
  std::string path{};
  bool is_server = false;  ///< of a socket: listens, else connects
  bool does_wait = true;   ///< of a server: the machine starts when somebody has connected

  friend bool operator==(const SerialTarget&, const SerialTarget&) = default;
};

struct DriveOption {
  std::string id;
  std::string path;
  bool is_read_only = false;
  bool is_snapshot = false;  ///< writes go to memory, the file stays
};

/// `-device loader`: a value, or a file, at an address.
struct LoaderOption {
  std::optional<std::uint64_t> address;
  std::optional<std::uint64_t> data;
  std::uint64_t data_size = 0;  ///< bytes
  std::string file;
  bool is_raw = false;
};

struct IcountOption {
  std::optional<unsigned> shift{};
  bool is_auto = false;
  std::optional<bool> sleep{};
  bool align = false;
};

struct RtcOption {
  std::string base = "utc";            ///< utc, localtime or a date
  std::optional<std::string> clock{};  ///< host, rt or vm
};

/// A range of guest-physical addresses whose device is the simulator's.
struct WindowOption {
  std::string name;
  std::uint64_t base = 0;
  std::uint64_t size = 0;  ///< bytes

  friend bool operator==(const WindowOption&, const WindowOption&) = default;
};

struct LinkOption {
  enum class Protocol : std::uint8_t { qqq, link };
  Protocol protocol = Protocol::qqq;
  transport::Endpoint endpoint{};
  bool is_exit_at_zero = false;
  std::vector<unsigned> lines{};  ///< external interrupt lines that are channels, by PLIC source
  std::vector<WindowOption> windows{};
  std::vector<std::string> dma{};  ///< names of dma channels
  std::string record{};            ///< file that takes a recording of the link; none if empty
};

/// What is written to the log [-d].
struct LogOption {
  bool interrupts = false;
  bool guest_errors = false;
  bool executed = false;
  bool drift = false;
  std::string file{};  ///< standard error if empty
};

/// A command line, read and each option for itself checked.
struct Options {
  std::uint64_t memory_size = std::uint64_t{128} << 20;
  unsigned harts = 1;
  std::string bios = "default";  ///< default, none or a file
  std::string kernel;
  std::string initrd;
  std::string append;
  std::vector<SerialTarget> serials;  ///< the first is the UART, the second a virtio console
  std::optional<IcountOption> icount;
  std::optional<RtcOption> rtc;
  std::optional<LinkOption> link;
  LogOption log;
  std::vector<DriveOption> disks;            ///< in the order of their virtio-blk-devices
  std::vector<device::MacAddress> networks;  ///< of the virtio-net-devices; nobody is at the other end
  std::vector<LoaderOption> loaders;
  std::optional<std::uint64_t> seed;
  bool does_reboot = true;
  bool wants_help = false;
  bool wants_version = false;
};

/// Reads a command line, the program's name not included. Throws base::BadArgument that names the option and says what
/// is possible.
[[nodiscard]] Options parse_options(const std::vector<std::string>& arguments);

}  // namespace fermata::machine_program
