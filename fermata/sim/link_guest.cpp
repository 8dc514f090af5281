// SPDX-License-Identifier: MIT
#include "fermata/sim/link_guest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "fermata/base/contract.hpp"
#include "fermata/base/error.hpp"
#include "fermata/record/recording_stream.hpp"
#include "fermata/sim/link_state.hpp"
#include "fermata/time/saturating.hpp"
#include "fermata/time/units.hpp"

namespace fermata::sim {

using wire::link::MessageType;

namespace {

// Its guest does nothing any more that others would have to wait for.
void tell_end(LinkState& link) {
  if (link.clocks != nullptr) {
    link.clocks->tell(link.clock, transport::SharedClocks::ended);
  }
}

}  // namespace

LinkGuest::LinkGuest(std::unique_ptr<LinkState> link, const LinkOptions& options) : link_(std::move(link)) {
  if (!options.record.empty()) {
    std::unique_ptr<transport::Stream>& stream = link_->connection.stream;
    stream = record::recorded(std::move(stream), options.record, record::End::simulator);
  }
  link_->open(options.reactive, options.handshake_limit);
}

LinkGuest::LinkGuest(LinkGuest&&) noexcept = default;

LinkGuest& LinkGuest::operator=(LinkGuest&& other) noexcept {
  std::swap(link_, other.link_);
  return *this;
}

LinkGuest::~LinkGuest() {
  if (link_ != nullptr) {
    link_->connection.stream.reset();
    link_->connection.process.reset();
    tell_end(*link_);
  }
}

LinkGuest LinkGuest::launch(const host::Command& command, const LinkOptions& options) {
  Connection::LinkArgument argument{
      .option = "-link", .key = "fd", .more = options.channels, .transport = options.transport};
  const std::size_t clock = options.clocks != nullptr ? options.clock.value_or(options.clocks->next()) : 0;
  if (options.clocks != nullptr) {
    options.clocks->tell(clock, 0);
    const int descriptor = options.clocks->descriptor();
    argument.more.push_back(fmt::format("clocks={},clock={}", descriptor, clock));
    argument.descriptors.push_back(descriptor);
  }
  LinkState link{.connection = Connection::launch(command, argument, options.name, options.trace),
                 .session = wire::link::SimulatorSession("fermata", options.needs),
                 .clocks = options.clocks,
                 .clock = clock};
  LinkGuest guest(std::make_unique<LinkState>(std::move(link)), options);
  if (options.clocks != nullptr) {
    options.clocks->take(clock);  // of a program that has introduced itself
  }
  return guest;
}

LinkGuest LinkGuest::attach(std::unique_ptr<transport::Stream> stream, const LinkOptions& options) {
  base::expects(stream != nullptr, "LinkGuest: there is a stream to attach to");
  if (options.clocks != nullptr && (!options.clock || *options.clock >= options.clocks->count())) {
    throw base::BadArgument(fmt::format("{}: clock has to say which of the {} shared clocks its program was given",
                                        options.name, options.clocks->count()));
  }
  LinkState link{.connection = {.name = options.name, .trace = options.trace, .stream = std::move(stream)},
                 .session = wire::link::SimulatorSession("fermata", options.needs),
                 .clocks = options.clocks,
                 .clock = options.clock.value_or(0)};
  return {std::make_unique<LinkState>(std::move(link)), options};
}

const std::vector<wire::link::Channel>& LinkGuest::channels() const { return link_->session.channels(); }
std::uint32_t LinkGuest::abilities() const { return link_->session.abilities(); }

std::uint16_t LinkGuest::find(std::string_view name, std::string_view kind) const {
  for (const wire::link::Channel& channel : channels()) {
    if (channel.name == name && kind_of(channel) == kind) {
      return channel.number;
    }
  }
  throw base::BadArgument(
      fmt::format("{} channel \"{}\": {} has {}", kind, name, link_->connection.name, link_->channel_names()));
}

SerialChannel LinkGuest::serial(std::string_view name) { return {*link_, find(name, "serial")}; }
EthernetChannel LinkGuest::ethernet(std::string_view name) { return {*link_, find(name, "ethernet")}; }
LineChannel LinkGuest::line(std::string_view name) { return {*link_, find(name, "line")}; }
MmioChannel LinkGuest::mmio(std::string_view name) { return {*link_, find(name, "mmio")}; }
MessageChannel LinkGuest::message(std::string_view name) { return {*link_, find(name, "message")}; }
DmaChannel LinkGuest::dma(std::string_view name) { return {*link_, find(name, "dma")}; }

void LinkGuest::grant(time::Instant horizon) { link_->grant(horizon); }

wire::Stop LinkGuest::wait(host::HostDuration limit) {
  std::optional<wire::Stop> stop;
  link_->wait_for("report", limit, [&] {
    stop = link_->take_events();
    return stop.has_value();
  });
  return *stop;
}

std::optional<wire::Stop> LinkGuest::poll() {
  auto stop = link_->take_events();
  if (!stop) {
    link_->receive_within({});
    stop = link_->take_events();
  }
  return stop;
}

wire::Stop LinkGuest::run_until_output(time::Instant horizon, host::HostDuration limit) {
  grant(horizon);
  while (true) {
    const wire::Stop stop = wait(limit);
    if (stop.reason == wire::StopReason::full) {
      grant(horizon);
    } else if (stop.reason == wire::StopReason::output || wire::ends_the_guest(stop.reason) || link_->stands()) {
      return stop;
    }
  }
}

wire::Stop LinkGuest::run_until(time::Instant horizon, host::HostDuration limit) {
  wire::Stop stop;
  do {
    stop = run_until_output(horizon, limit);
  } while (stop.reason == wire::StopReason::output);
  return stop;
}

namespace {

// Nothing is gained by hearing of a guest more seldom than this, and on_quantum comes in bursts of it.
constexpr time::Duration longest_between_news = time::Duration::milliseconds(1);

// How often a guest that is kept ahead has to tell where it is: twice within the distance, so that it finds its horizon
// raised while it runs the second half. Each time costs both ends a message, whatever the quantum is.
time::Duration between_news(const Ahead& ahead) {
  const std::int64_t quanta = std::min(ahead.distance / ahead.quantum / 2, longest_between_news / ahead.quantum);
  return ahead.quantum * std::max<std::int64_t>(quanta, 1);
}

// A guest that is kept ahead, from call to call of on_quantum.
class KeptAhead {
 public:
  KeptAhead(LinkState& link, time::Instant end, const Ahead& ahead)
      : link_(link),
        end_(end),
        quantum_(ahead.quantum),
        distance_(ahead.distance),
        between_news_(between_news(ahead)),
        tells_progress_((link.session.abilities() & wire::link::ability_progress) != 0) {
    // Not where it stands, if that is beyond the horizon by a part of an instruction: the same in each run.
    const time::Instant start = std::min(link.session.now(), link.session.horizon());
    if (tells_progress_) {
      link.session.ask_milestones({time::saturating_add(start, between_news_), between_news_});
    }
    wait_for_quantum_after(start);
    link.grant(std::max(horizon_for(start), link.session.horizon()));
  }
  ~KeptAhead() {
    link_.earliest.reset();
    link_.quantum_end.reset();
  }
  KeptAhead(const KeptAhead&) = delete;
  KeptAhead& operator=(const KeptAhead&) = delete;

