// SPDX-License-Identifier: MIT
// The stream between two processes, one of which may die.
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstddef>
#include <functional>
#include <numeric>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "fermata/transport/shared_memory.hpp"

namespace fermata::transport {
namespace {

using namespace std::chrono_literals;

constexpr auto long_enough = 30s;  // a limit for what must come, not a delay
constexpr std::size_t capacity = 4096;
constexpr std::size_t room = capacity / 64 * 60;  // for the stream's bytes

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

bool read_all(Stream& stream, std::span<std::byte> into) {
  while (!into.empty()) {
    const IoResult got = stream.read(into, long_enough);
    if (got.count == 0) {
      return false;
    }
    into = into.subspan(got.count);
  }
  return true;
}

bool write_all(Stream& stream, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const IoResult put = stream.write(bytes, long_enough);
    if (put.count == 0) {
      return false;
    }
    bytes = bytes.subspan(put.count);
  }
  return true;
}

// A stream whose end b is in a child process. The child ends with what `run` returns, without closing its end.
class Child {
 public:
  explicit Child(const std::function<int(SharedMemory&)>& run) : pid_(::fork()) {
    EXPECT_GE(pid_, 0);
    if (pid_ == 0) {
      ends_.first.detach();
      ::_exit(run(ends_.second));
    }
    ends_.second.detach();
  }
  ~Child() {
    if (pid_ > 0) {
      end_by(SIGKILL);
    }
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  [[nodiscard]] SharedMemory& stream() { return ends_.first; }

  // As waitpid tells it.
  int wait() {
    int status = -1;
    ::waitpid(std::exchange(pid_, -1), &status, 0);
    return status;
  }
  void end_by(int signal) {
    ::kill(pid_, signal);
    wait();
  }

 private:
  std::pair<SharedMemory, SharedMemory> ends_ = SharedMemory::make_pair(capacity);
  pid_t pid_;
};

int wait_for_ever(SharedMemory& stream) {
  std::byte byte{};
  while (write_all(stream, bytes_of("ready")) && stream.read({&byte, 1}, 1h).count > 0) {
  }
  return 0;
}

std::string read_text(Stream& stream, std::size_t count) {
  std::string text(count, '\0');
  return read_all(stream, std::as_writable_bytes(std::span(text))) ? text : "";
}

TEST(SharedMemoryPeer, ThatIsKilledIsSeenByAReader) {
  Child child(&wait_for_ever);
  EXPECT_EQ(read_text(child.stream(), 5), "ready");
  child.end_by(SIGKILL);
  const host::Deadline soon(host::HostClock::monotonic(), 1s);
  std::byte byte{};
  EXPECT_EQ(child.stream().read({&byte, 1}, long_enough), IoResult{.is_end = true});
  EXPECT_FALSE(soon.has_passed());
  EXPECT_EQ(child.stream().read({&byte, 1}, 0s), IoResult{.is_end = true}) << "and again";
  EXPECT_EQ(child.stream().write({&byte, 1}, 0s), IoResult{.is_end = true}) << "also by a writer, once it is known";
}

TEST(SharedMemoryPeer, ThatIsKilledIsSeenByAReaderThatIsAsleep) {
  Child child([](SharedMemory& stream) {
    std::byte byte{};
    static_cast<void>(stream.read({&byte, 1}, long_enough));
    ::raise(SIGKILL);
    return 0;
  });
  std::byte byte{};
  EXPECT_EQ(child.stream().read({&byte, 1}, 20ms), IoResult{}) << "longer than any spin";
  EXPECT_EQ(child.stream().write(bytes_of("x"), 0s).count, 1U);
  const host::Deadline soon(host::HostClock::monotonic(), 1s);
  EXPECT_EQ(child.stream().read({&byte, 1}, long_enough), IoResult{.is_end = true});
  EXPECT_FALSE(soon.has_passed());
  EXPECT_TRUE(WIFSIGNALED(child.wait()));
}

TEST(SharedMemoryPeer, ThatIsKilledIsSeenByAReaderThatNeverWaits) {
  Child child(&wait_for_ever);
  EXPECT_EQ(read_text(child.stream(), 5), "ready");
  child.end_by(SIGKILL);
  const host::Deadline soon(host::HostClock::monotonic(), 1s);
  std::byte byte{};
  IoResult result;
  while (!result.is_end && !soon.has_passed()) {
    result = child.stream().read({&byte, 1}, 0s);
  }
  EXPECT_EQ(result, IoResult{.is_end = true});
}

TEST(SharedMemoryPeer, ThatIsKilledIsSeenByAWriterWithoutRoom) {
  Child child([](SharedMemory& stream) { return write_all(stream, bytes_of("ready")) ? ::pause() : 1; });
  EXPECT_EQ(read_text(child.stream(), 5), "ready");
  EXPECT_EQ(child.stream().write(bytes_of(std::string(room, 'f')), 0s).count, room);
  child.end_by(SIGKILL);
  EXPECT_EQ(child.stream().write(bytes_of("x"), long_enough), IoResult{.is_end = true});
}

TEST(SharedMemoryPeer, ThatExitsLeavesWhatItWrote) {
  Child child([](SharedMemory& stream) { return write_all(stream, bytes_of("last words")) ? 3 : 1; });
  EXPECT_EQ(WEXITSTATUS(child.wait()), 3);
  EXPECT_EQ(read_text(child.stream(), 10), "last words");
  std::byte byte{};
  EXPECT_EQ(child.stream().read({&byte, 1}, long_enough), IoResult{.is_end = true});
}

TEST(SharedMemoryPeer, AdoptsItsEndByDescriptors) {
  Child child([](SharedMemory& stream) {
    SharedMemory::Descriptors inherited = stream.descriptors();
    inherited.memory = ::dup(inherited.memory);
    inherited.life_socket = ::dup(inherited.life_socket);
    stream.detach();
    SharedMemory adopted = SharedMemory::adopt(inherited);
    return read_text(adopted, 8) == "question" && write_all(adopted, bytes_of("answer")) ? 0 : 1;
  });
  EXPECT_TRUE(write_all(child.stream(), bytes_of("question")));
  EXPECT_EQ(read_text(child.stream(), 6), "answer");
  EXPECT_EQ(child.wait(), 0);
}

// Messages of random sizes, larger than the rings too, whose content follows from the generator that both have.
class Messages {
 public:
  explicit Messages(unsigned seed) : random_(seed) {}

