// SPDX-License-Identifier: MIT
//
// Files of tests.
#pragma once

#include <filesystem>
#include <string>

#include "fermata/host/unique_fd.hpp"

namespace fermata::test_support {

/// A folder of its own that goes with its handle.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  [[nodiscard]] std::string path(const std::string& name) const { return folder_ / name; }
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

 private:
  std::filesystem::path folder_;
};

/// The content of a file, empty if there is none.
[[nodiscard]] std::string read_file(const std::string& path);
/// A file to append to, made if there is none.
[[nodiscard]] host::UniqueFd create_file(const std::string& path);

}  // namespace fermata::test_support
