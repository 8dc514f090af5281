// SPDX-License-Identifier: MIT
// libFuzzer target: a peer that writes what it likes, where it likes, into the shared memory while an end reads and
// writes. No access may leave the rings; a violation is said once, and then the stream is at its end. Then the memory,
// as it was left, is adopted.
#include <fcntl.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <span>
#include <vector>

#include "fermata/base/error.hpp"
#include "fermata/host/unique_fd.hpp"
#include "fermata/transport/ring/layout.hpp"
#include "fermata/transport/shared_memory.hpp"

using namespace fermata;
using transport::SharedMemory;

namespace {

constexpr std::size_t capacity = 256;

void require(bool holds) {
  if (!holds) {
    std::abort();
  }
}

class Input {
 public:
  explicit Input(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  [[nodiscard]] bool is_empty() const { return bytes_.empty(); }
  // The next `count` bytes as a number, zeros where there are no more.
  std::uint64_t number(std::size_t count) {
    std::uint64_t value = 0;
    const std::size_t have = std::min(count, bytes_.size());
    std::memcpy(&value, bytes_.data(), have);
    bytes_ = bytes_.subspan(have);
    return value;
  }

 private:
  std::span<const std::uint8_t> bytes_;
};

// All the memory, as the peer has it.
class PeersView {
 public:
  explicit PeersView(int descriptor)
      : memory_(::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)) {
    require(memory_ != MAP_FAILED);
  }
  ~PeersView() { ::munmap(memory_, size); }
  PeersView(const PeersView&) = delete;
  PeersView& operator=(const PeersView&) = delete;

  void write_anywhere(Input& input) {
    const std::size_t at = input.number(2) % (size - sizeof(std::uint64_t));
    write(at, input.number(8));
  }
  // Near enough to the truth to get past a check or two.
  void move_position(Input& input) {
    static constexpr std::size_t positions[] = {128, 256, 512, 640};
    const std::size_t at = positions[input.number(1) % 4];
    std::uint64_t value = 0;
    std::memcpy(&value, static_cast<std::byte*>(memory_) + at, sizeof value);
    write(at, value + input.number(2) - 32);
  }
  // Of one of the first laps, with any count.
  void tag_slot(Input& input) {
    const std::size_t at = 4096 + 64 * (input.number(1) % (2 * capacity / 64));
    const auto tag = static_cast<std::uint32_t>(input.number(1) | (input.number(1) % 4) << 8U);
    std::memcpy(static_cast<std::byte*>(memory_) + at, &tag, sizeof tag);
  }

 private:
  static constexpr std::size_t size = transport::ring::region_bytes(capacity);

  void write(std::size_t at, std::uint64_t value) {
    std::memcpy(static_cast<std::byte*>(memory_) + at, &value, sizeof value);
  }

  void* memory_;
};

// An end that must not move anything once it has said that its peer broke the rules.
class Victim {
 public:
  explicit Victim(SharedMemory& stream) : stream_(stream) {}

  void read(std::size_t count) {
    std::vector<std::byte> into(count);
    check([&] { return stream_.read(into, {}); }, count);
  }
  void write(std::size_t count) {
    const std::vector<std::byte> bytes(count, std::byte{0x5a});
    check([&] { return stream_.write(bytes, {}); }, count);
  }

 private:
  template <typename Call>
  void check(Call call, std::size_t most) {
    try {
      const transport::IoResult result = call();
      require(result.count <= std::min(most, capacity));
      require(!has_ended_ || (result.is_end && result.count == 0));
    } catch (const base::Error& error) {
      require(error.code() == base::ErrorCode::protocol_violation && !has_ended_);
      has_ended_ = true;
    }
  }

  SharedMemory& stream_;
  bool has_ended_ = false;
};

void adopt_a_copy(const SharedMemory::Descriptors& end) {
  host::UniqueFd memory(::fcntl(end.memory, F_DUPFD_CLOEXEC, 0));
  host::UniqueFd life(::fcntl(end.life_socket, F_DUPFD_CLOEXEC, 0));
  try {
    SharedMemory adopted = SharedMemory::adopt({memory.get(), life.get(), end.side});
    static_cast<void>(memory.release());
    static_cast<void>(life.release());
    Victim victim(adopted);
    victim.read(2 * capacity);
    victim.write(2 * capacity);
  } catch (const base::Error& error) {
    require(error.code() == base::ErrorCode::unsupported);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto [ours, theirs] = SharedMemory::make_pair(capacity);
  PeersView peer(theirs.descriptors().memory);
  Victim victim(ours);
  for (Input input(std::span(data, size)); !input.is_empty();) {
    switch (input.number(1) % 6) {
      case 0: peer.write_anywhere(input); break;
      case 1: peer.move_position(input); break;
      case 4: peer.tag_slot(input); break;
      case 2: victim.read(input.number(1) * 2); break;
      case 3: victim.write(input.number(1) * 2); break;
      default: theirs.detach(); break;
    }
  }
  if (ours.descriptors().memory >= 0) {
    adopt_a_copy(ours.descriptors());
  }
  return 0;
}
