// SPDX-License-Identifier: MIT
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "cli/recordings/diff.hpp"
#include "cli/recordings/replay.hpp"
#include "cli/recordings/trace.hpp"

namespace fermata::cli {

/// What the options of the commands about recordings are read into.
struct RecordingOptions {
  PrintOptions print{};
  ExportOptions exported{};
  DiffOptions diff{};
  ReplayOptions replay{};
};

/// Adds `trace print`, `trace export`, `diff` and `replay`; the chosen one sets `action`. Both outlive `app`.
void add_recording_commands(CLI::App& app, RecordingOptions& options, std::function<int()>& action);

}  // namespace fermata::cli
