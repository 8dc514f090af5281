// SPDX-License-Identifier: MIT
// Bad arguments of the calls for messages and memory. With a real guest: tests/machine.
#include <gtest/gtest.h>

#include <string>

#include "fermata/c/fermata.h"

namespace {

TEST(CMemory, NullIsABadArgumentAndNoCrash) {
  int is_done = 7;
  char byte = 0;
  EXPECT_EQ(fermata_find_message(nullptr, "x"), nullptr);
  EXPECT_EQ(fermata_find_dma(nullptr, "x"), nullptr);
  EXPECT_EQ(fermata_message_send(nullptr, 0, "x", 1), fermata_bad_argument);
  EXPECT_EQ(fermata_message_on_output(nullptr, nullptr, nullptr), fermata_bad_argument);
  EXPECT_EQ(fermata_dma_read(nullptr, 0, 0, 1, nullptr, nullptr), fermata_bad_argument);
  EXPECT_EQ(fermata_dma_write(nullptr, 0, 0, "x", 1, nullptr, nullptr), fermata_bad_argument);
  EXPECT_EQ(fermata_dma_read_now(nullptr, 0, &byte, 1, 1, &is_done), fermata_bad_argument);
  EXPECT_EQ(fermata_dma_write_now(nullptr, 0, "x", 1, 1, &is_done), fermata_bad_argument);
  EXPECT_EQ(is_done, 7);
}

TEST(CMemory, AGuestThatIsNotThereHasNone) {
  fermata_guest* guest = nullptr;
  EXPECT_NE(fermata_launch(nullptr, 0, nullptr, &guest), fermata_ok);
  EXPECT_EQ(fermata_find_dma(guest, "memory"), nullptr);
  EXPECT_EQ(std::string(fermata_error(guest)), "guest: it could not be opened, or has been closed");
  EXPECT_EQ(fermata_find_dma(guest, nullptr), nullptr);
  fermata_free(guest);
}

}  // namespace
