// SPDX-License-Identifier: MIT
#include "fermata/record/reader.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "fermata/base/error.hpp"
#include "fermata/host/unique_fd.hpp"
#include "fermata/record/checksum.hpp"

namespace fermata::record {
namespace {

std::span<std::byte> bytes_of(auto& structure) { return std::as_writable_bytes(std::span(&structure, 1)); }

Reader::Source file_source(const std::string& path) {
  auto file = std::make_shared<host::UniqueFd>(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file->is_open()) {
    if (errno == ENOENT) {
      throw base::Error(base::ErrorCode::not_found, "there is no recording " + path + ": look at the path");
    }
    throw base::host_error("read the recording " + path, errno);
  }
  return [file, path](std::span<std::byte> into) {
    std::size_t total = 0;
    while (total < into.size()) {
      const ssize_t count = ::read(file->get(), into.data() + total, into.size() - total);
      if (count == 0) {
        break;
      }
      if (count > 0) {
        total += static_cast<std::size_t>(count);
      } else if (errno != EINTR) {
        throw base::host_error("read the recording " + path, errno);
      }
    }
    return total;
  };
}

}  // namespace

Reader::Source memory_source(std::span<const std::byte> bytes) {
  return [bytes](std::span<std::byte> into) mutable {
    const std::size_t count = std::min(into.size(), bytes.size());
    std::copy_n(bytes.begin(), count, into.begin());
    bytes = bytes.subspan(count);
    return count;
  };
}

Reader::Reader(const std::string& path) : Reader(file_source(path), path) {}

Reader::Reader(Source source, std::string name) : source_(std::move(source)), name_(std::move(name)) { read_header(); }

std::size_t Reader::read(std::span<std::byte> into) {
  const std::size_t count = source_(into);
  offset_ += count;
  return count;
}

void Reader::read_header() {
  const std::size_t count = read(bytes_of(header_));
  const auto refuse = [this](base::ErrorCode code, const std::string& why) {
    throw base::Error(code, name_ + " " + why);
  };
  if (count < sizeof header_ || header_.magic != magic) {
    refuse(base::ErrorCode::protocol_violation,
           "is no recording: it does not begin with FERMAREC; recordings are made by --record and record=");
  }
  if (header_.major != version_major) {
    refuse(base::ErrorCode::unsupported,
           fmt::format("is a recording of version {}.{}, and this program reads {}.x: use the version of Fermata that "
                       "made it",
                       header_.major, header_.minor, version_major));
  }
  checksum_ = crc32(bytes_of(header_).first(offsetof(FileHeader, checksum)));
  const bool is_known = (header_.end == End::simulator || header_.end == End::guest) &&
                        (header_.protocol == Protocol::link || header_.protocol == Protocol::qqq);
  if (header_.checksum != checksum_ || !is_known) {
    refuse(base::ErrorCode::protocol_violation, "is damaged at offset 0: its header contradicts its checksum");
  }
}

const Message* Reader::next() {
  if (records_.empty() && !read_block()) {
    return nullptr;
  }
  try {
    decoder_.take(records_, message_);
  } catch (const base::Error& error) {
    // The checksum holds, so it was written so: by a newer version, or by a program with a fault.
    static_cast<void>(
        end_here(fmt::format("cannot be read beyond the block at offset {}: {}; it may come from a newer Fermata",
                             block_offset_, error.what())));
    return nullptr;
  }
  ++(message_.from == Direction::from_simulator ? totals_.from_simulator : totals_.from_guest);
  return &message_;
}

bool Reader::end_here(const std::string& damage) {
  is_over_ = true;
  records_ = {};
  damage_ = name_ + " " + damage;
  return false;
}

// False at the end of what can be read.
bool Reader::read_block() {
  if (is_over_) {
    return false;
  }
  block_offset_ = offset_;
  BlockHeader header;
  const std::size_t count = read(bytes_of(header));
  const auto cut = [this] {
    return end_here(
        fmt::format("was cut: it ends at offset {} without the end of a recording; its writer was killed, "
                    "or the file is not all there",
                    offset_));
  };
  if (count < sizeof header) {
    return cut();
  }
  if (header.size == 0 && header.checksum == 0) {
    offset_ = block_offset_;  // what a writer that was killed had reserved
    return cut();
  }
  const std::size_t size = header.size & ~end_block;
  if (size == 0 || size > most_block) {
    return end_here(fmt::format("is damaged at offset {}: a block of {} bytes; 1 to {} are possible", block_offset_,
                                size, most_block));
  }
  block_.resize(size);
  if (read(block_) < size) {
    return cut();
  }
  checksum_ = crc32(block_, crc32(bytes_of(header.size), checksum_));
  if (checksum_ != header.checksum) {
    return end_here(fmt::format("is damaged in the block at offset {}: it contradicts its checksum", block_offset_));
  }
  if ((header.size & end_block) != 0) {
    check_totals(block_);
    return false;
  }
  records_ = block_;
  return true;
}

void Reader::check_totals(std::span<const std::byte> payload) {
  is_over_ = true;
  Totals written;
  std::byte beyond{};
  if (payload.size() != sizeof written) {
    static_cast<void>(end_here(fmt::format("is damaged at offset {}: a bad end", block_offset_)));
    return;
  }
  std::memcpy(&written, payload.data(), sizeof written);
  if (written != totals_) {
    static_cast<void>(end_here(fmt::format("is damaged at offset {}: {} messages were written, {} are there",
                                           block_offset_, written.from_simulator + written.from_guest,
                                           totals_.from_simulator + totals_.from_guest)));
  } else if (read(std::span(&beyond, 1)) != 0) {
    static_cast<void>(end_here(fmt::format("is damaged: it goes on after its end at offset {}", offset_ - 1)));
  }
}

}  // namespace fermata::record
