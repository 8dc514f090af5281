// SPDX-License-Identifier: MIT
#include "fermata/bus/registers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace fermata::bus {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Errors final : public GuestErrorLog {
 public:
  void guest_error(std::string_view device, const std::string& what) override {
    lines.push_back(std::string(device) + ": " + what);
  }
  std::vector<std::string> lines;
};

/// A device with a register of each sort.
class Sample {
 public:
  explicit Sample(GuestErrorLog* errors) : registers(*this, table, errors) { registers.reset(); }
  [[nodiscard]] static std::string_view name() { return "sample"; }
  static const Register<Sample> table[6];

  Registers<Sample> registers;
  std::vector<std::pair<unsigned, std::uint64_t>> writes;
  std::uint32_t control = 0;
  std::uint32_t status = 0;
  std::uint64_t wide = 0;

  std::uint64_t read_cell(unsigned index) { return 0x1000 + index; }
  void cell_written(unsigned index, std::uint64_t value) { writes.emplace_back(index, value); }
  std::uint64_t read_wide(unsigned /*index*/) { return wide; }
  void wide_written(unsigned /*index*/, std::uint64_t value) { wide = value; }
  void control_written(unsigned index, std::uint64_t value) { writes.emplace_back(index, value); }
};

constinit const Register<Sample> Sample::table[6] = {
    {.info = {.name = "CONTROL", .offset = 0x00, .reset = 0x50},
     .field = &Sample::control,
     .writable = 0xff,
     .on_write = &Sample::control_written},
    {.info = {.name = "STATUS", .offset = 0x04, .access = RegisterAccess::write_one_to_clear, .reset = 0xff},
     .field = &Sample::status,
     .writable = 0x0f},
    {.info = {.name = "ID", .offset = 0x08, .access = RegisterAccess::read_only, .reset = 0xabcd}},
    {.info = {.name = "GO", .offset = 0x0c, .access = RegisterAccess::write_only},
     .on_write = &Sample::control_written},
    {.info = {.name = "WIDE", .offset = 0x10, .size = 8},
     .on_read = &Sample::read_wide,
     .on_write = &Sample::wide_written},
    {.info = {.name = "CELL", .offset = 0x20, .count = 3, .stride = 8},
     .on_read = &Sample::read_cell,
     .on_write = &Sample::cell_written},
};

struct RegistersTest : ::testing::Test {
  Errors errors;
  Sample sample{&errors};
  std::uint64_t read(Address offset, unsigned size = 4) { return sample.registers.read(offset, size); }
  void write(Address offset, std::uint64_t value, unsigned size = 4) { sample.registers.write(offset, size, value); }
};

TEST_F(RegistersTest, ResetValuesMasksAndHooks) {
  EXPECT_EQ(read(0x00), 0x50U);
  write(0x00, 0xffff'ff12);
  EXPECT_EQ(sample.control, 0x12U);
  EXPECT_THAT(sample.writes, ElementsAre(std::pair(0U, 0xffff'ff12U)));  // the hook gets what was written
  sample.registers.reset();
  EXPECT_EQ(sample.control, 0x50U);
}

TEST_F(RegistersTest, WriteOneToClear) {
  write(0x04, 0x31);
  EXPECT_EQ(read(0x04), 0xfeU);  // the upper bits are not writable
  write(0x04, 0x2, 1);
  EXPECT_EQ(read(0x04), 0xfcU);
}

TEST_F(RegistersTest, ReadOnlyAndWriteOnly) {
  EXPECT_EQ(read(0x08), 0xabcdU);
  write(0x08, 1);
  EXPECT_EQ(read(0x0c), 0U);
  write(0x0c, 5);
  EXPECT_EQ(sample.writes.size(), 1U);
  EXPECT_THAT(errors.lines, ElementsAre("sample: write of 4 bytes at offset 0x8: ID is read-only",
                                        "sample: read of 4 bytes at offset 0xc: GO is write-only"));
}

TEST_F(RegistersTest, PartsOfARegister) {
  write(0x10, 0x1122'3344'5566'7788, 8);
  EXPECT_EQ(read(0x10), 0x5566'7788U);
  EXPECT_EQ(read(0x14), 0x1122'3344U);
  EXPECT_EQ(read(0x12, 2), 0x5566U);
  write(0x17, 0xee, 1);
  write(0x10, 0xffff'ffff'0000'0001);
  EXPECT_EQ(sample.wide, 0xee22'3344'0000'0001U);
  EXPECT_THAT(errors.lines, IsEmpty());
}

TEST_F(RegistersTest, Arrays) {
  EXPECT_EQ(read(0x20), 0x1000U);
  EXPECT_EQ(read(0x30), 0x1002U);
  write(0x28, 9);
  EXPECT_THAT(sample.writes, ElementsAre(std::pair(1U, 9U)));
  EXPECT_THAT(errors.lines, IsEmpty());
  EXPECT_EQ(read(0x24), 0U);  // between two of them
  EXPECT_EQ(read(0x38), 0U);  // beyond the last
  EXPECT_EQ(errors.lines.size(), 2U);
}

TEST_F(RegistersTest, WhatFallsIntoNoSingleRegisterIsAGuestError) {
  EXPECT_EQ(read(0x00, 8), 0U);
  write(0x40, 1);
  write(0x02, 1, 4);
  EXPECT_THAT(errors.lines, ElementsAre("sample: read of 8 bytes at offset 0x0: no register there",
                                        "sample: write of 4 bytes at offset 0x40: no register there",
                                        "sample: write of 4 bytes at offset 0x2: no register there"));
  EXPECT_THAT(sample.writes, IsEmpty());
}

TEST_F(RegistersTest, ErrorsNeedNoLog) {
  Sample silent(nullptr);
  EXPECT_EQ(silent.registers.read(0x40, 4), 0U);
}

TEST_F(RegistersTest, ListThemselves) {
  EXPECT_EQ(Registers<Sample>::describe(Sample::table),
            "0x000 CONTROL 4 bytes, read and write, reset 0x50\n"
            "0x004 STATUS 4 bytes, write one to clear, reset 0xff\n"
            "0x008 ID 4 bytes, read only, reset 0xabcd\n"
            "0x00c GO 4 bytes, write only, reset 0x0\n"
            "0x010 WIDE 8 bytes, read and write, reset 0x0\n"
            "0x020 CELL 4 bytes, read and write, reset 0x0, 3 of them 0x8 apart\n");
}

}  // namespace
}  // namespace fermata::bus
