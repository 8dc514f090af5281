// SPDX-License-Identifier: MIT
// What the C interface does with bad arguments and guests that are not there. A simulator in C with a real guest:
// tests/machine.
#include "fermata/c/fermata.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

namespace {

struct Free {
  void operator()(fermata_guest* guest) const { fermata_free(guest); }
};
using Guest = std::unique_ptr<fermata_guest, Free>;

TEST(CInterface, TellsItsVersion) { EXPECT_EQ(fermata_abi_version(), static_cast<unsigned>(fermata_abi_of_header)); }

TEST(CInterface, AProgramThatIsNotThereIsNotFound) {
  const std::array<const char*, 2> argv{"/nowhere/fermata-machine", "-M"};
  fermata_guest* made = nullptr;
  EXPECT_EQ(fermata_launch(argv.data(), argv.size(), nullptr, &made), fermata_not_found);
  const Guest guest(made);
  ASSERT_NE(guest, nullptr) << "for its words";
  EXPECT_NE(std::string(fermata_error(made)).find("/nowhere/fermata-machine"), std::string::npos);
  EXPECT_EQ(fermata_now(made), -1);
  EXPECT_EQ(fermata_earliest_input(made), -1);
  EXPECT_EQ(fermata_find_serial(made, "serial0"), nullptr);
  EXPECT_EQ(fermata_grant(made, 1000), fermata_bad_argument);
  EXPECT_STREQ(fermata_error(made), "guest: it could not be opened, or has been closed");
  EXPECT_EQ(fermata_close(made, 1, nullptr), fermata_bad_argument);
}

TEST(CInterface, NullIsABadArgumentAndNoCrash) {
  EXPECT_EQ(fermata_launch(nullptr, 0, nullptr, nullptr), fermata_bad_argument);
  fermata_guest* made = nullptr;
  EXPECT_EQ(fermata_launch(nullptr, 0, nullptr, &made), fermata_bad_argument);
  EXPECT_STREQ(fermata_error(made), "argv: a program is needed");
  fermata_free(made);
  EXPECT_EQ(fermata_launch(nullptr, 1, nullptr, &made), fermata_bad_argument);
  EXPECT_STREQ(fermata_error(made), "argv: NULL");
  fermata_free(made);
  EXPECT_EQ(fermata_grant(nullptr, 0), fermata_bad_argument);
  EXPECT_EQ(fermata_wait(nullptr, 0, nullptr), fermata_bad_argument);
  EXPECT_EQ(fermata_run_ahead(nullptr, 1, 1, 1, nullptr, nullptr, 1, nullptr), fermata_bad_argument);
  EXPECT_EQ(fermata_poll(nullptr, nullptr, nullptr), fermata_bad_argument);
  EXPECT_EQ(fermata_serial_send(nullptr, 0, "x", 1), fermata_bad_argument);
  EXPECT_EQ(fermata_ethernet_send(nullptr, 0, "x", 1), fermata_bad_argument);
  EXPECT_EQ(fermata_line_set(nullptr, 0, 1), fermata_bad_argument);
  EXPECT_EQ(fermata_mmio_on_read(nullptr, nullptr, nullptr), fermata_bad_argument);
  EXPECT_EQ(fermata_find_mmio(nullptr, "x"), nullptr);
  EXPECT_STREQ(fermata_error(nullptr), "guest: NULL");
  EXPECT_EQ(fermata_now(nullptr), -1);
  fermata_free(nullptr);
}

// Those of a program that was built with another version of the header.
struct OtherOptions {
  fermata_options known{};
  std::int64_t more = 0;

  // What launching something that is no guest says with them.
  std::pair<fermata_status, std::string> launched(std::size_t size) {
    known.size = size;
    const char* const program = "/bin/true";
    fermata_guest* made = nullptr;
    const fermata_status status = fermata_launch(&program, 1, &known, &made);
    std::pair said(status, std::string(fermata_error(made)));
    fermata_free(made);
    return said;
  }
};

TEST(CInterface, OptionsMayBeOfAnotherVersion) {
  OtherOptions options;
  constexpr std::size_t oldest = offsetof(fermata_options, transport);
  options.known.transport = 77;  // is not theirs
  EXPECT_EQ(options.launched(oldest).first, fermata_peer_gone);
  options.known.transport = fermata_by_shared_memory;
  EXPECT_EQ(options.launched(sizeof options.known).first, fermata_peer_gone);
  EXPECT_EQ(options.launched(sizeof options).first, fermata_peer_gone);
  options.more = std::int64_t{1} << 40;
  const auto& [status, text] = options.launched(sizeof options);
  EXPECT_EQ(status, fermata_bad_argument);
  EXPECT_NE(text.find("a later one is needed"), std::string::npos) << text;
}

TEST(CInterface, OptionsOfNoVersionAreRefused) {
  OtherOptions options;
  for (const std::size_t size : {std::size_t{0}, offsetof(fermata_options, transport) - 1, ~std::size_t{0}}) {
    const auto& [status, text] = options.launched(size);
    EXPECT_EQ(status, fermata_bad_argument) << size;
    EXPECT_NE(text.find("options.size"), std::string::npos) << text;
  }
  options.known.transport = 2;
  const auto& [status, text] = options.launched(sizeof options.known);
  EXPECT_EQ(status, fermata_bad_argument);
  EXPECT_NE(text.find("options.transport"), std::string::npos) << text;
}

TEST(CInterface, AProgramThatIsNoGuestIsGone) {
  const char* const program = "/bin/true";
  fermata_options options{};
  options.size = sizeof options;
  options.name = "nobody";
  fermata_guest* made = nullptr;
  EXPECT_EQ(fermata_launch(&program, 1, &options, &made), fermata_peer_gone);
  EXPECT_NE(std::string(fermata_error(made)).find("nobody is gone"), std::string::npos);
  fermata_free(made);
}

TEST(CInterface, AGuestThatSaysNothingTimesOut) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  fermata_options options{};
  options.size = sizeof options;
  options.open_limit_ms = 1;
  fermata_guest* made = nullptr;
  EXPECT_EQ(fermata_attach(ends[0], &options, &made), fermata_timed_out);
  fermata_free(made);
  ::close(ends[1]);
  EXPECT_EQ(fermata_attach(-1, nullptr, &made), fermata_unsupported);
  fermata_free(made);
}

}  // namespace
