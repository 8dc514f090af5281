// SPDX-License-Identifier: MIT
//
// What a grant and its report cost without an emulator: the sessions alone, a transport alone, all of the library.
#include <benchmark/benchmark.h>

#include <array>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>

#include "bench/handshake_peers.hpp"
#include "fermata/base/contract.hpp"
#include "fermata/sim/guest.hpp"
#include "fermata/transport/direct.hpp"
#include "fermata/transport/in_process.hpp"
#include "fermata/transport/shared_memory.hpp"
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

// After a fork each process lets go of the end that is the other one's.
void let_go(transport::UnixSocket& end) { end.close(); }
void let_go(transport::SharedMemory& end) { end.detach(); }

// Starts what is at the other end, in a thread or a process.
template <typename Peer, typename Stream, typename Serve>
std::unique_ptr<Peer> start_peer(Stream& ours, Stream& theirs, Serve serve) {
  if constexpr (std::is_same_v<Peer, bench::ProcessPeer>) {
    auto peer = std::make_unique<Peer>([&ours, &theirs, serve] {
      let_go(ours);
      serve(theirs);
    });
    let_go(theirs);
    return peer;
  } else {
    return std::make_unique<Peer>([&theirs, serve] { serve(theirs); });
  }
}

// A message there and back, without sessions; four bytes are what a grant and its report are in qqq.
template <typename Stream, typename Peer>
void stream(benchmark::State& state) {
  const bench::BusyCores load(state.range(1) != 0);
  auto [ours, theirs] = Stream::make_pair();
  const auto peer = start_peer<Peer>(ours, theirs, [](transport::Stream& end) { bench::echo_to_the_end(end); });
  std::array<std::byte, bench::longest_echo> buffer{};
  const auto message = std::span(buffer).first(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    base::expects(ours.write(message, wait_limit).count == message.size(), "stream: a message fits");
    for (std::size_t got = 0; got < message.size();) {
      const transport::IoResult result = ours.read(message.subspan(got), wait_limit);
      base::expects(result.count > 0, "stream: the peer answers");
      got += result.count;
    }
  }
  ours.close();
}

// Sizes of the message, each with free cores and with another program on every core.
void sizes_and_loads(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"bytes", "busy"})->ArgsProduct({{4, 64}, {0, 1}})->UseRealTime();
}
BENCHMARK(stream<transport::UnixSocket, bench::ProcessPeer>)->Name("unix_socket/processes")->Apply(sizes_and_loads);
BENCHMARK(stream<transport::SharedMemory, bench::ProcessPeer>)->Name("shared_memory/processes")->Apply(sizes_and_loads);
BENCHMARK(stream<transport::UnixSocket, bench::ThreadPeer>)->Name("unix_socket/threads")->Apply(sizes_and_loads);
BENCHMARK(stream<transport::SharedMemory, bench::ThreadPeer>)->Name("shared_memory/threads")->Apply(sizes_and_loads);
BENCHMARK(stream<transport::InProcessStream, bench::ThreadPeer>)->Name("in_process/threads")->Apply(sizes_and_loads);

void advance_all(benchmark::State& state, sim::Guest& guest) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(guest.advance(1_ms, wait_limit));
  }
}

// sim::Guest at one end, the follower at the other, each in a thread or process of its own.
template <typename Stream, typename Peer>
void library(benchmark::State& state) {
  auto [ours, theirs] = Stream::make_pair();
  const auto peer = start_peer<Peer>(ours, theirs, [](Stream& end) { bench::InstantGuest(end).serve_to_the_end(); });
  auto guest = sim::Guest::attach(std::make_unique<Stream>(std::move(ours)));
  advance_all(state, guest);
  guest.close();
}
BENCHMARK(library<transport::UnixSocket, bench::ProcessPeer>)->Name("library/unix_socket/processes")->UseRealTime();
BENCHMARK(library<transport::SharedMemory, bench::ProcessPeer>)->Name("library/shared_memory/processes")->UseRealTime();
BENCHMARK(library<transport::UnixSocket, bench::ThreadPeer>)->Name("library/unix_socket/threads")->UseRealTime();
BENCHMARK(library<transport::SharedMemory, bench::ThreadPeer>)->Name("library/shared_memory/threads")->UseRealTime();
BENCHMARK(library<transport::InProcessStream, bench::ThreadPeer>)->Name("library/in_process/threads")->UseRealTime();

// The same in one thread: the guest acts within the simulator's write.
void library_one_thread(benchmark::State& state) {
  auto [ours, theirs] = transport::DirectStream::make_pair();
  bench::InstantGuest instant_guest(theirs);
  theirs.set_readable_handler([&instant_guest] { instant_guest.serve({}); });
  auto guest = sim::Guest::attach(std::make_unique<transport::DirectStream>(std::move(ours)));
  advance_all(state, guest);
  guest.close();
}
BENCHMARK(library_one_thread)->Name("library/in_process/one_thread");

}  // namespace

BENCHMARK_MAIN();
