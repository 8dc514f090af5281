// SPDX-License-Identifier: MIT
//
// Two computers on a simulated network, and one pings the other: see README.md.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "account.hpp"
#include "capture.hpp"
#include "fermata/base/error.hpp"
#include "fermata/time/units.hpp"
#include "network.hpp"
#include "ping_output.hpp"
#include "report.hpp"

namespace ping {
namespace {

// Linux needs a few thousand instructions of 8 ns to send and to receive, and now and then handles its timer meanwhile.
constexpr Duration most_of_pinger = 400_us;

// An option that takes a span such as 10ms.
void add_span(CLI::App& app, const std::string& name, const std::string& help,
              const std::function<void(Duration)>& take, const std::string& otherwise) {
  app.add_option_function<std::string>(
         name,
         [take, name](const std::string& text) {
           try {
             take(fermata::time::parse_duration(text));
           } catch (const fermata::base::BadArgument& error) {
             throw CLI::ValidationError(name, error.what());
           }
         },
         help)
      ->default_str(otherwise)
      ->type_name("TIME");
}

void add_options(CLI::App& app, Settings& settings, double& loss_percent) {
  using fermata::time::to_string;
  app.add_option("--count", settings.count, "how often Linux pings")
      ->check(CLI::Range(1, 65'535))
      ->capture_default_str();
  add_span(
      app, "--interval", "virtual time between two pings", [&](Duration span) { settings.interval = span; },
      to_string(settings.interval));
  add_span(
      app, "--latency", "of the link, each way", [&](Duration span) { settings.link.latency = span; },
      to_string(settings.link.latency));
  app.add_option("--loss", loss_percent, "per cent of the frames that the link loses, on average")
      ->check(CLI::Range(0.0, 100.0))
      ->capture_default_str();
  app.add_option("--seed", settings.link.seed, "of the losses")->capture_default_str();
  add_span(
      app, "--quantum", "virtual time that the guests are granted at once; changes nothing that they see",
      [&](Duration span) { settings.quantum = span; }, "the latency, less an instruction");
  add_span(
      app, "--limit", "host time to wait for one report",
      [&](Duration span) { settings.limit = fermata::host::HostDuration(span.ns()); }, "60s");
  app.add_option("--qemu", settings.qemu, "the QEMU that runs Linux")->capture_default_str();
  app.add_option("--linux-files", settings.linux_folder, "folder with Linux's vmlinux and initramfs.cpio.gz")
      ->capture_default_str();
  app.add_option("--responder", settings.responder, "ELF file that the embedded machine runs")->capture_default_str();
  app.add_option("--output", settings.output, "folder for the recordings, the capture and Linux's console")
      ->capture_default_str();
}

// Ping waits a second for a reply, and its clock in the requests has 32 bits of microseconds.
void check_spans(const Settings& settings) {
  if (settings.interval < 1_ms || settings.interval % 1_ms != Duration::zero() || settings.interval > 3600_s) {
    throw CLI::ValidationError("--interval", "takes whole milliseconds, from one to an hour of them");
  }
  if (settings.interval * settings.count > 3600_s) {
    throw CLI::ValidationError("--count", "takes so many as can be sent within an hour");
  }
  if (settings.link.latency > 400_ms) {
    throw CLI::ValidationError("--latency", "takes 400ms at most, since ping waits a second for the reply");
  }
}

// Nothing if the program is to end with the status given.
std::optional<Settings> read_options(int argc, char** argv, int& status) {
  Settings settings;
  settings.linux_folder = PING_GUEST;
  settings.responder = PING_RESPONDER;
  settings.output = PING_OUTPUT;
  double loss_percent = 10;
  CLI::App app("Two computers on a simulated network, and one pings the other.", "ping_example");
  add_options(app, settings, loss_percent);
  try {
    app.parse(argc, argv);
    check_spans(settings);
  } catch (const CLI::ParseError& error) {
    status = app.exit(error) == 0 ? 0 : 2;
    return std::nullopt;
  }
  settings.link.loss_ppm = static_cast<std::uint32_t>(std::llround(loss_percent * 10'000));
  return settings;
}

// Frames are neither made nor lost but by the link: what the two captures have differs by what it lost.
void check_frames(const Capture& from, const Capture& to, const EthernetLink::Count& count,
                  std::vector<std::string>& faults) {
  const auto is_counted = [](const Capture& capture, bool is_outgoing) {
    return static_cast<std::uint64_t>(
        std::count_if(capture.frames.begin(), capture.frames.end(),
                      [&](const auto& frame) { return frame.is_outgoing == is_outgoing; }));
  };
  const std::uint64_t sent = is_counted(from, true);
  const std::uint64_t arrived = is_counted(to, false);
  if (sent != count.carried + count.lost || arrived != count.carried) {
    faults.push_back(fmt::format("of {} frames that left {} and {} that arrived the link carried {} and lost {}", sent,
                                 from.name, arrived, count.carried, count.lost));
  }
}

int run(const Settings& settings) {
  std::filesystem::create_directories(settings.output);
  fmt::print("Linux on {} pings a responder on the embedded machine\n", settings.qemu);
  std::fflush(stdout);
  ConsoleView view;
  const Outcome outcome = run_network(settings, [&view](Instant at, std::string_view text) { view.take(at, text); });
  std::ofstream(settings.output + "/console.txt") << outcome.console;

  const Capture pinger = read_capture(outcome.linux_recording, std::string(linux_channel), "linux");
  const Capture responder = read_capture(outcome.responder_recording, std::string(responder_channel), "responder");
  write_pcapng(settings.output + "/ping.pcapng", {pinger, responder});

  const PingOutput output = parse_ping_output(outcome.console);
  const std::vector<RoundTrip> trips = find_round_trips(pinger, responder, output);
  print_account(trips, outcome, settings);
  auto faults = find_faults(trips, output, {.latency = settings.link.latency, .most_of_pinger = most_of_pinger});
  check_frames(pinger, responder, outcome.requests, faults);
  check_frames(responder, pinger, outcome.replies, faults);
  for (const std::string& fault : faults) {
    fmt::print("DOES NOT ADD UP: {}\n", fault);
  }
  fmt::print("{:<20} {}\n", "the account", faults.empty() ? "adds up: ok" : "FAILED");
  fmt::print("{:<20} {}/ping.pcapng\n", "capture", settings.output);
  return faults.empty() ? 0 : 1;
}

}  // namespace
}  // namespace ping

int main(int argc, char** argv) {
  try {
    int status = 0;
    const auto settings = ping::read_options(argc, argv, status);
    return settings ? ping::run(*settings) : status;
  } catch (const std::exception& error) {
    fmt::print(stderr, "\nping_example: {}\n", error.what());
    return 1;
  }
}
