// SPDX-License-Identifier: MIT
#include "tests/link_conformance/target.hpp"

#include <algorithm>
#include <filesystem>
#include <map>

namespace fermata::conformance_test {
namespace {

constexpr std::pair<Carrier, const char*> carriers[] = {{Carrier::in_process, "in_process"},
                                                        {Carrier::unix_socket, "unix_socket"},
                                                        {Carrier::shared_memory, "shared_memory"}};

}  // namespace

std::vector<Target> program_targets() {
  std::vector<Target> targets = all_targets();
  std::erase_if(targets, [](const Target& target) { return !target.is_program(); });
  return targets;
}

std::string target_name(const ::testing::TestParamInfo<Target>& info) {
  const Target& target = info.param;
  const auto* carrier = std::find_if(std::begin(carriers), std::end(carriers),
                                     [&](const auto& one) { return one.first == target.carrier; });
  std::string name =
      target.is_machine() ? carrier->second : 'v' + target.guest + '_' + target.arch + '_' + carrier->second;
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
}

std::string text_of(const Outputs& outputs) {
  std::string text;
  for (const auto& [at, piece] : outputs) {
    text += piece;
  }
  return text;
}

sim::Transport transport_of(const Target& target) {
  return target.carrier == Carrier::shared_memory ? sim::Transport::shared_memory : sim::Transport::unix_socket;
}

sim::LinkGuest Guest::open(const Target& target, const Wanted& wanted) {
  if (!target.is_program()) {
    local_ = start_local(wanted);
    return sim::LinkGuest::attach(std::move(local_.stream), wanted.link);
  }
  const host::UniqueFd messages = create_file(folder_.path("messages"));
  host::Command command = command_of(target, wanted, folder_);
  command.standard_error = messages.get();
  sim::LinkOptions link = wanted.link;
  link.transport = transport_of(target);
  const auto channels = channels_of(target, wanted);
  link.channels.insert(link.channels.end(), channels.begin(), channels.end());
  return sim::LinkGuest::launch(command, link);
}

Guest::Guest(const Target& target, const Wanted& wanted) : guest_(open(target, wanted)) {
  guest_.serial("serial0").on_output([outputs = outputs_.get()](Instant at, std::string_view text) {
    outputs->emplace_back(at.since_origin().ns(), std::string(text));
  });
}

void Guest::run_in_quanta(Instant end, Duration quantum) {
  for (Instant at = guest_.now(); at < end;) {
    at = std::min(end, at + quantum);
    guest_.run_until(at, limit);
  }
}

void Conformance::SetUp() {
  if (const std::string why = why_not_here(target()); !why.empty()) {
    GTEST_SKIP() << why;
  }
}

std::string Conformance::lacks(const Wanted& wanted, std::uint32_t abilities) {
  if (!std::filesystem::exists(guest_path(target().arch, wanted.program))) {
    return "there is no guest `" + wanted.program + "` for " + target().arch;
  }
  if (abilities == 0) {
    return "";
  }
  Guest guest(target(), wanted);
  const std::uint32_t missing = abilities & ~guest->abilities();
  return missing == 0 ? ""
                      : "it does not tell of itself: " + wire::link::names_of(missing) + "; but " +
                            wire::link::names_of(guest->abilities());
}

}  // namespace fermata::conformance_test