  const std::vector<std::byte>& next() {
    const auto draw = static_cast<unsigned>(random_());
    bytes_.resize(draw % 1000 == 0 ? 2 * capacity + draw % 977 : 1 + draw % 200);
    std::generate(bytes_.begin(), bytes_.end(), [this] { return static_cast<std::byte>(random_()); });
    return bytes_;
  }

 private:
  std::mt19937 random_;
  std::vector<std::byte> bytes_;
};

std::uint32_t checksum(std::span<const std::byte> bytes) {
  return std::accumulate(bytes.begin(), bytes.end(), 0U,
                         [](std::uint32_t sum, std::byte byte) { return sum * 31U + std::to_integer<unsigned>(byte); });
}

bool answer_with_checksums(SharedMemory& stream, int count, unsigned seed) {
  Messages expected(seed);
  for (int i = 0; i < count; ++i) {
    std::vector<std::byte> got(expected.next().size());
    if (!read_all(stream, got)) {
      return false;
    }
    const std::uint32_t sum = checksum(got);
    if (!write_all(stream, std::as_bytes(std::span(&sum, 1)))) {
      return false;
    }
  }
  return true;
}

TEST(SharedMemoryPeer, AnswersAHundredThousandMessagesWithTheirChecksums) {
  constexpr int count = 100'000;
  constexpr int ahead =
      50;  // messages under way, less than there are slots: the rings are full at times and empty at others
  constexpr unsigned seed = 2024;
  Child child([](SharedMemory& stream) { return answer_with_checksums(stream, count, seed) ? 0 : 1; });
  Messages messages(seed);
  std::vector<std::uint32_t> sums;
  int wrong = 0;
  for (int i = 0; i < count + ahead; ++i) {
    if (i < count) {
      const std::vector<std::byte>& message = messages.next();
      sums.push_back(checksum(message));
      ASSERT_TRUE(write_all(child.stream(), message)) << i;
    }
    if (i >= ahead) {
      std::uint32_t sum = 0;
      ASSERT_TRUE(read_all(child.stream(), std::as_writable_bytes(std::span(&sum, 1)))) << i;
      wrong += sum == sums[static_cast<std::size_t>(i - ahead)] ? 0 : 1;
    }
  }
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(child.wait(), 0);
}

// From here on the kernel kills this process at any call but exit_group. False if the host does not offer that.
bool forbid_system_calls() {
  std::array<sock_filter, 4> rules{{
      {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
      {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, SYS_exit_group},
      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS},
  }};
  const sock_fprog program{.len = rules.size(), .filter = rules.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

constexpr int has_no_seccomp = 77;

// How a process ends that runs this where system calls are forbidden, as waitpid tells it.
int status_without_system_calls(const std::function<bool()>& run) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    const bool forbidden = forbid_system_calls();
    ::syscall(SYS_exit_group, forbidden ? (run() ? 0 : 1) : has_no_seccomp);
  }
  int status = -1;
  ::waitpid(pid, &status, 0);
  return status;
}

TEST(SharedMemoryPeer, MovesBytesWithoutASystemCallWhileNobodyHasToWait) {
  std::array<std::byte, 48> block{};
  auto [idle, quiet] = SharedMemory::make_pair(capacity);  // left behind with a side that says it sleeps
  const int waiting = status_without_system_calls([&end = idle, &block] { return end.read(block, 1ms).count == 0; });
  if (WIFEXITED(waiting) && WEXITSTATUS(waiting) == has_no_seccomp) {
    GTEST_SKIP() << "this host has no seccomp";
  }
  EXPECT_TRUE(WIFSIGNALED(waiting)) << "who waits does make calls";
  auto [a, b] = SharedMemory::make_pair(capacity);
  const int moving = status_without_system_calls([&from = a, &to = b, &block] {
    bool moved = true;
    for (int i = 0; i < 1000; ++i) {
      moved = moved && from.write(block, long_enough).count == block.size() &&
              to.read(block, long_enough).count == block.size();
    }
    return moved;
  });
  EXPECT_EQ(moving, 0);
}

}  // namespace
}  // namespace fermata::transport
