// SPDX-License-Identifier: MIT
//
// What recording costs: records a second beside copies of the same bytes, and a grant in this process with a recording
// and without.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "fermata/record/codec.hpp"
#include "fermata/record/reader.hpp"
#include "fermata/record/recording_stream.hpp"
#include "fermata/record/writer.hpp"
#include "fermata/sim/link_guest.hpp"
#include "fermata/transport/direct.hpp"
#include "fermata/wire/link/guest_session.hpp"

namespace {

using namespace fermata;
using namespace fermata::time::literals;
using record::Direction;
namespace link = wire::link;

constexpr host::HostDuration wait_limit = std::chrono::seconds(60);

// A file that goes with its handle.
struct TempPath {
  std::string path =
      (std::filesystem::temp_directory_path() / ("fermata_bench_" + std::to_string(::getpid()))).string();
  ~TempPath() { std::filesystem::remove(path); }
};

// A run of quanta of 1 ms with some bytes on a serial line in each: a grant, `outputs` bytes, a report.
std::vector<record::Message> messages(std::size_t count, unsigned outputs) {
  std::vector<record::Message> all;
  std::uint64_t sequence = 0;
  for (std::int64_t quantum = 1; all.size() < count; ++quantum) {
    const auto number = static_cast<std::uint64_t>(quantum);
    auto& grant = all.emplace_back(record::Message{.from = Direction::from_simulator});
    append(grant.bytes, link::Grant{.header = {}, .horizon_ns = quantum * 1'000'000, .reports = number - 1});
    for (unsigned i = 0; i < outputs; ++i) {
      auto& output = all.emplace_back(record::Message{.from = Direction::from_guest});
      const std::array byte{static_cast<std::byte>('a' + i)};
      append(output.bytes, link::MessageType::output, 1,
             link::Data{.header = {}, .at_ns = (quantum - 1) * 1'000'000 + i * 86'800, .sequence = ++sequence}, byte);
    }
    auto& report = all.emplace_back(record::Message{.from = Direction::from_guest});
    append(report.bytes, link::Report{.header = {}, .now_ns = quantum * 1'000'000, .reason = 1, .grants = number});
  }
  return all;
}

std::size_t size_of(const std::vector<record::Message>& all) {
  std::size_t size = 0;
  for (const record::Message& message : all) {
    size += message.bytes.size();
  }
  return size;
}

constexpr std::size_t record_count = 1'000'000;

// As many records a second as the rate says; `flush` as a link's recording does, at each grant and report.
void writer(benchmark::State& state) {
  const auto all = messages(record_count, static_cast<unsigned>(state.range(0)));
  const TempPath file;
  std::size_t file_size = 0;
  for (auto _ : state) {
    record::Writer writer(file.path, record::End::simulator);
    for (const record::Message& message : all) {
      writer.append(message.from, message.bytes);
      if (state.range(1) != 0 && message.frame().header.type != link::MessageType::output) {
        writer.flush();
      }
    }
    writer.close();
    file_size = std::filesystem::file_size(file.path);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(all.size()));
  state.counters["bytes/record"] = static_cast<double>(file_size) / static_cast<double>(all.size());
  state.counters["on the wire"] = static_cast<double>(size_of(all)) / static_cast<double>(all.size());
}
BENCHMARK(writer)
    ->ArgNames({"outputs", "flush"})
    ->ArgsProduct({{0, 8}, {0, 1}})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

// The same bytes by the C library, with nothing made smaller or checked.
void plain_fwrite(benchmark::State& state) {
  const auto all = messages(record_count, static_cast<unsigned>(state.range(0)));
  const TempPath path;
  for (auto _ : state) {
    std::FILE* file = std::fopen(path.path.c_str(), "we");
    for (const record::Message& message : all) {
      benchmark::DoNotOptimize(std::fwrite(message.bytes.data(), 1, message.bytes.size(), file));
    }
    std::fclose(file);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(all.size()));
}
BENCHMARK(plain_fwrite)->ArgName("outputs")->Arg(0)->Arg(8)->Unit(benchmark::kMillisecond)->UseRealTime();

void reader(benchmark::State& state) {
  const auto all = messages(record_count, static_cast<unsigned>(state.range(0)));
  const TempPath file;
  {
    record::Writer writer(file.path, record::End::simulator);
    for (const record::Message& message : all) {
      writer.append(message.from, message.bytes);
    }
  }
  for (auto _ : state) {
    record::Reader reader(file.path);
    while (const record::Message* message = reader.next()) {
      benchmark::DoNotOptimize(message->bytes.data());
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(all.size()));
}
BENCHMARK(reader)->ArgName("outputs")->Arg(0)->Arg(8)->Unit(benchmark::kMillisecond)->UseRealTime();

struct NoPort final : link::GuestSession::Port {
  void input(const link::Datum& /*input*/) override {}
  void checkpoint(const std::string& /*name*/) override {}
  void restore(const std::string& /*name*/) override {}
};

// A grant and its report over link v1, in one thread, the guest being there at once; and the same recorded.
void grant(benchmark::State& state) {
  auto [ours, theirs] = transport::DirectStream::make_pair();
  NoPort port;
  link::GuestSession session({.name = "bench", .abilities = link::ability_exact}, port);
  theirs.set_readable_handler([&session, &end = theirs] {
    std::array<std::byte, 4096> bytes{};
    const auto result = end.read(bytes, {});
    session.receive(std::span(bytes).first(result.count));
    if (const auto* run = std::get_if<wire::RunUntil>(&session.order())) {
      session.stopped({.now = run->horizon});
    }
    while (!session.outgoing().empty()) {
      session.sent(end.write(session.outgoing(), {}).count);
    }
  });
  const TempPath file;
  auto guest = sim::LinkGuest::attach(std::make_unique<transport::DirectStream>(std::move(ours)),
                                      {.record = state.range(0) != 0 ? file.path : ""});
  for (auto _ : state) {
    guest.grant(guest.now() + 1_ms);
    benchmark::DoNotOptimize(guest.wait(wait_limit));
  }
  guest.close();
}
BENCHMARK(grant)->ArgName("recorded")->Arg(0)->Arg(1);

}  // namespace

BENCHMARK_MAIN();
