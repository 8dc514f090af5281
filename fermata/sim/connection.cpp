// SPDX-License-Identifier: MIT
#include "fermata/sim/connection.hpp"

#include <fmt/format.h>

#include <initializer_list>
#include <utility>

#include "fermata/base/error.hpp"
#include "fermata/time/units.hpp"
#include "fermata/transport/shared_memory.hpp"
#include "fermata/transport/unix_socket.hpp"

namespace fermata::sim {
namespace {

// Between the end of the connection and that of the process.
constexpr host::HostDuration exit_limit = std::chrono::seconds(2);

}  // namespace

Connection Connection::launch(host::Command command, const LinkArgument& link, std::string name, trace::Sink* trace) {
  Connection connection{.name = std::move(name), .trace = trace, .stream = nullptr};
  const auto start = [&](std::string value, std::initializer_list<int> descriptors) {
    for (const std::string& more : link.more) {
      value += "," + more;
    }
    command.arguments.insert(command.arguments.end(), {link.option, value});
    command.inherited_descriptors.insert(command.inherited_descriptors.end(), descriptors);
    command.inherited_descriptors.insert(command.inherited_descriptors.end(), link.descriptors.begin(),
                                         link.descriptors.end());
    connection.process.emplace(command);
  };
  if (link.transport == Transport::shared_memory) {
    auto [ours, theirs] = transport::SharedMemory::make_pair();
    ours.keep_apart();
    const auto end = theirs.descriptors();
    start(fmt::format("memory={},life={}", end.memory, end.life_socket), {end.memory, end.life_socket});
    theirs.detach();  // it is the program's now
    connection.stream = std::make_unique<transport::SharedMemory>(std::move(ours));
  } else {
    auto [ours, theirs] = transport::UnixSocket::make_pair();
    start(fmt::format("{}={}", link.key, theirs.descriptor()), {theirs.descriptor()});
    connection.stream = std::make_unique<transport::UnixSocket>(std::move(ours));
  }
  return connection;
}

void Connection::record(trace::RecordKind kind, time::Instant at, const std::string& text) const {
  if (trace != nullptr) {
    trace->write({.at = at, .kind = kind, .text = text});
  }
}

void Connection::throw_gone() {
  std::string how = "it closed the connection";
  if (process) {
    const auto status = process->wait(exit_limit);
    how = status ? "its program ended with " + host::to_string(*status)
                 : "it closed the connection, but its program still runs";
  }
  record(trace::RecordKind::ended, now, how);
  throw base::Error(base::ErrorCode::peer_gone,
                    fmt::format("{} is gone at {} s of virtual time: {}; see what it printed for the reason", name,
                                time::to_seconds_string(now), how));
}

void Connection::throw_timed_out(std::string_view awaited, host::HostDuration limit, std::size_t outstanding) const {
  throw base::Error(
      base::ErrorCode::timed_out,
      fmt::format(
          "{} did not {} within {} s of host time; it stood at {} s and has {} grant{} outstanding. It may be "
          "stopped by its user (QMP stop, a debugger), paused after a panic or shutdown, loop on an exception "
          "without ever finishing an instruction, or simply need longer: look at it, raise the limit, or end it",
          name, awaited, std::chrono::duration<double>(limit).count(), time::to_seconds_string(now), outstanding,
          outstanding == 1 ? "" : "s"));
}

std::optional<host::ExitStatus> Connection::close(host::HostDuration grace) {
  stream->close();
  if (!process) {
    return std::nullopt;
  }
  if (const auto status = process->wait(grace)) {
    return status;
  }
  return process->terminate(grace);
}

}  // namespace fermata::sim
