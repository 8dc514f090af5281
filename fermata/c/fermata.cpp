// SPDX-License-Identifier: MIT
#include "fermata/c/fermata.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "fermata/c/handles.hpp"
#include "fermata/transport/unix_socket.hpp"

using namespace fermata;
using namespace fermata::c;

namespace {

std::vector<std::string> texts(const char* const* from, std::size_t count, const char* what) {
  require(from != nullptr || count == 0, what);
  std::vector<std::string> all;
  for (std::size_t i = 0; i < count; ++i) {
    require(from[i] != nullptr, what);
    all.emplace_back(from[i]);
  }
  return all;
}

// What this library knows of options of any size: what an older program's lack has its default; what a later one's has
// beyond must not be used.
fermata_options known(const fermata_options& given) {
  constexpr std::size_t oldest_size = offsetof(fermata_options, open_limit_ms) + sizeof given.open_limit_ms;
  constexpr std::size_t largest_size = 4096;  // nobody's: a size that was not filled in
  require(given.size >= oldest_size && given.size <= largest_size,
          "options.size: sizeof(fermata_options) is to be filled in");
  fermata_options options{};
  std::memcpy(&options, &given, std::min(given.size, sizeof options));
  const auto* const bytes = reinterpret_cast<const unsigned char*>(&given);
  require(std::all_of(bytes + std::min(given.size, sizeof options), bytes + given.size,
                      [](unsigned char byte) { return byte == 0; }),
          "options: something is set that this libfermata does not know; a later one is needed");
  return options;
}

sim::LinkOptions options_of(const fermata_options* of_any_version) {
  sim::LinkOptions options;
  if (of_any_version == nullptr) {
    return options;
  }
  const fermata_options given = known(*of_any_version);
  if (given.name != nullptr) {
    options.name = given.name;
  }
  options.channels = texts(given.channels, given.channel_count, "options.channels: NULL");
  options.reactive = texts(given.reactive, given.reactive_count, "options.reactive: NULL");
  options.record = given.record != nullptr ? given.record : "";
  if (given.open_limit_ms != 0) {
    options.handshake_limit = host_duration(given.open_limit_ms);
  }
  require(given.transport == fermata_by_socket || given.transport == fermata_by_shared_memory,
          "options.transport: fermata_by_socket or fermata_by_shared_memory");
  if (given.transport == fermata_by_shared_memory) {
    options.transport = sim::Transport::shared_memory;
  }
  return options;
}

template <typename Open>
fermata_status open(fermata_guest** guest, Open what) noexcept {
  if (guest == nullptr) {
    return fermata_bad_argument;
  }
  *guest = new (std::nothrow) fermata_guest;
  return *guest == nullptr ? fermata_internal : call(*guest, [&] { (*guest)->link.emplace(what()); });
}

void tell(const wire::Stop& stop, fermata_stop* into) {
  if (into != nullptr) {
    *into = {.now_ns = stop.now.since_origin().ns(),
             .reason = static_cast<std::uint32_t>(stop.reason),
             .exit_status = stop.exit_status,
             .is_idle = stop.next.is_idle ? 1 : 0,
             .has_next = stop.next.timer ? 1 : 0,
             .next_ns = stop.next.timer ? stop.next.timer->since_origin().ns() : 0};
  }
}

}  // namespace

uint32_t fermata_abi_version(void) { return fermata_abi_of_header; }

fermata_status fermata_launch(const char* const* argv, size_t argc, const fermata_options* options,
                              fermata_guest** guest) {
  return open(guest, [&] {
    require(argc > 0, "argv: a program is needed");
    return sim::LinkGuest::launch({.arguments = texts(argv, argc, "argv: NULL")}, options_of(options));
  });
}

fermata_status fermata_attach(int descriptor, const fermata_options* options, fermata_guest** guest) {
  return open(guest, [&] {
    auto stream = std::make_unique<transport::UnixSocket>(transport::UnixSocket::adopt(descriptor));
    return sim::LinkGuest::attach(std::move(stream), options_of(options));
  });
}

fermata_status fermata_close(fermata_guest* guest, int64_t grace_ms, int32_t* exit_status) {
  return call(guest, [&] {
    const auto status = link_of(guest).close(host_duration(grace_ms));
    if (exit_status != nullptr) {
      *exit_status = !status ? 0 : status->signal != 0 ? -status->signal : status->code;
    }
  });
}

void fermata_free(fermata_guest* guest) { delete guest; }

const char* fermata_error(const fermata_guest* guest) {
  return guest == nullptr ? "guest: NULL" : guest->error.c_str();
}

fermata_serial* fermata_find_serial(fermata_guest* guest, const char* name) {
  return find(guest, &fermata_guest::serials, name, &sim::LinkGuest::serial);
}
fermata_ethernet* fermata_find_ethernet(fermata_guest* guest, const char* name) {
  return find(guest, &fermata_guest::ethernets, name, &sim::LinkGuest::ethernet);
}
fermata_line* fermata_find_line(fermata_guest* guest, const char* name) {
  return find(guest, &fermata_guest::lines, name, &sim::LinkGuest::line);
}
fermata_mmio* fermata_find_mmio(fermata_guest* guest, const char* name) {
  return find(guest, &fermata_guest::mmios, name, &sim::LinkGuest::mmio);
}

fermata_status fermata_serial_send(fermata_serial* serial, int64_t at_ns, const void* bytes, size_t count) {
  return call_channel(serial, [&] {
    const auto given = bytes_of(bytes, count);
    serial->channel.send(instant(at_ns), {reinterpret_cast<const char*>(given.data()), given.size()});
  });
}

