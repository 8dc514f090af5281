// SPDX-License-Identifier: GPL-2.0-or-later
#include "guests/qemu/stock/time/offset_probe.hpp"

#if defined(__x86_64__)

#include <fcntl.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "fermata/host/unique_fd.hpp"

namespace fermata::qemu {
namespace {

class Mapping {
 public:
  Mapping(std::size_t size, int fd)
      : size_(size),
        start_(
            ::mmap(nullptr, size, PROT_READ | PROT_WRITE, fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED, fd, 0)) {}
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() {
    if (is_there()) {
      ::munmap(start_, size_);
    }
  }
  [[nodiscard]] bool is_there() const { return start_ != MAP_FAILED; }
  [[nodiscard]] std::byte* bytes() const { return static_cast<std::byte*>(start_); }

 private:
  std::size_t size_;
  void* start_;
};

// The guest's memory: page tables that map its first 2 MB to themselves, and the code.
constexpr std::size_t memory_size = 0x8000;
constexpr std::uint64_t top_table = 0x1000, middle_table = 0x2000, last_table = 0x3000, code_at = 0x4000;
constexpr std::array<std::uint8_t, 3> code = {0x0f, 0x31, 0xf4};  // rdtsc, hlt

// Far more than passes while the guest runs.
constexpr std::int64_t offset_to_see = std::int64_t{1} << 50;

void write_memory(std::byte* memory) {
  const auto put = [memory](std::uint64_t at, std::uint64_t entry) { std::memcpy(memory + at, &entry, sizeof entry); };
  constexpr std::uint64_t present_writable = 0x3, large_page = 0x80;
  put(top_table, middle_table | present_writable);
  put(middle_table, last_table | present_writable);
  put(last_table, present_writable | large_page);
  std::memcpy(memory + code_at, code.data(), code.size());
}

// 64-bit mode: a kernel that runs other modes by interpreting them would answer from its books again.
bool set_registers(int vcpu) {
  kvm_sregs special{};
  if (::ioctl(vcpu, KVM_GET_SREGS, &special) < 0) {
    return false;
  }
  special.cr3 = top_table;
  special.cr4 = 0x20;        // physical address extension
  special.cr0 = 0x80000011;  // paging, protection, and the one bit that is always set
  special.efer = 0x500;      // long mode, enabled and active
  kvm_segment segment{};
  segment.limit = 0xffffffff;
  segment.selector = 0x8;
  segment.type = 0xb;  // code, readable, accessed
  segment.present = 1;
  segment.s = 1;
  segment.l = 1;
  segment.g = 1;
  special.cs = segment;
  segment.selector = 0x10;
  segment.type = 0x3;  // data, writable, accessed
  segment.l = 0;
  segment.db = 1;
  special.ds = special.es = special.ss = segment;
  kvm_regs registers{};
  registers.rip = code_at;
  registers.rflags = 0x2;
  return ::ioctl(vcpu, KVM_SET_SREGS, &special) == 0 && ::ioctl(vcpu, KVM_SET_REGS, &registers) == 0;
}

bool set_offset(int vcpu, std::int64_t offset) {
  kvm_device_attr attribute{};
  attribute.group = KVM_VCPU_TSC_CTRL;
  attribute.attr = KVM_VCPU_TSC_OFFSET;
  attribute.addr = reinterpret_cast<std::uint64_t>(&offset);
  return ::ioctl(vcpu, KVM_SET_DEVICE_ATTR, &attribute) == 0;
}

// What the guest has read, once it has halted.
std::optional<std::int64_t> run(int vcpu, const kvm_run& state) {
  constexpr int most_runs = 100;  // a signal may come
  int result = -1;
  for (int i = 0; i < most_runs && result < 0; ++i) {
    result = ::ioctl(vcpu, KVM_RUN, 0);
    if (result < 0 && errno != EINTR && errno != EAGAIN) {
      return std::nullopt;
    }
  }
  kvm_regs registers{};
  if (result < 0 || state.exit_reason != KVM_EXIT_HLT || ::ioctl(vcpu, KVM_GET_REGS, &registers) < 0) {
    return std::nullopt;
  }
  return static_cast<std::int64_t>(registers.rdx << 32U | registers.rax);
}

}  // namespace

std::optional<bool> do_guests_see_offsets(const std::string& device, const host::CycleCounter& host) {
  const host::UniqueFd kvm(::open(device.c_str(), O_RDWR | O_CLOEXEC));
  const host::UniqueFd machine(kvm.is_open() ? ::ioctl(kvm.get(), KVM_CREATE_VM, 0) : -1);
  const host::UniqueFd vcpu(machine.is_open() ? ::ioctl(machine.get(), KVM_CREATE_VCPU, 0) : -1);
  const int state_size = vcpu.is_open() ? ::ioctl(kvm.get(), KVM_GET_VCPU_MMAP_SIZE, 0) : -1;
  if (state_size < static_cast<int>(sizeof(kvm_run))) {
    return std::nullopt;
  }
  const Mapping state(static_cast<std::size_t>(state_size), vcpu.get());
  const Mapping memory(memory_size, -1);
  if (!state.is_there() || !memory.is_there()) {
    return std::nullopt;
  }
  write_memory(memory.bytes());
  kvm_userspace_memory_region region{};
  region.memory_size = memory_size;
  region.userspace_addr = reinterpret_cast<std::uint64_t>(memory.bytes());
  if (::ioctl(machine.get(), KVM_SET_USER_MEMORY_REGION, &region) < 0 || !set_registers(vcpu.get())) {
    return std::nullopt;
  }
  const std::int64_t before = host.now();
  if (!set_offset(vcpu.get(), offset_to_see - before)) {
    return false;
  }
  const auto seen = run(vcpu.get(), *reinterpret_cast<const kvm_run*>(state.bytes()));
  // Two cores' counters may differ a little.
  const std::int64_t passed = host.now() - before;
  constexpr std::int64_t skew = 1'000'000;
  return seen ? std::optional(*seen >= offset_to_see - skew && *seen <= offset_to_see + passed + skew) : std::nullopt;
}

}  // namespace fermata::qemu

#else

namespace fermata::qemu {

std::optional<bool> do_guests_see_offsets(const std::string& /*device*/, const host::CycleCounter& /*host*/) {
  return std::nullopt;
}

}  // namespace fermata::qemu

#endif
