// SPDX-License-Identifier: MIT
#pragma once

#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fermata/time/instant.hpp"
#include "fermata/wire/link/layout.hpp"

namespace fermata::wire::link {

/// One whole message. The bytes are borrowed.
struct Frame {
  Header header;
  std::span<const std::byte> bytes;
};

/// Appends a message that ends with its structure.
template <typename Body>
void append(std::vector<std::byte>& out, Body body, std::uint16_t channel = 0) {
  body.header = {.size = sizeof(Body), .type = Body::type, .channel = channel};
  const auto bytes = std::as_bytes(std::span(&body, 1));
  out.insert(out.end(), bytes.begin(), bytes.end());
}

/// Appends a message with a payload or text, whose length is filled in.
template <typename Body>
void append(std::vector<std::byte>& out, MessageType type, std::uint16_t channel, Body body,
            std::span<const std::byte> tail) {
  const std::size_t size = sizeof(Body) + padded(tail.size());
  body.header = {.size = static_cast<std::uint32_t>(size), .type = type, .channel = channel};
  body.length = static_cast<std::uint32_t>(tail.size());
  const auto bytes = std::as_bytes(std::span(&body, 1));
  out.insert(out.end(), bytes.begin(), bytes.end());
  out.insert(out.end(), tail.begin(), tail.end());
  out.resize(out.size() + padded(tail.size()) - tail.size());
}
template <typename Body>
void append(std::vector<std::byte>& out, Body body, std::string_view text, std::uint16_t channel = 0) {
  append(out, Body::type, channel, body, std::as_bytes(std::span(text.substr(0, max_text))));
}

/// Throws base::Error (protocol_violation) with the sentence "the peer broke the link protocol: <what>".
[[noreturn]] void breach(const std::string& what);

/// A message's structure, and what follows it.
template <typename Body>
struct Parsed {
  Body body;
  std::span<const std::byte> tail{};
  [[nodiscard]] std::string text() const {
    return {reinterpret_cast<const char*>(tail.data()), tail.size()};  // NOLINT: bytes of a text
  }
};

/// A set of Ability in words: "exact, raise", with bits that have no name at its end.
[[nodiscard]] std::string names_of(std::uint32_t abilities);

/// True for what a checkpoint may be called: 1 to 64 letters, digits, - _ . and no dot in front.
[[nodiscard]] bool is_checkpoint_name(std::string_view name);

/// Throws like `breach` if it is negative.
[[nodiscard]] time::Instant instant(std::int64_t ns);

[[noreturn]] void wrong_size(const Header& header);
/// Throws like `breach` if the message is about no channel and names one all the same.
void check_channel(const Header& header);

/// The structure of a message that ends with it. Throws like `breach` if its size is another.
template <typename Body>
[[nodiscard]] Body parse(const Frame& frame) {
  if (frame.bytes.size() != sizeof(Body)) {
    wrong_size(frame.header);
  }
  Body body;
  std::memcpy(&body, frame.bytes.data(), sizeof body);
  return body;
}

/// The structure of a message and its payload or text, of at most `max_tail` bytes.
template <typename Body>
[[nodiscard]] Parsed<Body> parse(const Frame& frame, std::size_t max_tail) {
  Parsed<Body> parsed;
  if (frame.bytes.size() < sizeof(Body)) {
    wrong_size(frame.header);
  }
  std::memcpy(&parsed.body, frame.bytes.data(), sizeof(Body));
  const std::size_t length = parsed.body.length;
  if (length > max_tail || frame.bytes.size() != sizeof(Body) + padded(length)) {
    wrong_size(frame.header);
  }
  parsed.tail = frame.bytes.subspan(sizeof(Body), length);
  for (const std::byte filling : frame.bytes.subspan(sizeof(Body) + length)) {
    if (filling != std::byte{0}) {
      breach("a message is filled up with something else than zeros");
    }
  }
  return parsed;
}

/// Puts a byte stream that arrives in any pieces back together into messages. Holds less than one of them.
class FrameReader {
 public:
  /// Calls `take(frame)` for each message that `bytes` complete, in order; a message that lies whole within `bytes` is
  /// not copied. Throws like `breach` at an impossible size, whatever `take` throws, and is of no use afterwards.
  template <typename Take>
  void feed(std::span<const std::byte> bytes, Take take) {
    while (!bytes.empty()) {
      if (partial_.empty()) {
        const std::size_t size = size_of(bytes);
        if (size == 0 || size > bytes.size()) {
          partial_.assign(bytes.begin(), bytes.end());
          return;
        }
        take(frame_of(bytes.first(size)));
        bytes = bytes.subspan(size);
        continue;
      }
      const std::size_t known = size_of(partial_);
      const std::size_t wanted = known == 0 ? sizeof(Header) : known;
      const auto piece = bytes.first(std::min(bytes.size(), wanted - partial_.size()));
      partial_.insert(partial_.end(), piece.begin(), piece.end());
      bytes = bytes.subspan(piece.size());
      if (size_of(partial_) == partial_.size()) {
        take(frame_of(partial_));
        partial_.clear();
      }
    }
  }
  /// How many bytes of an unfinished message are held.
  [[nodiscard]] std::size_t unfinished_bytes() const { return partial_.size(); }

 private:
  /// That of the message which `bytes` begin; 0 while its header is not there.
  [[nodiscard]] static std::size_t size_of(std::span<const std::byte> bytes);
  [[nodiscard]] static Frame frame_of(std::span<const std::byte> bytes) {
    Frame frame{.header = {}, .bytes = bytes};
    std::memcpy(&frame.header, bytes.data(), sizeof frame.header);
    return frame;
  }

  std::vector<std::byte> partial_;
};

}  // namespace fermata::wire::link
