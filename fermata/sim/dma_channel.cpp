// SPDX-License-Identifier: MIT
//
// A question to the guest's memory at the instant at which the guest stands, answered before the caller goes on:
//
//   simulator, in the handler of an output       guest, stands at t for that output
//     INPUT at t, GRANT of the same horizon ------> runs what is due at t: the request
//     waits                              <--------- OUTPUT at t, the reply; REPORT, for the channel is reactive
//     goes on, the guest stands at t
//
// What else comes with the reply is as if it had come with the report for which the guest stood before: it goes in
// front of that, and whoever deals with events at present finds it there.
#include "fermata/sim/dma_channel.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "fermata/base/error.hpp"
#include "fermata/sim/link_state.hpp"
#include "fermata/time/units.hpp"

namespace fermata::sim {

using wire::StopReason;
using wire::link::DmaKind;
using wire::link::DmaReply;
using wire::link::DmaRequest;
using wire::link::DmaStatus;
using wire::link::Event;
using wire::link::Output;

namespace {

// Says so before the size is cut to the 32 bits of a request.
void check_size(std::size_t size) {
  if (size == 0 || size > DmaChannel::most) {
    throw base::BadArgument(fmt::format("dma of {} bytes: 1 to {} can be moved at once", size, DmaChannel::most));
  }
}

// A stop at which the guest waits for us.
bool is_standing(const Event& event) {
  const auto* stop = std::get_if<wire::Stop>(&event);
  return stop != nullptr && stop->reason != StopReason::user && stop->reason != StopReason::reset;
}

}  // namespace

// The events of one question, from the first grant to the stop that comes with the reply.
class LinkState::Exchange {
 public:
  Exchange(LinkState& link, std::uint16_t channel) : link_(link), channel_(channel), present_(link.session.now()) {
    while (auto event = link_.session.take()) {
      link_.events.push_back(std::move(*event));
    }
    const auto standing = std::find_if(link_.events.begin(), link_.events.end(), is_standing);
    is_within_handler_ = standing != link_.events.end();
    place_ = static_cast<std::size_t>(standing - link_.events.begin());
    link_.is_asking = true;
  }
  ~Exchange() { link_.is_asking = false; }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  [[nodiscard]] std::vector<std::byte> run(const wire::link::DmaRequest& request, host::HostDuration limit) {
    link_.send_dma(channel_, present_, request, {});
    sequence_ = link_.dma[channel_ - 1U].back().sequence;
    link_.grant(link_.session.horizon());
    link_.wait_for("answer a request to its memory", limit, [this] {
      while (!has_stood_) {
        auto event = link_.session.take();
        if (!event) {
          return false;
        }
        take(std::move(*event));
      }
      return true;
    });
    finish();
    return std::move(*reply_);
  }

 private:
  void take(Event event) {
    if (auto* output = std::get_if<Output>(&event)) {
      has_news_ = true;
      if (output->channel == channel_ && DmaReply::from(output->payload).head.request == sequence_) {
        take_reply(*output);
        return;
      }
    }
    const bool is_stop = is_standing(event);
    if (is_stop && !wire::ends_the_guest(std::get<wire::Stop>(event).reason)) {
      take_stop(std::get<wire::Stop>(event));
      return;
    }
    link_.events.insert(link_.events.begin() + static_cast<std::ptrdiff_t>(place_++), std::move(event));
    if (is_stop) {
      throw base::Error(base::ErrorCode::peer_gone,
                        fmt::format("{} has ended at {} s, while its memory was asked", link_.connection.name,
                                    time::to_seconds_string(present_)));
    }
  }

  void take_reply(Output& output) {
    link_.record_output(output);
    static_cast<void>(link_.match(output));
    if (output.at != present_) {
      link_.accuse(fmt::format("was asked for its memory at {} s, where it stood, and answered for {} s",
                               time::to_seconds_string(present_), time::to_seconds_string(output.at)));
    }
    reply_ = std::move(output.payload);
  }

  // Without a reply it stands for something else on the way, at the same instant: a channel that is full.
  void take_stop(const wire::Stop& stop) {
    stop_ = stop;
    has_stood_ = reply_.has_value();
    if (!has_stood_) {
      link_.note(stop);
      if (!std::exchange(has_news_, false) || stop.reason == StopReason::horizon || stop.now != present_) {
        link_.accuse(fmt::format("was asked for its memory at {} s, and stands at {} s without an answer",
                                 time::to_seconds_string(present_), time::to_seconds_string(stop.now)));
      }
      link_.grant(link_.session.horizon());
    }
  }