  // The guest has come to `reached`.
  void take_quanta(time::Instant reached, const std::function<void(time::Instant)>& on_quantum) {
    while (next_ <= reached && next_ <= end_) {
      const time::Instant quantum_end = next_;
      on_quantum(quantum_end);
      wait_for_quantum_after(quantum_end);
      horizon_ = horizon_for(quantum_end);
    }
  }
  // Lets the guest run further; also from where it stands, if it `stands` for something on the way. Not before its
  // report was taken: what it stands for may have to be answered.
  void go_on(bool stands) {
    const time::Instant present = link_.session.horizon();
    if ((horizon_ > present && !link_.has_stop()) || stands) {
      link_.grant(std::max(horizon_, present));
    }
  }
  // The guest stands at the end.
  void finish() {
    if (tells_progress_) {
      link_.session.ask_milestones({});
    }
  }

 private:
  void wait_for_quantum_after(time::Instant instant) {
    next_ = time::saturating_add(instant, quantum_);
    link_.earliest = time::saturating_add(next_, distance_);
    link_.quantum_end = next_ <= end_ ? std::optional(next_) : std::nullopt;
  }
  [[nodiscard]] time::Instant horizon_for(time::Instant reached) const {
    return std::min(end_, time::saturating_add(reached, tells_progress_ ? distance_ : between_news_));
  }

