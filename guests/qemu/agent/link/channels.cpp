// SPDX-License-Identifier: GPL-2.0-or-later
//
// A checkpoint, seen from the vCPU thread, which waits for an order in Follower::serve:
//
//   vCPU thread, no lock              QEMU's main thread
//   session: checkpoint(name)
//     snapshots_->save() ------------> savevm: stop the vCPUs ...
//   lets go, stands still              ... write the image, let them go on; is_done_
//   waits for an order again
//   waiting(): session->done()
#include "guests/qemu/agent/link/channels.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "fermata/base/error.hpp"

namespace fermata::qemu::link {
namespace {

// Takes the lock, unless the thread has it: a hand-shake at once is made with it.
class Locked {
 public:
  explicit Locked(QemuHost& host) : host_(host.has_lock() ? nullptr : &host) {
    if (host_ != nullptr) {
      host_->lock();
    }
  }
  ~Locked() {
    if (host_ != nullptr) {
      host_->unlock();
    }
  }
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;

 private:
  QemuHost* host_;
};

}  // namespace

Channels::Channels(QemuHost& host, HeldMachine& machine, Snapshots& snapshots, std::vector<std::unique_ptr<End>> ends)
    : host_(&host),
      machine_(&machine),
      snapshots_(&snapshots),
      ends_(std::move(ends)),
      inputs_(ends_.size()),
      kept_(ends_.size()),
      rooms_(ends_.size()) {
  machine.set_inputs(*this);
  for (std::size_t i = 0; i < ends_.size(); ++i) {
    ends_[i]->set_output([this, channel = static_cast<std::uint16_t>(i + 1)](std::span<const std::byte> payload) {
      output(channel, payload);
    });
  }
}

std::unique_ptr<wire::GuestSession> Channels::make_session(const std::string& name, std::uint32_t with,
                                                           const guest::KeptClocks* clocks) {
  wire::link::GuestSession::Identity identity{.name = name, .abilities = with};
  for (const auto& end : ends_) {
    identity.channels.push_back(end->declared());
    identity.abilities |= wire::link::is_dma(end->declared()) ? wire::link::ability_dma : 0U;
  }
  if (clocks != nullptr) {
    clocks->declare(identity);
  }
  auto session = std::make_unique<wire::link::GuestSession>(std::move(identity), *this);
  session_ = session.get();
  return session;
}

void Channels::input(const wire::link::Datum& input) {
  if (const std::string why = ends_[input.channel - 1U]->why_not_an_input(input.payload); !why.empty()) {
    wire::link::breach(why);
  }
  inputs_.add(input);
}

void Channels::deliver(time::Instant now) {
  for (auto channel = inputs_.due(now); channel && !must_wait(*channel); channel = inputs_.due(now)) {
    End& end = *ends_[*channel - 1U];
    end.deliver(*inputs_.take_due(now));
    session_->dropped(*channel, end.dropped());
  }
}

// A request of few bytes has an answer of many. The guest is to stand then, and goes on with the next grant.
bool Channels::must_wait(std::uint16_t channel) const {
  return wire::link::is_dma(ends_[channel - 1U]->declared()) && session_->is_full(channel, kept_[channel - 1U]);
}

void Channels::output(std::uint16_t channel, std::span<const std::byte> payload) {
  if (machine_->is_exact_here()) {
    tell(channel, machine_->now(), payload);
    return;
  }
  keep(channel, payload);
  if (ends_[channel - 1U]->declared().timing == wire::link::Timing::exact && !std::exchange(has_told_late_, true)) {
    host_->tell_user("note: " + ends_[channel - 1U]->declared().name +
                     " sends in QEMU's main thread: its outputs have the instants at which the guest next stands");
  }
}

// The session is another thread's: what room there was when the machine last stood is what counts, or less.
void Channels::keep(std::uint16_t channel, std::span<const std::byte> payload) {
  late_.push_back({channel, {payload.begin(), payload.end()}});
  kept_[channel - 1U] += payload.size();
  std::size_t& room = rooms_[channel - 1U];
  if (room <= payload.size()) {
    machine_->stop_soon();
  }
  room -= std::min(room, payload.size());
}

// A read stops the guest for its answer, and not for itself, reactive or not.
void Channels::tell(std::uint16_t channel, time::Instant at, std::span<const std::byte> payload) {
  last_output_ = at;
  const bool is_read = ends_[channel - 1U]->declared().kind == wire::link::ChannelKind::mmio &&
                       wire::link::MmioRequest::from(payload).is_write == 0;
  if (session_->output(channel, at, payload) == wire::link::GuestSession::After::stop && !is_read) {
    machine_->stop_here(at, session_->stop_wanted());
  }
}

void Channels::standing(time::Instant now) {
  for (const Late& late : std::exchange(late_, {})) {
    tell(late.channel, now, late.payload);
  }
  std::ranges::fill(kept_, 0);
  for (std::size_t i = 0; i < rooms_.size(); ++i) {
    rooms_[i] = session_->room_for_output(static_cast<std::uint16_t>(i + 1));
  }
}

std::string Channels::why_not_saved(const std::string& name) const {
  if (checkpoints_.size() >= most_checkpoints && !checkpoints_.contains(name)) {
    return fmt::format("{} checkpoints are kept already; save over one of them", most_checkpoints);
  }
  for (const auto& end : ends_) {
    if (std::string why = end->why_not_saved(); !why.empty()) {
      return why;
    }
  }
  return {};
}

Channels::Saved Channels::save() const {
  state::Writer writer;
  inputs_.save(writer);
  for (const auto& end : ends_) {
    end->save(writer);
  }
  for (const DeviceInQemu* device : devices_) {
    device->save(writer);
  }
  return {machine_->horizon(), writer.take()};
}

void Channels::load(const Saved& saved) {
  state::Reader reader(saved.bytes);
  inputs_.load(reader);
  for (const auto& end : ends_) {
    end->load(reader);
  }
  for (DeviceInQemu* device : devices_) {
    device->load(reader);
  }
  machine_->return_to(saved.now);
  last_output_ = saved.now;
  late_.clear();
  std::ranges::fill(kept_, 0);
}

void Channels::checkpoint(const std::string& name) {
  const Locked locked(*host_);
  if (const std::string why = why_not_saved(name); !why.empty()) {
    session_->failed(why);
    return;
  }
  saving_ = save();
  underway_ = name;
  snapshots_->save("fermata-" + name, when_done());
}

void Channels::restore(const std::string& name) {
  if (!checkpoints_.contains(name)) {
    session_->failed("there is no checkpoint \"" + name + '"');
    return;
  }
  for (const auto& end : ends_) {
    end->forget();
  }
  machine_->abandon_instruction();
  underway_ = name;
  snapshots_->load("fermata-" + name, when_done());
}

void Channels::reset() {
  for (DeviceInQemu* device : devices_) {
    device->reset();
  }
}

// Called in QEMU's main thread.
std::function<void(std::string)> Channels::when_done() {
  return [this](std::string error) {
    error_ = std::move(error);
    is_done_ = true;
  };
}

void Channels::waiting() {
  if (is_done_.exchange(false)) {
    finish(error_);
  }
}

void Channels::finish(const std::string& error) {
  const auto saved = std::exchange(saving_, std::nullopt);
  if (!error.empty()) {
    session_->failed("QEMU: " + error + (saved ? " (its snapshots need a writable qcow2 disk)" : ""));
    return;
  }
  if (saved) {
    checkpoints_[underway_] = *saved;
  } else {
    const Locked locked(*host_);
    load(checkpoints_.at(underway_));
  }
  session_->done(machine_->horizon());
}

}  // namespace fermata::qemu::link
