// SPDX-License-Identifier: MIT
#include "tests/link_conformance/raw_link.hpp"

#include <array>

#include "fermata/base/error.hpp"

namespace fermata::conformance_test {

RawLink::RawLink(const Target& target, const Wanted& wanted) : connection_{.name = "guest", .stream = nullptr} {
  if (!target.is_program()) {
    local_ = start_local(wanted);
    connection_.stream = std::move(local_.stream);
    return;
  }
  folder_.emplace();
  const host::UniqueFd messages = create_file(folder_->path("messages"));
  host::Command command = command_of(target, wanted, *folder_);
  command.standard_error = messages.get();
  connection_ = sim::Connection::launch(command, {"-link", "fd", channels_of(target, wanted), transport_of(target)},
                                        "guest", nullptr);
}

void RawLink::say(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const transport::IoResult result = connection_.stream->write(bytes, limit);
    if (result.is_end) {
      return;  // the guest has left; what it said is still to be read
    }
    bytes = bytes.subspan(result.count);
  }
}

void RawLink::take_events() {
  while (auto event = session_.take()) {
    if (auto* output = std::get_if<wire::link::Output>(&*event)) {
      outputs_.push_back(std::move(*output));
    } else if (const auto* stop = std::get_if<wire::Stop>(&*event)) {
      stop_ = *stop;
    } else if (std::holds_alternative<wire::link::Progress>(*event)) {
      ++progress_;
    } else if (std::holds_alternative<wire::link::Finished>(*event)) {
      is_done_ = true;
    }
  }
}

void RawLink::take_until(const std::function<bool()>& is_there) {
  const host::Deadline deadline(host::HostClock::monotonic(), limit);
  std::array<std::byte, 4096> bytes{};
  for (take_events(); !is_there(); take_events()) {
    const auto result = connection_.stream->read(bytes, deadline.remaining());
    session_.receive(std::span(bytes).first(result.count));
    if (result.is_end) {
      connection_.throw_gone();
    }
    if (deadline.has_passed()) {
      connection_.throw_timed_out("say what a test waits for", limit, 0);
    }
  }
}

void RawLink::open() {
  flush();
  take_until([this] { return session_.is_open(); });
}

wire::Stop RawLink::run_until(Instant horizon) {
  stop_.reset();
  session_.grant(horizon);
  flush();
  take_until([this] { return stop_ && !session_.is_running(); });
  return *stop_;
}

std::string RawLink::refusal() {
  try {
    take_until([] { return false; });
  } catch (const base::Error& error) {
    return error.code() == base::ErrorCode::unsupported ? error.what() : "";
  }
  return "";
}

}  // namespace fermata::conformance_test
