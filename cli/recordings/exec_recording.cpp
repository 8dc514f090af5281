// SPDX-License-Identifier: MIT
#include "cli/recordings/exec_recording.hpp"

#include <vector>

#include "fermata/wire/link/frame.hpp"
#include "fermata/wire/stop.hpp"

namespace fermata::cli {

namespace link = wire::link;
using record::Direction;

ExecRecording::ExecRecording(const std::string& path) : writer_(path, record::End::simulator, record::Protocol::qqq) {
  std::vector<std::byte> hello;
  append(hello, link::Hello{.header = {}}, "fermata exec");
  writer_.append(Direction::from_simulator, hello);
  std::vector<std::byte> welcome;
  append(welcome, link::Welcome{.header = {}}, "guest");
  writer_.append(Direction::from_guest, welcome);
}

void ExecRecording::grant(time::Instant horizon) {
  std::vector<std::byte> message;
  link::append(message, link::Grant{.header = {}, .horizon_ns = horizon.since_origin().ns(), .reports = reports_});
  writer_.append(Direction::from_simulator, message);
  ++grants_;
}

void ExecRecording::report(time::Instant now) {
  std::vector<std::byte> message;
  link::append(message, link::Report{.header = {},
                                     .now_ns = now.since_origin().ns(),
                                     .reason = static_cast<std::uint32_t>(wire::StopReason::horizon),
                                     .grants = grants_});
  writer_.append(Direction::from_guest, message);
  writer_.flush();
  ++reports_;
}

}  // namespace fermata::cli
