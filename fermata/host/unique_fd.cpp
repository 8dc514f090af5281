// SPDX-License-Identifier: MIT
#include "fermata/host/unique_fd.hpp"

#include <unistd.h>

namespace fermata::host {

void UniqueFd::reset(int fd) {
  if (fd_ >= 0) {
    ::close(fd_);
  }
  fd_ = fd;
}

}  // namespace fermata::host
