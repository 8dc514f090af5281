// SPDX-License-Identifier: MIT
#include "fermata/base/error.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>

namespace fermata::base {
namespace {

TEST(Error, CarriesCodeAndSentence) {
  const Error error(ErrorCode::peer_gone, "the guest ended");
  EXPECT_EQ(error.code(), ErrorCode::peer_gone);
  EXPECT_STREQ(error.what(), "the guest ended");
}

TEST(Error, HostErrorNamesTheCallAndTheReason) {
  const Error error = host_error("open /nowhere", ENOENT);
  EXPECT_EQ(error.code(), ErrorCode::host_failure);
  EXPECT_STREQ(error.what(), "cannot open /nowhere: No such file or directory");
}

TEST(Error, EveryCodeHasItsWord) {
  for (const auto& [code, word] : {std::pair{ErrorCode::peer_gone, "peer_gone"},
                                   {ErrorCode::timed_out, "timed_out"},
                                   {ErrorCode::protocol_violation, "protocol_violation"},
                                   {ErrorCode::not_found, "not_found"},
                                   {ErrorCode::unsupported, "unsupported"},
                                   {ErrorCode::host_failure, "host_failure"}}) {
    EXPECT_EQ(to_string(code), word);
  }
}

}  // namespace
}  // namespace fermata::base