  void finish() {
    if (is_within_handler_) {
      std::get<wire::Stop>(link_.events[place_]).next = stop_.next;
      link_.note(stop_);
      return;
    }
    // Nobody is dealing with events: what needs the guest to stand here has to be dealt with before it goes on.
    link_.events.insert(link_.events.begin() + static_cast<std::ptrdiff_t>(place_), stop_);
    while (!link_.events.empty() && link_.take_events(ReadStop::take)) {
    }
  }

  LinkState& link_;
  std::uint16_t channel_;
  time::Instant present_;
  bool is_within_handler_ = false;
  std::size_t place_ = 0;  // where in the events what comes is put
  std::uint64_t sequence_ = 0;
  bool has_news_ = false;  // an output since the last grant
  std::optional<std::vector<std::byte>> reply_;
  wire::Stop stop_;
  bool has_stood_ = false;
};

void LinkState::check_may_ask(std::uint16_t channel) const {
  const std::string& name = session.channels()[channel - 1U].name;
  if (!is_reactive[channel - 1U]) {
    throw base::BadArgument(fmt::format(
        "dma \"{}\": for an answer at once the guest has to stand at it; name the channel in LinkOptions::reactive",
        name));
  }
  if (session.is_running() || is_passing) {
    throw base::BadArgument(
        fmt::format("dma \"{}\": the guest runs; ask while it stands, or in handlers of reads and of reactive "
                    "channels, or for an instant that is to come",
                    name));
  }
}

std::vector<std::byte> LinkState::ask_now(std::uint16_t channel, const wire::link::DmaRequest& request,
                                          host::HostDuration limit) {
  check_may_ask(channel);
  return Exchange(*this, channel).run(request, limit);
}

void DmaChannel::read(time::Instant at, std::uint64_t address, std::size_t size, Done done) {
  check_size(size);
  state().send_dma(number(), at,
                   {{.kind = DmaKind::read, .length = static_cast<std::uint32_t>(size), .address = address}},
                   std::move(done));
}

void DmaChannel::write(time::Instant at, std::uint64_t address, std::span<const std::byte> bytes, Done done) {
  check_size(bytes.size());
  state().send_dma(
      number(), at,
      {{.kind = DmaKind::write, .length = static_cast<std::uint32_t>(bytes.size()), .address = address}, bytes},
      std::move(done));
}

bool DmaChannel::is_reactive() const { return state().is_reactive[number() - 1U]; }

bool DmaChannel::ask_now(const DmaRequest& request, std::span<std::byte> into, host::HostDuration limit) {
  const std::vector<std::byte> payload = state().ask_now(number(), request, limit);
  const auto [head, data] = wire::link::DmaReply::from(payload);
  if (head.status == DmaStatus::unknown_request) {
    throw base::Error(base::ErrorCode::unsupported,
                      fmt::format("{} knows no dma request of kind {}: use a guest of this version", declared().name,
                                  to_string(request.head.kind)));
  }
  if (head.status == DmaStatus::done) {
    std::ranges::copy(data, into.begin());
  }
  return head.status == DmaStatus::done;
}

// Before what takes more than one request: it is done as a whole or not at all, and between them nothing changes.
bool DmaChannel::is_memory(DmaKind kind, std::uint64_t address, std::uint64_t size, host::HostDuration limit) {
  if (size - 1 > std::numeric_limits<std::uint64_t>::max() - address) {
    return false;
  }
  while (size > 0) {
    const auto part =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(size, std::numeric_limits<std::uint32_t>::max()));
    if (!ask_now({{.kind = kind, .length = part, .address = address}}, {}, limit)) {
      return false;
    }
    size -= part;
    address += part;
  }
  return true;
}

bool DmaChannel::read_now(std::uint64_t address, std::span<std::byte> into, host::HostDuration limit) {
  if (into.size() > most && !is_memory(DmaKind::check_read, address, into.size(), limit)) {
    return false;
  }
  bool is_done = true;
  while (is_done && !into.empty()) {
    const auto part = into.first(std::min(into.size(), most));
    const auto length = static_cast<std::uint32_t>(part.size());
    is_done = ask_now({{.kind = DmaKind::read, .length = length, .address = address}}, part, limit);
    into = into.subspan(part.size());
    address += part.size();
  }
  return is_done;
}

bool DmaChannel::write_now(std::uint64_t address, std::span<const std::byte> bytes, host::HostDuration limit) {
  if (bytes.size() > most && !is_memory(DmaKind::check_write, address, bytes.size(), limit)) {
    return false;
  }
  bool is_done = true;
  while (is_done && !bytes.empty()) {
    const auto part = bytes.first(std::min(bytes.size(), most));
    const auto length = static_cast<std::uint32_t>(part.size());
    is_done = ask_now({{.kind = DmaKind::write, .length = length, .address = address}, part}, {}, limit);
    bytes = bytes.subspan(part.size());
    address += part.size();
  }
  return is_done;
}

}  // namespace fermata::sim
