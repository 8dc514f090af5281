// SPDX-License-Identifier: MIT
// libFuzzer target: any bytes as code and data, in every mode, with and without paging. Whatever they do, the hart
// executes exactly its budget or says why not, and two halves of a budget make the same whole.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <vector>

#include "fermata/riscv/testing/board.hpp"

using namespace fermata;
using namespace fermata::riscv;
using testing::Board;

namespace {

constexpr std::uint64_t budget = 2000;

void prepare(Board& board, std::span<const std::uint8_t> bytes) {
  const std::uint8_t mode = bytes[0];
  bytes = bytes.subspan(1);
  (void)board.memory.copy_to(Board::ram_begin, std::as_bytes(bytes));
  (void)board.memory.copy_to(Board::handler, std::as_bytes(bytes));
  for (unsigned i = 1; i < 32; ++i) {
    board.hart.set_x(i, Board::data + i * 0x7fc);  // near the ends of pages
    board.hart.set_f(i, bytes[i % bytes.size()] * 0x0101'0101'0101'0101);
  }
  const std::uint64_t next = Board::ram_begin + 0x8'0000;
  board.hart.set_pc(next);
  board.set_csr(0x304, 0xaaa);
  board.set_csr(0x302, (mode & 8) != 0 ? 0xffff : 0);
  board.set_csr(0x105, Board::handler);
  board.open_pmp();
  // Both gigabytes of RAM's neighbourhood mapped to themselves, by entries that the bytes may change.
  const std::uint64_t root = Board::ram_begin + 0x3'0000;
  board.poke(root + 2 * 8, std::uint64_t{0x8000'0000} >> 12 << 10 | ((mode & 16) != 0 ? 0xdf : 0xcf));
  board.set_csr(0x300, (mode & 32) != 0 ? 3 << 13 : 0);
  if ((mode & 4) != 0) {
    board.set_csr(0x180, std::uint64_t{8} << 60 | root >> 12);
  }
  if ((mode & 3) != 3 && (mode & 3) != 2) {
    board.go_to(static_cast<Privilege>(mode & 3), Board::ram_begin);
  }
  board.hart.set_pc(Board::ram_begin);
}

/// The hart and its memory afterwards.
std::vector<std::byte> run(std::span<const std::uint8_t> bytes, std::uint64_t first) {
  Board board;
  prepare(board, bytes);
  std::uint64_t left = budget;
  for (std::uint64_t piece = first; left > 0; piece = left) {
    const RunResult result = board.hart.run(piece);
    if (result.executed > piece || (result.why == RunStop::budget && result.executed != piece)) {
      std::abort();
    }
    left -= result.executed;
    if (result.why != RunStop::budget) {
      break;
    }
  }
  state::Writer writer;
  board.hart.save(writer);
  board.ram.save(writer);
  return writer.take();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4 || size > 4096) {
    return 0;
  }
  const std::span bytes(data, size);
  if (run(bytes, budget) != run(bytes, 1 + data[1] * std::uint64_t{7} % (budget - 1))) {
    std::abort();
  }
  return 0;
}
