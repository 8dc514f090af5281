// SPDX-License-Identifier: MIT
#include "guests/machine/options/option_values.hpp"

#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <sstream>
#include <vector>

#include "fermata/base/error.hpp"
#include "fermata/clock/instruction_time.hpp"
#include "guests/machine/options/key_values.hpp"

namespace fermata::machine_program {
namespace {

[[noreturn]] void refuse(const std::string& why) { throw base::BadArgument(why); }

SerialTarget socket_target(const std::string& value) {
  const KeyValues values("-serial unix", value, "path");
  values.allow_only({"path", "server", "wait", "nowait"});
  SerialTarget target{.kind = SerialTarget::Kind::unix_socket, .path = values.text("path").value_or("")};
  if (target.path.empty()) {
    refuse("-serial unix: a path is needed, e.g. unix:PATH,server,nowait");
  }
  target.is_server = values.flag("server").value_or(false);
  target.does_wait = values.flag("wait").value_or(!values.flag("nowait").value_or(false));
  return target;
}

}  // namespace

SerialTarget parse_serial(const std::string& value) {
  using Kind = SerialTarget::Kind;
  if (value == "stdio" || value == "mon:stdio") {
    return {.kind = Kind::stdio};
  }
  if (value == "null") {
    return {.kind = Kind::null};
  }
  if (value == "none") {
    return {.kind = Kind::none};
  }
  if (value.starts_with("file:") && value.size() > 5) {
    return {.kind = Kind::file, .path = value.substr(5)};
  }
  if (value.starts_with("unix:")) {
    return socket_target(value.substr(5));
  }
  refuse(fmt::format("-serial {}: possible are stdio, null, none, file:PATH and unix:PATH[,server][,nowait]", value));
}

Chardev parse_chardev(const std::string& value) {
  const KeyValues values("-chardev", value, "backend");
  values.allow_only({"backend", "id", "path", "server", "wait", "mux", "signal"});
  const std::string backend = values.text("backend").value_or("");
  const std::string path = values.text("path").value_or("");
  Chardev chardev{.id = values.text("id").value_or(""), .target = {}};
  if (chardev.id.empty()) {
    refuse(fmt::format("-chardev {}: an id= is needed", value));
  }
  if (backend == "stdio" || backend == "null") {
    chardev.target = parse_serial(backend);
  } else if (backend == "file" && !path.empty()) {
    chardev.target = {.kind = SerialTarget::Kind::file, .path = path};
  } else if (backend == "socket" && !path.empty()) {
    chardev.target = {.kind = SerialTarget::Kind::unix_socket,
                      .path = path,
                      .is_server = values.flag("server").value_or(false),
                      .does_wait = values.flag("wait").value_or(true)};
  } else {
    refuse(
        fmt::format("-chardev {}: possible are stdio, null, file,path=PATH and socket,path=PATH[,server=on]", value));
  }
  return chardev;
}

IcountOption parse_icount(const std::string& value) {
  const KeyValues values("-icount", value, "shift");
  if (values.text("rr")) {
    refuse("-icount rr: recording and replaying is not offered; two runs of this machine are the same anyway");
  }
  values.allow_only({"shift", "sleep", "align"});
  IcountOption icount{.sleep = values.flag("sleep"), .align = values.flag("align").value_or(false)};
  if (const auto shift = values.text("shift")) {
    icount.is_auto = *shift == "auto";
    if (!icount.is_auto) {
      const std::uint64_t number = parse_number("-icount shift", *shift);
      if (number > clock::InstructionTime::max_shift) {
        refuse(fmt::format("-icount shift={}: the shift is a number from 0 to {}, or auto", *shift,
                           clock::InstructionTime::max_shift));
      }
      icount.shift = static_cast<unsigned>(number);
    }
  }
  if (icount.align && (icount.is_auto || icount.sleep == false)) {
    refuse("-icount align=on goes with a fixed shift and sleep=on only");
  }
  return icount;
}

RtcOption parse_rtc(const std::string& value) {
  const KeyValues values("-rtc", value, "base");
  values.allow_only({"base", "clock", "driftfix"});
  RtcOption rtc{.base = values.text("base").value_or("utc"), .clock = values.text("clock")};
  if (rtc.clock && *rtc.clock != "host" && *rtc.clock != "rt" && *rtc.clock != "vm") {
    refuse(fmt::format("-rtc clock={}: it is host, rt or vm", *rtc.clock));
  }
  return rtc;
}

namespace {

// "13:14"
std::vector<unsigned> parse_lines(const std::string& text) {
  std::vector<unsigned> lines;
  std::istringstream list(text);
  for (std::string entry; std::getline(list, entry, ':');) {
    unsigned source = 0;
    const auto [end, error] = std::from_chars(entry.data(), entry.data() + entry.size(), source);
    if (error != std::errc() || end != entry.data() + entry.size()) {
      refuse(fmt::format("-link lines={}: PLIC sources are needed, such as 13:14", text));
    }
    lines.push_back(source);
  }
  return lines;
}

// "adc@0x30000000+4K:dac@0x30001000+0x100"
std::vector<WindowOption> parse_windows(const std::string& text) {
  std::vector<WindowOption> windows;
  std::istringstream list(text);
  for (std::string entry; std::getline(list, entry, ':');) {
    const std::size_t at = entry.find('@');
    const std::size_t plus = entry.find('+');
    if (at == std::string::npos || plus == std::string::npos || plus < at) {
      refuse(fmt::format("-link windows={}: NAME@BASE+SIZE is needed, such as adc@0x30000000+4K", text));
    }
    windows.push_back({.name = entry.substr(0, at),
                       .base = parse_number("-link windows", entry.substr(at + 1, plus - at - 1)),
                       .size = parse_size("-link windows", entry.substr(plus + 1), 1)});
  }
  return windows;
}

// "memory:other"
std::vector<std::string> parse_names(const std::string& text) {
  std::vector<std::string> names;
  std::istringstream list(text);
  for (std::string name; std::getline(list, name, ':');) {
    names.push_back(name);
  }
  return names;
}

// -1 if the key is absent.
int descriptor(const KeyValues& values, const std::string& key) {
  const auto number = values.number(key);
  if (number && *number > static_cast<std::uint64_t>(std::numeric_limits<int>::max())) {
    refuse(fmt::format("-link {}={}: is no descriptor's number", key, *number));
  }
  return number ? static_cast<int>(*number) : -1;
}

}  // namespace

LinkOption parse_link(const std::string& value) {
  const KeyValues values("-link", value, "fd");
  values.allow_only({"fd", "path", "memory", "life", "clocks", "clock", "lines", "windows", "dma", "record"});
  const transport::Endpoint endpoint{.socket = descriptor(values, "fd"),
                                     .path = values.text("path").value_or(""),
                                     .memory = descriptor(values, "memory"),
                                     .life_socket = descriptor(values, "life"),
                                     .clocks = descriptor(values, "clocks"),
                                     .clock = descriptor(values, "clock")};
  if (const std::string fault = endpoint.fault(); !fault.empty()) {
    refuse("-link: " + fault);
  }
  return {.protocol = LinkOption::Protocol::link,
          .endpoint = endpoint,
          .lines = parse_lines(values.text("lines").value_or("")),
          .windows = parse_windows(values.text("windows").value_or("")),
          .dma = parse_names(values.text("dma").value_or("")),
          .record = values.text("record").value_or("")};
}

LinkOption parse_qqq(const std::string& value) {
  const KeyValues values("-qqq", value, "sock");
  values.allow_only({"sock", "zero"});
  const auto sock = values.number("sock");
  if (!sock || *sock > static_cast<std::uint64_t>(std::numeric_limits<int>::max())) {
    refuse("-qqq: sock=N is needed, N being the number of an inherited descriptor");
  }
  const std::string zero = values.text("zero").value_or("answer");
  if (zero != "answer" && zero != "exit") {
    refuse(fmt::format("-qqq zero={}: it is answer or exit", zero));
  }
  return {.endpoint = {.socket = static_cast<int>(*sock)}, .is_exit_at_zero = zero == "exit"};
}

std::uint64_t parse_memory(const std::string& value) {
  constexpr std::uint64_t mib = std::uint64_t{1} << 20;
  const KeyValues values("-m", value, "size");
  values.allow_only({"size"});
  return parse_size("-m", values.text("size").value_or(""), mib);
}

unsigned parse_harts(const std::string& value) {
  const KeyValues values("-smp", value, "cpus");
  values.allow_only({"cpus"});
  const std::uint64_t harts = values.number("cpus").value_or(1);
  if (harts < 1 || harts > 8) {
    refuse(fmt::format("-smp {}: 1 to 8 harts are possible", value));
  }
  return static_cast<unsigned>(harts);
}

void parse_log_items(const std::string& value, LogOption& log) {
  const KeyValues items("-d", value, "");
  items.allow_only({"int", "guest_errors", "exec", "drift"});
  log.interrupts |= items.flag("int").value_or(false);
  log.guest_errors |= items.flag("guest_errors").value_or(false);
  log.executed |= items.flag("exec").value_or(false);
  log.drift |= items.flag("drift").value_or(false);
}

DriveOption parse_drive(const std::string& value) {
  const KeyValues values("-drive", value, "");
  values.allow_only({"file", "format", "id", "if", "readonly", "read-only", "snapshot"});
  DriveOption drive{.id = values.text("id").value_or(""),
                    .path = values.text("file").value_or(""),
                    .is_read_only = values.flag("readonly").value_or(values.flag("read-only").value_or(false)),
                    .is_snapshot = values.flag("snapshot").value_or(false)};
  if (drive.path.empty()) {
    refuse(fmt::format("-drive {}: a file= is needed", value));
  }
  if (const auto format = values.text("format"); format && *format != "raw") {
    refuse(
        fmt::format("-drive format={}: only raw images are possible; convert it (qemu-img convert -O raw)", *format));
  }
  const std::string interface = values.text("if").value_or("virtio");
  if (interface != "virtio" && interface != "none") {
    refuse(fmt::format("-drive if={}: it is virtio, or none with a -device virtio-blk-device,drive=ID", interface));
  }
  if (interface == "none" && drive.id.empty()) {
    refuse("-drive if=none: an id= is needed, for -device virtio-blk-device,drive=ID");
  }
  if (interface == "virtio") {
    drive.id.clear();  // it is a device at once; nobody names it
  }
  return drive;
}

LoaderOption parse_loader(const std::string& value) {
  const KeyValues values("-device loader", value, "");
  values.allow_only({"loader", "addr", "data", "data-len", "file", "force-raw"});
  LoaderOption loader{.address = values.number("addr"),
                      .data = values.number("data"),
                      .data_size = values.number("data-len").value_or(0),
                      .file = values.text("file").value_or(""),
                      .is_raw = values.flag("force-raw").value_or(false)};
  if (loader.data.has_value() == !loader.file.empty()) {
    refuse("-device loader: data= with data-len=, or file=, is needed");
  }
  if (loader.data && (!loader.address || loader.data_size < 1 || loader.data_size > 8)) {
    refuse("-device loader,data=: addr= and a data-len= from 1 to 8 are needed");
  }
  return loader;
}

std::optional<device::MacAddress> parse_network(const std::string& value) {
  const KeyValues values("-device virtio-net-device", value, "driver");
  if (values.text("netdev")) {
    refuse(
        "-device virtio-net-device,netdev=: the host's network cannot be reached from here; leave netdev= out, and "
        "nobody is at the other end of the cable");
  }
  values.allow_only({"driver", "mac", "id"});
  const auto text = values.text("mac");
  if (!text) {
    return std::nullopt;
  }
  const auto address = device::MacAddress::parse(*text);
  if (!address) {
    refuse(fmt::format("-device virtio-net-device,mac={}: it is six bytes such as 52:54:00:12:34:56", *text));
  }
  if (address->is_group()) {
    refuse(
        fmt::format("-device virtio-net-device,mac={}: this is the address of a group; the first byte of a card's "
                    "own is even",
                    *text));
  }
  return address;
}

}  // namespace fermata::machine_program
