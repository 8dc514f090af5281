// SPDX-License-Identifier: MIT
//
// Recordings in files for the tests.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "fermata/record/reader.hpp"
#include "fermata/record/writer.hpp"

namespace fermata::record::testing {

/// A path of its own, gone with its handle.
class TempFile {
 public:
  explicit TempFile(const std::string& name)
      : path_(std::filesystem::temp_directory_path() / ("fermata_" + name + "_" + std::to_string(::getpid()))) {}
  ~TempFile() { std::filesystem::remove(path_); }
  TempFile(const TempFile&) = delete;
  TempFile& operator=(const TempFile&) = delete;

  [[nodiscard]] std::string path() const { return path_.string(); }
  [[nodiscard]] std::vector<std::byte> bytes() const {
    std::ifstream file(path_, std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
  }
  void write(const std::vector<Message>& messages, End end = End::simulator, Protocol protocol = Protocol::link) const {
    Writer writer(path(), end, protocol);
    for (const Message& message : messages) {
      writer.append(message.from, message.bytes);
    }
    writer.close();
  }

 private:
  std::filesystem::path path_;
};

/// All that a recording has, and what is wrong with it.
struct Content {
  std::vector<Message> messages;
  std::string damage;
};
inline Content read_all(Reader reader) {
  Content content;
  while (const Message* message = reader.next()) {
    content.messages.push_back(*message);
  }
  content.damage = reader.damage();
  return content;
}
inline Content read_all(const std::string& path) { return read_all(Reader(path)); }

}  // namespace fermata::record::testing
