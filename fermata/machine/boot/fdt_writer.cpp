// SPDX-License-Identifier: MIT
#include "fermata/machine/boot/fdt_writer.hpp"

#include <libfdt.h>

#include "fermata/base/contract.hpp"

namespace fermata::machine::boot {
namespace {

void check(int result) { base::expects(result == 0, "FdtWriter: nodes nest and the tree fits its capacity"); }

void append_cell(std::vector<std::byte>& bytes, std::uint32_t value) {
  for (const unsigned shift : {24U, 16U, 8U, 0U}) {
    bytes.push_back(static_cast<std::byte>(value >> shift));
  }
}

}  // namespace

FdtWriter::FdtWriter(std::size_t capacity) : tree_(capacity) {
  check(fdt_create(tree_.data(), static_cast<int>(tree_.size())));
  check(fdt_finish_reservemap(tree_.data()));
}

void FdtWriter::begin_node(const std::string& name) {
  check(fdt_begin_node(tree_.data(), name.c_str()));
  ++depth_;
}

void FdtWriter::end_node() {
  check(fdt_end_node(tree_.data()));
  --depth_;
}

void FdtWriter::flag(const char* name) { check(fdt_property(tree_.data(), name, nullptr, 0)); }

void FdtWriter::cells(const char* name, const std::vector<std::uint32_t>& values) {
  std::vector<std::byte> value;
  for (const std::uint32_t cell : values) {
    append_cell(value, cell);
  }
  bytes(name, value);
}

void FdtWriter::wide(const char* name, std::initializer_list<std::uint64_t> values) {
  std::vector<std::byte> value;
  for (const std::uint64_t wide_value : values) {
    append_cell(value, static_cast<std::uint32_t>(wide_value >> 32));
    append_cell(value, static_cast<std::uint32_t>(wide_value));
  }
  bytes(name, value);
}

void FdtWriter::text(const char* name, std::string_view value) { texts(name, {value}); }

void FdtWriter::texts(const char* name, std::initializer_list<std::string_view> values) {
  std::vector<std::byte> value;
  for (const std::string_view text : values) {
    for (const char c : text) {
      value.push_back(static_cast<std::byte>(c));
    }
    value.push_back(std::byte{0});
  }
  bytes(name, value);
}

void FdtWriter::bytes(const char* name, const std::vector<std::byte>& value) {
  check(fdt_property(tree_.data(), name, value.data(), static_cast<int>(value.size())));
}

std::vector<std::byte> FdtWriter::finish() {
  check(depth_);
  check(fdt_finish(tree_.data()));
  tree_.resize(fdt_totalsize(static_cast<const void*>(tree_.data())));
  return std::move(tree_);
}

}  // namespace fermata::machine::boot
