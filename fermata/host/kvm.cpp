// SPDX-License-Identifier: MIT
#include "fermata/host/kvm.hpp"

#include <fcntl.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "fermata/host/unique_fd.hpp"

namespace fermata::host {
namespace {

std::string text_of(int error) { return std::generic_category().message(error); }

}  // namespace

KvmExamination examine_kvm(const std::string& device) {
  if (::access(device.c_str(), F_OK) < 0) {
    return {.reason = "it does not exist: this host, or its container, offers no virtualisation"};
  }
  const UniqueFd kvm(::open(device.c_str(), O_RDWR | O_CLOEXEC));
  if (!kvm.is_open()) {
    const int error = errno;
    return {.reason = "it cannot be opened: " + text_of(error) + (error == EACCES ? "; join the group kvm" : "")};
  }
  const int version = ::ioctl(kvm.get(), KVM_GET_API_VERSION, 0);
  if (version < 0) {
    return {.reason = "it does not answer: " + text_of(errno)};
  }
  if (version != KVM_API_VERSION) {
    return {.reason =
                "its API has version " + std::to_string(version) + " instead of " + std::to_string(KVM_API_VERSION)};
  }
  return {.is_usable = true, .reason = "API version " + std::to_string(version)};
}

}  // namespace fermata::host
