// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "fermata/guest/statistics.hpp"
#include "fermata/host/unique_fd.hpp"

namespace fermata::cli {

/// A file that lives in memory and has no name: goes to a child by its descriptor and leaves nothing behind.
class MemoryFile {
 public:
  /// Empty. `name` is what /proc shows. Throws base::Error (host_failure).
  explicit MemoryFile(const char* name);

  [[nodiscard]] int descriptor() const { return fd_.get(); }
  /// Everything that was written to it.
  [[nodiscard]] std::string content() const;

 private:
  host::UniqueFd fd_;
};

/// A guest::Statistics in memory that the guest's process shares; its `layout` is 0 until the guest has found it.
class SharedStatistics {
 public:
  SharedStatistics();
  ~SharedStatistics();
  SharedStatistics(const SharedStatistics&) = delete;
  SharedStatistics& operator=(const SharedStatistics&) = delete;

  [[nodiscard]] int descriptor() const { return file_.descriptor(); }
  /// True once the guest counts here.
  [[nodiscard]] bool is_used() const;
  [[nodiscard]] const guest::Statistics& counts() const { return *counts_; }

 private:
  MemoryFile file_;
  guest::Statistics* counts_;
};

}  // namespace fermata::cli
