// SPDX-License-Identifier: MIT
#include "fermata/record/text.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "fermata/base/error.hpp"
#include "fermata/time/units.hpp"
#include "fermata/trace/record.hpp"
#include "fermata/wire/link/dma.hpp"
#include "fermata/wire/stop.hpp"

namespace fermata::record {

namespace link = wire::link;
using link::ChannelKind;
using link::MessageType;

namespace {

std::string_view to_string(GuestEvent::Kind kind) {
  switch (kind) {
    case GuestEvent::Kind::started: return "started";
    case GuestEvent::Kind::channel: return "channel";
    case GuestEvent::Kind::input: return "input";
    case GuestEvent::Kind::output: return "output";
    case GuestEvent::Kind::reset: return "reset";
    case GuestEvent::Kind::powered_off: return "powered_off";
    case GuestEvent::Kind::panicked: return "panicked";
    case GuestEvent::Kind::error: return "error";
    case GuestEvent::Kind::checkpoint: return "checkpoint";
    case GuestEvent::Kind::restored: return "restored";
    case GuestEvent::Kind::dropped: return "dropped";
  }
  return "unknown";
}

std::string escaped(std::span<const std::byte> bytes) {
  return trace::escape({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

std::string seconds(std::int64_t ns) { return time::to_seconds_string(time::Duration::nanoseconds(ns)); }

std::string mmio_text(Direction from, std::span<const std::byte> payload) {
  if (from == Direction::from_simulator) {
    const link::MmioAnswer answer = link::MmioAnswer::from(payload);
    return fmt::format("answer to={} value={:#x}", answer.request, answer.value);
  }
  const link::MmioRequest request = link::MmioRequest::from(payload);
  return request.is_write != 0
             ? fmt::format("write offset={:#x} width={} value={:#x}", request.offset, request.width, request.value)
             : fmt::format("read offset={:#x} width={}", request.offset, request.width);
}

std::string hexadecimal(std::span<const std::byte> bytes, std::size_t most) {
  std::string text;
  for (const std::byte byte : bytes.first(std::min(bytes.size(), most))) {
    text += fmt::format("{:02x}", std::to_integer<unsigned>(byte));
  }
  return text + (bytes.size() > most ? "..." : "");
}

// What breaks the protocol is told as what it is.
bool is_dma_payload(Direction from, std::span<const std::byte> payload) {
  return (from == Direction::from_simulator ? link::why_not_dma_request(payload) : link::why_not_dma_reply(payload))
      .empty();
}

std::string names_of(std::uint32_t abilities) {
  std::string names;
  for (const auto& [bit, name] :
       {std::pair{link::ability_exact, "exact"}, std::pair{link::ability_reactive, "reactive"},
        std::pair{link::ability_present, "present"}, std::pair{link::ability_checkpoints, "checkpoints"},
        std::pair{link::ability_raise, "raise"}, std::pair{link::ability_progress, "progress"},
        std::pair{link::ability_clocks, "clocks"}, std::pair{link::ability_dma, "dma"}}) {
    if ((abilities & bit) != 0) {
      names += fmt::format("{}{}", names.empty() ? "" : ",", name);
      abilities &= ~static_cast<std::uint32_t>(bit);
    }
  }
  return abilities == 0 ? names : fmt::format("{}{}{:#x}", names, names.empty() ? "" : ",", abilities);
}

std::string reason_text(std::uint32_t reason) {
  const std::string_view name = wire::to_string(static_cast<wire::StopReason>(reason <= 0xff ? reason : 0));
  return fmt::format("{}", name);
}

std::string deadline_text(std::int64_t ns) {
  return ns == link::deadline_busy ? "busy" : ns == link::deadline_none ? "none" : seconds(ns);
}

}  // namespace

std::string payload_text(ChannelKind kind, Direction from, std::span<const std::byte> payload, std::size_t most) {
  const auto shown = payload.first(std::min(payload.size(), most));
  const std::string_view more = shown.size() < payload.size() ? "..." : "";
  if (kind == ChannelKind::serial) {
    return escaped(shown) + std::string(more);
  }
  if (kind == ChannelKind::line && payload.size() == 1) {
    return fmt::format("level={}", std::to_integer<unsigned>(payload[0]));
  }
  const bool is_answer = from == Direction::from_simulator;
  if (kind == ChannelKind::mmio &&
      payload.size() == (is_answer ? sizeof(link::MmioAnswer) : sizeof(link::MmioRequest))) {
    return mmio_text(from, payload);
  }
  return fmt::format("{} {}", payload.size(), hexadecimal(payload, most));
}

std::string dma_text(Direction from, std::span<const std::byte> payload, std::size_t most) {
  const auto data_text = [most](std::span<const std::byte> data) {
    return data.empty() ? "" : " data=" + hexadecimal(data, most);
  };
  if (!is_dma_payload(from, payload)) {
    return fmt::format("{} {}", payload.size(), hexadecimal(payload, most));
  }
  if (from == Direction::from_guest) {
    const auto [head, data] = link::DmaReply::from(payload);
    return fmt::format("to={} {}{}", head.request, link::to_string(head.status), data_text(data));
  }
  const auto [head, data] = link::DmaRequest::from(payload);
  const std::string_view kind = link::to_string(head.kind);
  return fmt::format("{} address={:#x} length={}{}",
                     kind == "unknown" ? fmt::format("kind={}", static_cast<std::uint32_t>(head.kind)) : kind,
                     head.address, head.length, data_text(data));
}

std::string payload_text(const link::Channel& channel, Direction from, std::span<const std::byte> payload,
                         std::size_t most) {
  return link::is_dma(channel) ? dma_text(from, payload, most) : payload_text(channel.kind, from, payload, most);
}

std::string to_line(const GuestEvent& event, std::size_t most) {
  std::string line = fmt::format("{} {}", time::to_seconds_string(event.at), to_string(event.kind));
  switch (event.kind) {
    case GuestEvent::Kind::channel: return line + fmt::format(" {} {}", event.channel, event.text);
    case GuestEvent::Kind::input:
    case GuestEvent::Kind::output: {
      const Direction from = event.kind == GuestEvent::Kind::input ? Direction::from_simulator : Direction::from_guest;
      return line + fmt::format(" {} {}", event.text,
                                event.is_dma ? dma_text(from, event.payload, most)
                                             : payload_text(event.channel_kind, from, event.payload, most));
    }
    case GuestEvent::Kind::powered_off: return line + fmt::format(" exit_status={}", event.number);
    case GuestEvent::Kind::checkpoint:
    case GuestEvent::Kind::restored: return line + " " + event.text;
    case GuestEvent::Kind::dropped: return line + fmt::format(" {} {}", event.text, event.number);
    default: return line;
  }
}

std::string Narrator::Line::to_string() const { return time::to_seconds_string(at) + " " + text; }

Narrator::Line Narrator::tell(Direction from, const link::Frame& message, std::size_t most) {
  Line line{.at = now_};
  try {
    line.text = words(from, message, most, line);
  } catch (const base::Error& error) {
    line.text = fmt::format("broken type={} bytes={}: {}", static_cast<unsigned>(message.header.type),
                            message.bytes.size(), error.what());
  }
  return line;
}

const link::Channel& Narrator::channel_of(const link::Frame& message) const {
  const std::uint16_t number = message.header.channel;
  if (number == 0 || number > channels_.size()) {
    link::breach(fmt::format("channel {}: there are 1 to {}", number, channels_.size()));
  }
  return channels_[number - 1U];
}

std::string Narrator::words(Direction from, const link::Frame& message, std::size_t most, Line& line) {
  const auto text_of = [](const std::string& text) { return trace::escape(text); };
  switch (message.header.type) {
    case MessageType::hello: {
      const auto hello = link::parse<link::Hello>(message, link::max_text);
      return fmt::format("hello {} version={}.{} needs={}", text_of(hello.text()), hello.body.major, hello.body.minor,
                         names_of(hello.body.needs));
    }
    case MessageType::welcome: {
      const std::string text = welcome(message);
      line.at = now_;
      return text;
    }
    case MessageType::channel: return channel(message);
    case MessageType::select:
      line.channel = channel_of(message).name;
      return fmt::format("select {} flags={}", line.channel, link::parse<link::Select>(message).flags);
    case MessageType::refuse:
      return fmt::format("refuse {}: {}", from == Direction::from_guest ? "guest" : "simulator",
                         text_of(link::parse<link::Refuse>(message, link::max_text).text()));
    case MessageType::bye: return "bye";
    case MessageType::input:
    case MessageType::output: return datum(from, message, most, line);
    case MessageType::grant: {
      const auto grant = link::parse<link::Grant>(message);
      return fmt::format("grant horizon={} reports={}", seconds(grant.horizon_ns), grant.reports);
    }
    case MessageType::report: {
      const std::string text = report(message);
      line.at = now_;
      return text;
    }
    case MessageType::milestones: {
      const auto asked = link::parse<link::AskMilestones>(message);
      return fmt::format("milestones first={} interval={}", seconds(asked.first_ns), seconds(asked.interval_ns));
    }
    case MessageType::progress:
      line.at = now_ = link::instant(link::parse<link::TellProgress>(message).now_ns);
      return "progress";
    case MessageType::follow: {
      const auto follow = link::parse<link::Follow>(message);
      return fmt::format("follow clock={} distance={}", follow.clock, seconds(follow.distance_ns));
    }
    case MessageType::dropped:
      line.channel = channel_of(message).name;
      return fmt::format("dropped {} {}", line.channel, link::parse<link::Dropped>(message).inputs);
    case MessageType::checkpoint:
    case MessageType::restore:
      return fmt::format("{} {}", message.header.type == MessageType::checkpoint ? "checkpoint" : "restore",
                         text_of(link::parse<link::Named>(message, link::max_checkpoint_name).text()));
    case MessageType::done: {
      const auto done = link::parse<link::Done>(message, link::max_text);
      line.at = now_ = link::instant(done.body.now_ns);
      return done.body.status == 0 ? "done" : fmt::format("done status={}: {}", done.body.status, text_of(done.text()));
    }
  }
  return fmt::format("unknown type={} bytes={}", static_cast<unsigned>(message.header.type), message.bytes.size());
}

std::string Narrator::welcome(const link::Frame& message) {
  const auto parsed = link::parse<link::Welcome>(message, link::max_text);
  now_ = link::instant(parsed.body.now_ns);
  return fmt::format("welcome {} version={}.{} abilities={} channels={}", trace::escape(parsed.text()),
                     parsed.body.major, parsed.body.minor, names_of(parsed.body.abilities), parsed.body.channels);
}

std::string Narrator::channel(const link::Frame& message) {
  const auto [body, tail] = link::parse<link::ChannelDeclaration>(message, link::max_text);
  if (channels_.size() < link::max_channels) {
    channels_.push_back({.kind = static_cast<ChannelKind>(body.kind), .base = body.base, .name = escaped(tail)});
  }
  return fmt::format("channel {} {} {} directions={} timing={} bounds={}/{} base={:#x} extent={:#x}",
                     message.header.channel, escaped(tail), link::to_string(static_cast<ChannelKind>(body.kind)),
                     body.directions, body.timing, body.input_bound, body.output_bound, body.base, body.extent);
}

std::string Narrator::datum(Direction from, const link::Frame& message, std::size_t most, Line& line) {
  const auto data = link::parse<link::Data>(message, link::max_payload);
  const link::Channel& channel = channel_of(message);
  line.at = link::instant(data.body.at_ns);
  line.channel = channel.name;
  return fmt::format("{} {} {}", from == Direction::from_simulator ? "input" : "output", channel.name,
                     payload_text(channel, from, data.tail, most));
}

std::string Narrator::report(const link::Frame& message) {
  const auto body = link::parse<link::Report>(message);
  now_ = link::instant(body.now_ns);
  return fmt::format("report reason={} next={} grants={}{}", reason_text(body.reason),
                     deadline_text(body.next_deadline_ns), body.grants,
                     body.exit_status != 0 ? fmt::format(" exit_status={}", body.exit_status) : "");
}

}  // namespace fermata::record
