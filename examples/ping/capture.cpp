// SPDX-License-Identifier: MIT
#include "capture.hpp"

#include <algorithm>
#include <fstream>
#include <string_view>
#include <utility>

#include "fermata/base/error.hpp"
#include "fermata/record/export/pcapng.hpp"
#include "fermata/record/guest_trace.hpp"
#include "fermata/record/reader.hpp"

namespace ping {
namespace {

namespace base = fermata::base;
namespace record = fermata::record;
namespace link = fermata::wire::link;
using Kind = record::GuestEvent::Kind;

}  // namespace

Capture read_capture(const std::string& path, const std::string& channel, const std::string& name) {
  Capture capture{.name = name};
  record::Reader reader(path);
  record::GuestTraceReader trace(reader);
  while (auto event = trace.next()) {
    if ((event->kind == Kind::input || event->kind == Kind::output) && event->text == channel) {
      capture.frames.push_back(
          {.at = event->at, .is_outgoing = event->kind == Kind::output, .bytes = std::move(event->payload)});
    }
  }
  if (!trace.damage().empty()) {
    throw base::Error(base::ErrorCode::protocol_violation, path + " is not whole: " + trace.damage());
  }
  return capture;
}

void write_pcapng(const std::string& path, const std::vector<Capture>& captures) {
  std::ofstream file(path, std::ios::binary);
  record::PcapngExport pcapng([&file](std::string_view bytes) { file << bytes; });
  std::vector<link::Channel> interfaces;
  std::vector<record::GuestEvent> events;
  for (const Capture& capture : captures) {
    const auto number = static_cast<std::uint16_t>(interfaces.size() + 1);
    interfaces.push_back({.number = number, .kind = link::ChannelKind::ethernet, .name = capture.name});
    pcapng.take({.at = Instant::origin(), .kind = Kind::channel, .channel = number}, interfaces);
    for (const CapturedFrame& frame : capture.frames) {
      events.push_back({.at = frame.at,
                        .kind = frame.is_outgoing ? Kind::output : Kind::input,
                        .channel = number,
                        .payload = frame.bytes});
    }
  }
  std::stable_sort(events.begin(), events.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
  for (const record::GuestEvent& event : events) {
    pcapng.take(event, interfaces);
  }
  if (!file.flush()) {
    throw base::Error(base::ErrorCode::host_failure, path + " cannot be written; check the folder and its space");
  }
}

}  // namespace ping
