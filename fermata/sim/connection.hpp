// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fermata/host/child_process.hpp"
#include "fermata/host/clock.hpp"
#include "fermata/time/instant.hpp"
#include "fermata/trace/sink.hpp"
#include "fermata/transport/stream.hpp"

namespace fermata::sim {

/// What carries a link between two programs.
enum class Transport : std::uint8_t {
  unix_socket,    ///< costs system calls, works whatever else the cores do
  shared_memory,  ///< costs none while both ends have a core: docs/protocol/shared-memory.md
};

/// A guest as its simulator has it, whichever protocol they speak: the stream, and the program if it was started here.
/// Its failures name the guest, say where it stood and what may be done. One thread.
struct Connection {
  /// For a guest that does not even read its grants: kilobytes of them fit into a socket.
  static constexpr host::HostDuration write_limit = std::chrono::seconds(10);
  /// Between two looks at what a guest says that takes nothing.
  static constexpr host::HostDuration look_interval = std::chrono::milliseconds(10);
  static constexpr host::HostDuration first_wait = std::chrono::milliseconds(1);

  std::string name;
  trace::Sink* trace = nullptr;
  std::unique_ptr<transport::Stream> stream;
  std::optional<host::ChildProcess> process{};
  time::Instant now{};  ///< of the last report taken

  /// How a program is told of its end of the link: `option` "key=DESCRIPTOR,more", e.g. -link fd=5,serial=console; over
  /// shared memory "memory=M,life=L,more".
  struct LinkArgument {
    std::string option;
    std::string key;
    std::vector<std::string> more{};
    Transport transport = Transport::unix_socket;
    std::vector<int> descriptors{};  ///< that `more` names
  };
  /// Starts a program. Throws base::Error.
  [[nodiscard]] static Connection launch(host::Command command, const LinkArgument& link, std::string name,
                                         trace::Sink* trace);

  void record(trace::RecordKind kind, time::Instant at, const std::string& text) const;
  /// Writes all that a session has to be sent. A guest that takes nothing may wait for what it says to be taken, so
  /// that is, and handed to the session. False for a guest that has gone, and what it cannot be sent is forgotten: what
  /// it said before is still to be read, and may say why. Throws base::Error (timed_out).
  template <typename Session>
  bool flush(Session& session, std::size_t outstanding) {
    std::optional<host::Deadline> deadline;
    while (!session.outgoing().empty()) {
      const transport::IoResult result = stream->write(session.outgoing(), deadline ? look_interval : first_wait);
      session.sent(result.is_end ? session.outgoing().size() : result.count);
      if (result.is_end) {
        return false;
      }
      if (result.count > 0) {
        deadline.reset();
        continue;
      }
      if (!deadline) {
        deadline.emplace(host::HostClock::monotonic(), write_limit);
      } else if (deadline->has_passed()) {
        throw_timed_out("take what it is sent", write_limit, outstanding);
      }
      take_what_has_come(session);
    }
    return true;
  }
  template <typename Session>
  void take_what_has_come(Session& session) {
    std::array<std::byte, 4096> buffer{};
    transport::IoResult result;
    do {
      result = stream->read(buffer, {});
      session.receive(std::span(buffer).first(result.count));
    } while (result.count == buffer.size());
  }
  /// Throws base::Error (peer_gone), with how the program ended.
  [[noreturn]] void throw_gone();
  /// Throws base::Error (timed_out). `awaited` is what the guest did not do: "report".
  [[noreturn]] void throw_timed_out(std::string_view awaited, host::HostDuration limit, std::size_t outstanding) const;
  /// Closes the stream and sees the program out: `grace` to exit, then SIGTERM and as much again, then SIGKILL.
  std::optional<host::ExitStatus> close(host::HostDuration grace);
};

}  // namespace fermata::sim
