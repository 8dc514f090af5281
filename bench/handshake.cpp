// SPDX-License-Identifier: MIT
//
// What a grant and its report cost without an emulator: the sessions alone, a transport alone, all of the library.
#include <benchmark/benchmark.h>

#include <array>
#include <memory>
#include <optional>
#include <utility>

#include "bench/handshake_peers.hpp"
#include "fermata/base/contract.hpp"
#include "fermata/sim/guest.hpp"
#include "fermata/transport/in_process.hpp"
#include "fermata/transport/unix_socket.hpp"
#include "fermata/wire/qqq_simulator_session.hpp"

namespace {

using namespace fermata;
using namespace fermata::time::literals;

constexpr host::HostDuration wait_limit = std::chrono::seconds(60);

// Both state machines, their bytes carried by hand.
void sessions(benchmark::State& state) {
  wire::QqqSimulatorSession simulator;
  wire::QqqGuestSession guest;
  for (auto _ : state) {
    simulator.grant(1_ms);
    guest.receive(simulator.outgoing());
    simulator.sent(simulator.outgoing().size());
    guest.stopped({.now = std::get<wire::RunUntil>(guest.order()).horizon});
    simulator.receive(guest.outgoing());
    guest.sent(guest.outgoing().size());
    benchmark::DoNotOptimize(simulator.take_report());
  }
}
BENCHMARK(sessions);

// Four bytes there and back, as a grant and its report are, without sessions.
template <typename Stream, typename Peer>
void stream(benchmark::State& state) {
  auto [ours, theirs] = Stream::make_pair();
  const Peer peer([&ours_in_peer = ours, &end = theirs, forked = std::is_same_v<Peer, bench::ProcessPeer>] {
    if (forked) {
      ours_in_peer.close();
    }
    bench::echo_to_the_end(end);
  });
  std::array<std::byte, 4> message{};
  for (auto _ : state) {
    base::expects(ours.write(message, wait_limit).count == message.size(), "stream: a message fits");
    for (std::size_t got = 0; got < message.size();) {
      const transport::IoResult result = ours.read(std::span(message).subspan(got), wait_limit);
      base::expects(result.count > 0, "stream: the peer answers");
      got += result.count;
    }
  }
  ours.close();
}
BENCHMARK(stream<transport::UnixSocket, bench::ThreadPeer>)->Name("unix_socket/threads")->UseRealTime();
BENCHMARK(stream<transport::UnixSocket, bench::ProcessPeer>)->Name("unix_socket/processes")->UseRealTime();
BENCHMARK(stream<transport::InProcessStream, bench::ThreadPeer>)->Name("in_process/threads")->UseRealTime();

void advance_all(benchmark::State& state, sim::Guest& guest) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(guest.advance(1_ms, wait_limit));
  }
}

// sim::Guest at one end, the follower at the other, each in a thread of its own.
template <typename Stream>
void library(benchmark::State& state) {
  auto [ours, theirs] = Stream::make_pair();
  const bench::ThreadPeer peer([&end = theirs] { bench::InstantGuest(end).serve_to_the_end(); });
  auto guest = sim::Guest::attach(std::make_unique<Stream>(std::move(ours)));
  advance_all(state, guest);
  guest.close();
}
BENCHMARK(library<transport::UnixSocket>)->Name("library/unix_socket/threads")->UseRealTime();
BENCHMARK(library<transport::InProcessStream>)->Name("library/in_process/threads")->UseRealTime();

// The same in one thread: the guest acts within the simulator's write.
void library_one_thread(benchmark::State& state) {
  auto [ours, theirs] = transport::InProcessStream::make_pair();
  bench::InstantGuest instant_guest(theirs);
  theirs.set_readable_handler([&instant_guest] { instant_guest.serve({}); });
  auto guest = sim::Guest::attach(std::make_unique<transport::InProcessStream>(std::move(ours)));
  advance_all(state, guest);
  guest.close();
}
BENCHMARK(library_one_thread)->Name("library/in_process/one_thread");

}  // namespace

BENCHMARK_MAIN();
