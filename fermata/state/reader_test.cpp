// SPDX-License-Identifier: MIT
#include "fermata/state/reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fermata/base/error.hpp"
#include "fermata/state/writer.hpp"

namespace fermata::state {
namespace {

using ::testing::HasSubstr;

std::string complaint(std::span<const std::byte> bytes, auto read) {
  Reader reader(bytes);
  try {
    read(reader);
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::unsupported);
    return error.what();
  }
  return {};
}

TEST(Reader, NamesTheSectionThatIsDamaged) {
  Writer writer;
  writer.section("uart");
  writer.u32(7);
  const auto bytes = writer.take();
  EXPECT_THAT(complaint(bytes, [](Reader& reader) { reader.section("plic"); }), HasSubstr("`plic` does not follow"));
  EXPECT_THAT(complaint(bytes,
                        [](Reader& reader) {
                          reader.section("uart");
                          static_cast<void>(reader.u64());
                        }),
              HasSubstr("`uart`: it ends too early"));
}

TEST(Reader, RefusesAFlagThatIsNone) {
  const std::vector<std::byte> bytes = {std::byte{2}};
  EXPECT_THAT(complaint(bytes, [](Reader& reader) { static_cast<void>(reader.flag()); }), HasSubstr("neither 0 nor 1"));
}

TEST(Reader, RefusesALengthBeyondTheEnd) {
  Writer writer;
  writer.u64(~std::uint64_t{0});
  const auto bytes = writer.take();
  EXPECT_THAT(complaint(bytes, [](Reader& reader) { static_cast<void>(reader.bytes()); }), HasSubstr("too early"));
}

}  // namespace
}  // namespace fermata::state
