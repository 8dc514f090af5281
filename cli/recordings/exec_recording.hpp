// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "fermata/record/writer.hpp"
#include "fermata/time/instant.hpp"

namespace fermata::cli {

/// A recording of a run over qqq: its grants and reports as those of link v1, of a guest without channels. Throws
/// base::Error (host_failure) as record::Writer does.
class ExecRecording {
 public:
  explicit ExecRecording(const std::string& path);

  void grant(time::Instant horizon);
  /// The guest stands at `now`; what was recorded until then is in the file afterwards.
  void report(time::Instant now);
  void close() { writer_.close(); }

 private:
  record::Writer writer_;
  std::uint64_t grants_ = 0;
  std::uint64_t reports_ = 0;
};

}  // namespace fermata::cli
