// SPDX-License-Identifier: MIT
#include "tests/support/files.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "fermata/base/error.hpp"

namespace fermata::test_support {

TempFolder::TempFolder() {
  std::string name = std::filesystem::temp_directory_path() / "fermata-test-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) {
    throw base::host_error("make a folder " + name, errno);
  }
  folder_ = name;
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

host::UniqueFd create_file(const std::string& path) {
  host::UniqueFd fd(::open(path.c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600));
  if (!fd.is_open()) {
    throw base::host_error("create " + path, errno);
  }
  return fd;
}

}  // namespace fermata::test_support
