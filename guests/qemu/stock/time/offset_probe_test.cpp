// SPDX-License-Identifier: GPL-2.0-or-later
//
// That a guest is really asked is seen where there is KVM: tests/qemu/threads.
#include "guests/qemu/stock/time/offset_probe.hpp"

#include <gtest/gtest.h>

#include "fermata/host/kvm.hpp"

namespace fermata::qemu {
namespace {

TEST(OffsetProbe, WithoutKvmThereIsNobodyToAsk) {
  EXPECT_EQ(do_guests_see_offsets("/nowhere/kvm"), std::nullopt);
  EXPECT_EQ(do_guests_see_offsets("/dev/null"), std::nullopt);
}

TEST(OffsetProbe, AsksAGuestWhereThereIsKvm) {
  if (!host::examine_kvm().is_usable) {
    GTEST_SKIP() << "no KVM";
  }
  const auto first = do_guests_see_offsets();
  EXPECT_TRUE(first.has_value());
  EXPECT_EQ(do_guests_see_offsets(), first);
}

}  // namespace
}  // namespace fermata::qemu