fermata_status fermata_ethernet_send(fermata_ethernet* ethernet, int64_t at_ns, const void* frame, size_t count) {
  return call_channel(ethernet, [&] { ethernet->channel.send(instant(at_ns), bytes_of(frame, count)); });
}

fermata_status fermata_line_set(fermata_line* line, int64_t at_ns, int level) {
  return call_channel(line, [&] { line->channel.set(instant(at_ns), level != 0); });
}

fermata_status fermata_serial_on_output(fermata_serial* serial, fermata_bytes_handler handler, void* context) {
  return call_channel(serial, [&] {
    if (handler == nullptr) {
      serial->channel.on_output({});
      return;
    }
    serial->channel.on_output([handler, context](time::Instant at, std::string_view bytes) {
      handler(context, at.since_origin().ns(), bytes.data(), bytes.size());
    });
  });
}

fermata_status fermata_ethernet_on_output(fermata_ethernet* ethernet, fermata_bytes_handler handler, void* context) {
  return call_channel(ethernet, [&] {
    if (handler == nullptr) {
      ethernet->channel.on_output({});
      return;
    }
    ethernet->channel.on_output([handler, context](time::Instant at, std::span<const std::byte> frame) {
      handler(context, at.since_origin().ns(), frame.data(), frame.size());
    });
  });
}

fermata_status fermata_mmio_on_write(fermata_mmio* mmio, fermata_write_handler handler, void* context) {
  return call_channel(mmio, [&] {
    if (handler == nullptr) {
      mmio->channel.on_write({});
      return;
    }
    mmio->channel.on_write(
        [handler, context](time::Instant at, std::uint64_t offset, unsigned size, std::uint64_t value) {
          handler(context, at.since_origin().ns(), offset, size, value);
        });
  });
}

fermata_status fermata_mmio_on_read(fermata_mmio* mmio, fermata_read_handler handler, void* context) {
  return call_channel(mmio, [&] {
    if (handler == nullptr) {
      mmio->channel.on_read({});
      return;
    }
    mmio->channel.on_read([handler, context](time::Instant at, std::uint64_t offset, unsigned size) {
      std::uint64_t value = 0;
      std::int64_t answer_ns = at.since_origin().ns();
      if (handler(context, answer_ns, offset, size, &value, &answer_ns) != 0) {
        throw HandlerFailed("a read's handler has failed");
      }
      return sim::MmioValue(value, instant(answer_ns));
    });
  });
}

fermata_status fermata_grant(fermata_guest* guest, int64_t horizon_ns) {
  return call(guest, [&] { link_of(guest).grant(instant(horizon_ns)); });
}

fermata_status fermata_wait(fermata_guest* guest, int64_t limit_ms, fermata_stop* stop) {
  return call(guest, [&] { tell(link_of(guest).wait(host_duration(limit_ms)), stop); });
}

fermata_status fermata_poll(fermata_guest* guest, int* has_stopped, fermata_stop* stop) {
  return call(guest, [&] {
    require(has_stopped != nullptr, "has_stopped: NULL");
    *has_stopped = 0;
    if (const auto found = link_of(guest).poll()) {
      *has_stopped = 1;
      tell(*found, stop);
    }
  });
}

fermata_status fermata_run_until(fermata_guest* guest, int64_t horizon_ns, int64_t limit_ms, fermata_stop* stop) {
  return call(guest, [&] { tell(link_of(guest).run_until(instant(horizon_ns), host_duration(limit_ms)), stop); });
}

fermata_status fermata_run_until_output(fermata_guest* guest, int64_t horizon_ns, int64_t limit_ms,
                                        fermata_stop* stop) {
  return call(guest,
              [&] { tell(link_of(guest).run_until_output(instant(horizon_ns), host_duration(limit_ms)), stop); });
}

fermata_status fermata_run_ahead(fermata_guest* guest, int64_t end_ns, int64_t quantum_ns, int64_t distance_ns,
                                 fermata_quantum_handler on_quantum, void* context, int64_t limit_ms,
                                 fermata_stop* stop) {
  return call(guest, [&] {
    sim::LinkGuest& link = standing_link_of(guest);
    const sim::Ahead ahead{.quantum = time::Duration::nanoseconds(quantum_ns),
                           .distance = time::Duration::nanoseconds(distance_ns)};
    const auto take_quantum = [on_quantum, context](time::Instant reached) {
      if (on_quantum != nullptr && on_quantum(context, reached.since_origin().ns()) != 0) {
        throw HandlerFailed("a quantum's handler has failed");
      }
    };
    tell(link.run_ahead(instant(end_ns), ahead, take_quantum, host_duration(limit_ms)), stop);
  });
}

int64_t fermata_now(const fermata_guest* guest) {
  return guest == nullptr || !guest->link ? -1 : guest->link->now().since_origin().ns();
}

int64_t fermata_earliest_input(const fermata_guest* guest) {
  return guest == nullptr || !guest->link ? -1 : guest->link->earliest_input().since_origin().ns();
}

fermata_status fermata_checkpoint(fermata_guest* guest, const char* name, int64_t limit_ms) {
  return call(guest, [&] {
    require(name != nullptr, "name: NULL");
    standing_link_of(guest).checkpoint(name, host_duration(limit_ms));
  });
}

fermata_status fermata_restore(fermata_guest* guest, const char* name, int64_t limit_ms) {
  return call(guest, [&] {
    require(name != nullptr, "name: NULL");
    standing_link_of(guest).restore(name, host_duration(limit_ms));
  });
}
