// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace fermata::cli {

struct PrintOptions {
  std::string file{};
  bool is_guest_only = false;  ///< the guest trace in its order; otherwise all messages as they went
};

struct ExportOptions {
  enum class Format { chrome, pcapng };
  std::string file{};
  Format format = Format::chrome;
  std::string output{};  ///< empty: standard output
};

/// `fermata trace print`: returns the program's exit status, 1 if the recording was cut or damaged; what can be read is
/// printed all the same. Throws base::Error if it is no recording or cannot be read.
[[nodiscard]] int run_print(const PrintOptions& options);

/// `fermata trace export`: the same. Throws base::Error, too, if the output cannot be written, or for a capture of a
/// guest without Ethernet.
[[nodiscard]] int run_export(const ExportOptions& options);

}  // namespace fermata::cli
