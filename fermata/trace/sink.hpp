// SPDX-License-Identifier: MIT
#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "fermata/trace/record.hpp"

namespace fermata::trace {

/// Where records go. A run never reads them back. Calls come from one thread at a time, in the order of the records.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void write(const Record& record) = 0;
};

/// Keeps the records, for tests and for programs that look at them.
class MemorySink final : public Sink {
 public:
  void write(const Record& record) override { records_.push_back(record); }
  [[nodiscard]] const std::vector<Record>& records() const { return records_; }

 private:
  std::vector<Record> records_;
};

/// Writes one line a record to a file, see `to_line`.
class TextFileSink final : public Sink {
 public:
  /// Creates or empties the file. Throws Error (host_failure) if it cannot be written.
  explicit TextFileSink(const std::string& path);
  /// Throws Error (host_failure) when the file system takes no more, e.g. a full disk.
  void write(const Record& record) override;
  /// Writes out what is buffered and closes. Throws Error like `write`; the destructor closes too, but cannot tell.
  void close();

 private:
  struct Closer {
    void operator()(std::FILE* file) const { static_cast<void>(std::fclose(file)); }
  };
  std::string path_;
  std::unique_ptr<std::FILE, Closer> file_;
};

}  // namespace fermata::trace
