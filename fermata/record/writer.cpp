// SPDX-License-Identifier: MIT
#include "fermata/record/writer.hpp"

#include <cstring>
#include <utility>

#include "fermata/base/contract.hpp"
#include "fermata/base/error.hpp"
#include "fermata/record/checksum.hpp"

namespace fermata::record {
namespace {

std::span<const std::byte> bytes_of(const auto& structure) { return std::as_bytes(std::span(&structure, 1)); }

}  // namespace

Writer::Writer(std::string path, End end, Protocol protocol) : path_(std::move(path)), file_(path_) {
  FileHeader header{.end = end, .protocol = protocol};
  header.checksum = checksum_ = crc32(bytes_of(header).first(offsetof(FileHeader, checksum)));
  put(bytes_of(header));
  block_.reserve(sizeof(BlockHeader) + most_block);
  start_block();
}

Writer::Writer(Writer&&) noexcept = default;

Writer::~Writer() {
  try {
    close();
  } catch (const base::Error&) {
    // who wants to know calls close
  }
}

void Writer::append(Direction from, std::span<const std::byte> message) {
  if (!failure_.empty()) {
    throw base::Error(base::ErrorCode::host_failure, failure_);
  }
  base::expects(file_.is_open(), "record::Writer: not closed");
  encoder_.append(block_, from, message);
  ++(from == Direction::from_simulator ? totals_.from_simulator : totals_.from_guest);
  if (block_.size() >= full_block) {
    flush();
  }
}

void Writer::flush() {
  if (block_.size() > sizeof(BlockHeader)) {
    write_block(0);
  }
}

void Writer::close() {
  if (!file_.is_open()) {
    return;
  }
  flush();
  const auto totals = bytes_of(totals_);
  block_.insert(block_.end(), totals.begin(), totals.end());
  write_block(end_block);
  file_.close();
}

void Writer::start_block() {
  block_.clear();
  block_.resize(sizeof(BlockHeader));
}

void Writer::write_block(std::uint32_t flags) {
  BlockHeader header{.size = static_cast<std::uint32_t>(block_.size() - sizeof(BlockHeader)) | flags};
  const auto payload = std::span<const std::byte>(block_).subspan(sizeof header);
  header.checksum = checksum_ = crc32(payload, crc32(bytes_of(header.size), checksum_));
  std::memcpy(block_.data(), &header, sizeof header);
  put(block_);
  start_block();
}

void Writer::put(std::span<const std::byte> bytes) {
  try {
    file_.append(bytes);
  } catch (const base::Error& error) {
    failure_ = error.what();
    throw;
  }
}

}  // namespace fermata::record
