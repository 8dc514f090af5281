// SPDX-License-Identifier: MIT
// libFuzzer target: any bytes as a recording's file, and, past its checksums, as a block's records. None may crash or
// grow; what is decoded is encoded again to the same messages, and told, ordered and exported whatever it says.
#include <cstdint>
#include <cstdlib>
#include <span>

#include "fermata/base/error.hpp"
#include "fermata/record/comparison.hpp"
#include "fermata/record/export/chrome.hpp"
#include "fermata/record/export/pcapng.hpp"
#include "fermata/record/guest_trace.hpp"
#include "fermata/record/reader.hpp"
#include "fermata/record/text.hpp"

using namespace fermata;
using namespace fermata::record;

namespace {

void read_as_file(std::span<const std::byte> bytes) {
  try {
    Reader reader(memory_source(bytes), "fuzz");
    GuestTraceReader trace(reader);
    while (trace.next()) {
    }
  } catch (const base::Error&) {
    // it is no recording; said so
  }
}

// The messages that the records are, as many as there are.
std::vector<Message> decoded(std::span<const std::byte> records) {
  std::vector<Message> messages;
  Decoder decoder;
  try {
    Message message;
    while (!records.empty()) {
      decoder.take(records, message);
      messages.push_back(message);
    }
  } catch (const base::Error&) {
    // the rest is none
  }
  return messages;
}

void check_encoded(const std::vector<Message>& messages) {
  Encoder encoder;
  std::vector<std::byte> records;
  for (const Message& message : messages) {
    encoder.append(records, message.from, message.bytes);
  }
  if (decoded(records) != messages) {
    std::abort();
  }
}

template <typename Take>
void take_all(const std::vector<Message>& messages, Take take) {
  try {
    for (const Message& message : messages) {
      take(message.from, message.frame());
    }
  } catch (const base::Error&) {
    // it breaks the protocol; said so
  }
}

void look_at(const std::vector<Message>& messages) {
  std::size_t size = 0;
  const Put put = [&size](std::string_view piece) { size += piece.size(); };
  Narrator narrator;
  take_all(messages, [&](Direction from, const wire::link::Frame& frame) {
    size += narrator.tell(from, frame).to_string().size();
  });
  ChromeExport chrome(put);
  take_all(messages, [&](Direction from, const wire::link::Frame& frame) { chrome.take(from, frame); });
  chrome.finish();
  GuestTrace trace;
  PcapngExport pcapng(put);
  take_all(messages, [&](Direction from, const wire::link::Frame& frame) { trace.take(from, frame); });
  trace.finish();
  while (const auto event = trace.next()) {
    pcapng.take(*event, trace.channels());
    size += line_of(*event).text.size();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  read_as_file(bytes);
  const std::vector<Message> messages = decoded(bytes);
  check_encoded(messages);
  look_at(messages);
  return 0;
}
