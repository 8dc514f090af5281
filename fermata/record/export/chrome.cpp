// SPDX-License-Identifier: MIT
// The layout is that of the Trace Event Format (the Chromium project's document of that name): complete events "X",
// instants "i", metadata "M"; times in microseconds.
#include "fermata/record/export/chrome.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "fermata/record/text.hpp"
#include "fermata/wire/stop.hpp"

namespace fermata::record {

namespace link = wire::link;
using link::MessageType;

namespace {

constexpr std::uint16_t guest_track = 0;
constexpr std::size_t most_shown = 64;

// A JSON string. Bytes beyond ASCII that are no part of a name are escaped before; names are UTF-8 and stay.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else if (static_cast<unsigned char>(c) >= 0x7f) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

// Exact: nanoseconds as microseconds with three decimals.
std::string microseconds(time::Duration span) { return fmt::format("{}.{:03}", span.ns() / 1000, span.ns() % 1000); }

}  // namespace

ChromeExport::ChromeExport(Put put) : put_(std::move(put)) {
  put_("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n");
  name_track(guest_track, "guest");
}

void ChromeExport::finish() { put_("\n]}\n"); }

void ChromeExport::event(std::string_view body) {
  put_(std::exchange(is_first_, false) ? "" : ",\n");
  put_(body);
}

void ChromeExport::name_track(std::uint16_t track, std::string_view name) {
  event(fmt::format(R"({{"ph":"M","pid":1,"tid":{},"name":"thread_name","args":{{"name":{}}}}})", track, quoted(name)));
  event(fmt::format(R"({{"ph":"M","pid":1,"tid":{},"name":"thread_sort_index","args":{{"sort_index":{}}}}})", track,
                    track));
}

void ChromeExport::take(Direction from, const link::Frame& message) {
  switch (message.header.type) {
    case MessageType::welcome: {
      const auto welcome = link::parse<link::Welcome>(message, link::max_text);
      now_ = link::instant(welcome.body.now_ns);
      event(fmt::format(R"({{"ph":"M","pid":1,"name":"process_name","args":{{"name":{}}}}})", quoted(welcome.text())));
      return;
    }
    case MessageType::channel: take_channel(message); return;
    case MessageType::input:
    case MessageType::output: take_data(from, message); return;
    case MessageType::report: take_report(message); return;
    case MessageType::done: {
      now_ = link::instant(link::parse<link::Done>(message, link::max_text).body.now_ns);
      return;
    }
    default: return;
  }
}

void ChromeExport::take_channel(const link::Frame& message) {
  const auto declared = link::parse<link::ChannelDeclaration>(message, link::max_text);
  if (message.header.channel != channels_.size() + 1 || channels_.size() == link::max_channels) {
    link::breach(fmt::format("channel {} is declared after {} channels", message.header.channel, channels_.size()));
  }
  channels_.push_back({.kind = static_cast<link::ChannelKind>(declared.body.kind),
                       .base = declared.body.base,
                       .name = declared.text()});
  name_track(message.header.channel, declared.text());
}

void ChromeExport::take_data(Direction from, const link::Frame& message) {
  const auto data = link::parse<link::Data>(message, link::max_payload);
  const std::uint16_t channel = message.header.channel;
  if (channel == 0 || channel > channels_.size()) {
    link::breach(fmt::format("channel {}: there are 1 to {}", channel, channels_.size()));
  }
  event(fmt::format(R"({{"ph":"i","s":"t","pid":1,"tid":{},"name":"{}","ts":{},"args":{{"bytes":{},"data":{}}}}})",
                    channel, from == Direction::from_simulator ? "input" : "output",
                    microseconds(link::instant(data.body.at_ns).since_origin()), data.tail.size(),
                    quoted(payload_text(channels_[channel - 1U], from, data.tail, most_shown))));
}

void ChromeExport::take_report(const link::Frame& message) {
  const auto report = link::parse<link::Report>(message);
  const time::Instant now = link::instant(report.now_ns);
  const auto reason = wire::to_string(static_cast<wire::StopReason>(report.reason <= 0xff ? report.reason : 0));
  // A guest that goes back in time without a word breaks the protocol, and would make a span of negative length.
  const time::Duration span = std::max(now - now_, time::Duration::zero());
  event(fmt::format(
      R"({{"ph":"X","pid":1,"tid":{},"name":"running","ts":{},"dur":{},"args":{{"until":{},"exit_status":{}}}}})",
      guest_track, microseconds(now_.since_origin()), microseconds(span), quoted(reason), report.exit_status));
  now_ = now;
}

}  // namespace fermata::record