  LinkState& link_;
  time::Instant end_;
  time::Duration quantum_;
  time::Duration distance_;
  time::Duration between_news_;
  bool tells_progress_;
  time::Instant next_;
  time::Instant horizon_;
};

}  // namespace

wire::Stop LinkGuest::run_ahead(time::Instant end, const Ahead& ahead,
                                const std::function<void(time::Instant reached)>& on_quantum,
                                host::HostDuration limit) {
  base::expects(!link_->session.is_running(), "LinkGuest: the guest stands when run_ahead is called");
  if (ahead.quantum <= time::Duration::zero() || ahead.distance < ahead.quantum) {
    throw base::BadArgument(
        fmt::format("ahead = a distance of {} ns, a quantum of {} ns: the quantum is more than 0, "
                    "and the distance at least that",
                    ahead.distance.ns(), ahead.quantum.ns()));
  }
  if (end < link_->session.horizon()) {
    throw base::BadArgument(fmt::format("end = {} s: the horizon was {} s already", time::to_seconds_string(end),
                                        time::to_seconds_string(link_->session.horizon())));
  }
  KeptAhead kept(*link_, end, ahead);
  while (true) {
    std::optional<wire::Stop> stop;
    link_->reached.reset();
    link_->wait_for("report or tell its progress", limit, [&] {
      stop = link_->take_events();
      return stop || link_->reached;
    });
    if (stop && wire::ends_the_guest(stop->reason)) {
      return *stop;
    }
    kept.take_quanta(stop ? stop->now : *link_->reached, on_quantum);
    if (!stop && link_->peek() != nullptr) {
      continue;  // one grant for all that has come
    }
    const bool stands = stop && link_->stands();
    if (stands && stop->reason == wire::StopReason::horizon && stop->now >= end) {
      kept.finish();
      return *stop;
    }
    kept.go_on(stands);
  }
}

bool LinkGuest::is_running() const { return !link_->stands(); }
time::Instant LinkGuest::now() const { return link_->session.now(); }
time::Instant LinkGuest::earliest_input() const {
  if (const auto by_dealing = link_->earliest_by_dealing()) {
    return *by_dealing;
  }
  link_->look_at_clocks();
  return std::max(link_->session.earliest_input(), link_->earliest.value_or(time::Instant::origin()));
}

std::optional<time::Instant> LinkGuest::next_activity() const {
  if (!link_->next.is_idle) {
    return now();
  }
  const auto& timer = link_->next.timer;
  if (link_->inputs.empty()) {
    return timer;
  }
  return timer ? std::min(*timer, link_->inputs.top()) : link_->inputs.top();
}

void LinkGuest::follow(const LinkGuest& other, time::Duration distance) {
  base::expects(!link_->session.is_running(), "LinkGuest: a guest that stands is told whom to follow");
  const LinkState& leader = *other.link_;
  if (link_->clocks == nullptr || leader.clocks != link_->clocks || &leader == link_.get()) {
    throw base::BadArgument(
        fmt::format("{} cannot follow {}: that takes two guests that were launched with the same clocks",
                    link_->connection.name, leader.connection.name));
  }
  link_->session.follow(static_cast<std::uint32_t>(leader.clock), distance);
  link_->flush();
  std::erase_if(link_->followed, [&](const wire::Followed& one) { return one.clock == leader.clock; });
  if (distance > time::Duration::zero()) {
    link_->followed.push_back({.clock = static_cast<std::uint32_t>(leader.clock), .distance = distance});
  }
}

void LinkGuest::record_guest_error(time::Instant at, std::string_view device, const std::string& what) {
  link_->connection.record(trace::RecordKind::guest_error, at, std::string(device) + ": " + what);
}

// Again after a time-out it waits on.
void LinkGuest::finish_named(MessageType type, std::string_view name, host::HostDuration limit) {
  const bool is_restore = type == MessageType::restore;
  const std::string wanted = fmt::format("{} \"{}\"", is_restore ? "restore" : "checkpoint", name);
  if (link_->named.empty()) {
    is_restore ? link_->session.restore(name) : link_->session.checkpoint(name);
    link_->named = wanted;
  } else if (link_->named != wanted) {
    throw base::BadArgument(fmt::format("{}: {} has not answered {} yet; that call again waits on", wanted,
                                        link_->connection.name, link_->named));
  }
  link_->flush();
  link_->wait_for("answer " + wanted, limit, [&] {
    static_cast<void>(link_->take_events(LinkState::ReadStop::take));
    return link_->finished.has_value();
  });
  const auto finished = *std::exchange(link_->finished, std::nullopt);
  link_->named.clear();
  if (!finished.failure.empty()) {
    throw base::Error(base::ErrorCode::unsupported, link_->connection.name + ": " + finished.failure);
  }
  link_->connection.now = finished.now;
}

void LinkGuest::checkpoint(std::string_view name, host::HostDuration limit) {
  finish_named(MessageType::checkpoint, name, limit);
  link_->dma_of_checkpoints[std::string(name)] = link_->dma;
}

void LinkGuest::restore(std::string_view name, host::HostDuration limit) {
  finish_named(MessageType::restore, name, limit);
  if (link_->clocks != nullptr) {
    link_->clocks->tell(link_->clock, link_->connection.now.since_origin().ns());
  }
  link_->read = LinkState::Read::none;
  link_->next = {};
  link_->inputs = {};
  // What the guest had not answered at the checkpoint it answers again, and nothing that was asked for since.
  link_->dma = link_->dma_of_checkpoints[std::string(name)];
  link_->dma.resize(channels().size());
}

std::optional<host::ExitStatus> LinkGuest::close(host::HostDuration grace) {
  const auto status = link_->connection.close(grace);
  tell_end(*link_);
  return status;
}

std::optional<pid_t> LinkGuest::pid() const {
  const auto& process = link_->connection.process;
  return process ? std::optional(process->pid()) : std::nullopt;
}

}  // namespace fermata::sim
