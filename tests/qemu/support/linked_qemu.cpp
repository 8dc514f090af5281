// SPDX-License-Identifier: MIT
#include "tests/qemu/support/linked_qemu.hpp"

#include <algorithm>

#include "fermata/sim/qemu.hpp"

namespace fermata::qemu_test {

std::string text_of(const Outputs& outputs) {
  std::string text;
  for (const auto& [at, piece] : outputs) {
    text += piece;
  }
  return text;
}

LinkedQemu::LinkedQemu(const Qemu& qemu, const LinkedOptions& options)
    : guest_([&] {
        const host::UniqueFd messages_file = create_file(folder_.path("messages"));
        auto arguments = qemu.command_line(options.arch, options.guest);
        arguments.insert(arguments.end(), options.more.begin(), options.more.end());
        if (options.threads) {
          arguments.insert(arguments.end(), {"-accel", "tcg,thread=multi"});
        }
        host::Command command =
            sim::qemu_command(std::move(arguments), {.time = options.threads.value_or(sim::TimeFrom::host)});
        command.standard_error = messages_file.get();
        command.inherited_descriptors = options.descriptors;
        sim::LinkOptions link = options.link;
        link.channels = {"serial=console"};
        link.channels.insert(link.channels.end(), options.channels.begin(), options.channels.end());
        return sim::LinkGuest::launch(command, link);
      }()) {
  guest_.serial("console").on_output([outputs = outputs_.get()](time::Instant at, std::string_view text) {
    outputs->emplace_back(at.since_origin().ns(), std::string(text));
  });
}

void LinkedQemu::run_in_quanta(time::Instant end, time::Duration quantum) {
  for (time::Instant at = guest_.now(); at < end;) {
    at = std::min(end, at + quantum);
    guest_.run_until(at, limit);
  }
}

Outputs LinkedQemu::run_until_it_says(const std::string& what, time::Duration quantum) {
  const time::Instant latest = guest_.now() + 20_s;
  while (text_of(*outputs_).find(what) == std::string::npos && guest_.now() < latest) {
    guest_.run_until(guest_.now() + quantum, limit);
  }
  EXPECT_NE(text_of(*outputs_).find(what), std::string::npos) << "not said: " << what << "\n" << messages();
  return take_outputs();
}

}  // namespace fermata::qemu_test
