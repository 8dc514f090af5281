// SPDX-License-Identifier: MIT
#include "fermata/machine/boot/fdt_writer.hpp"

#include <gtest/gtest.h>
#include <libfdt.h>

#include <cstring>

namespace fermata::machine::boot {
namespace {

TEST(FdtWriter, WritesWhatLibfdtReadsBack) {
  FdtWriter writer(4096);
  writer.begin_node("");
  writer.texts("compatible", {"one", "two"});
  writer.begin_node("node@10");
  writer.wide("reg", {0x1'0000'0002, 3});
  writer.cell("phandle", 7);
  writer.flag("ready");
  writer.bytes("raw", {std::byte{1}, std::byte{2}, std::byte{3}});
  writer.end_node();
  writer.end_node();
  const std::vector<std::byte> tree = writer.finish();

  ASSERT_EQ(fdt_check_full(tree.data(), tree.size()), 0);
  EXPECT_EQ(fdt_totalsize(tree.data()), tree.size());
  EXPECT_EQ(fdt_stringlist_count(tree.data(), 0, "compatible"), 2);
  const int node = fdt_path_offset(tree.data(), "/node@10");
  ASSERT_GT(node, 0);
  EXPECT_EQ(fdt_get_phandle(tree.data(), node), 7U);
  int length = 0;
  const void* reg = fdt_getprop(tree.data(), node, "reg", &length);
  ASSERT_EQ(length, 16);
  EXPECT_EQ(std::memcmp(reg, "\0\0\0\1\0\0\0\2\0\0\0\0\0\0\0\3", 16), 0);
  EXPECT_NE(fdt_getprop(tree.data(), node, "ready", &length), nullptr);
  EXPECT_EQ(length, 0);
  EXPECT_NE(fdt_getprop(tree.data(), node, "raw", &length), nullptr);
  EXPECT_EQ(length, 3);
}

TEST(FdtWriterDeathTest, AnUnbalancedTreeIsAProgrammingError) {
  FdtWriter writer(4096);
  writer.begin_node("");
  EXPECT_DEATH(static_cast<void>(writer.finish()), "nodes nest");
}

TEST(FdtWriterDeathTest, SoIsATreeBeyondItsCapacity) {
  FdtWriter writer(256);
  writer.begin_node("");
  EXPECT_DEATH(writer.bytes("raw", std::vector<std::byte>(256)), "fits its capacity");
}

}  // namespace
}  // namespace fermata::machine::boot
