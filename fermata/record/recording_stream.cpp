// SPDX-License-Identifier: MIT
#include "fermata/record/recording_stream.hpp"

#include <utility>

#include "fermata/base/contract.hpp"
#include "fermata/record/message_tap.hpp"
#include "fermata/record/writer.hpp"

namespace fermata::record {
namespace {

// After a crash of either end one looks for the last report; and who runs the guest again needs what it was told last.
bool ends_a_block(wire::link::MessageType type) {
  using wire::link::MessageType;
  return type == MessageType::grant || type == MessageType::report || type == MessageType::checkpoint ||
         type == MessageType::restore || type == MessageType::done || type == MessageType::refuse;
}

class RecordingStream final : public transport::Stream {
 public:
  RecordingStream(std::unique_ptr<transport::Stream> inner, const std::string& path, End end)
      : inner_(std::move(inner)),
        writer_(path, end),
        own_(end == End::simulator ? Direction::from_simulator : Direction::from_guest),
        peers_(end == End::simulator ? Direction::from_guest : Direction::from_simulator),
        tap_([this](Direction from, const wire::link::Frame& message) { take(from, message); }) {}

  transport::IoResult read(std::span<std::byte> into, host::HostDuration wait) override {
    const transport::IoResult result = inner_->read(into, wait);
    tap_.feed(peers_, into.first(result.count));
    return result;
  }
  transport::IoResult write(std::span<const std::byte> bytes, host::HostDuration wait) override {
    if (bytes.size() > ahead_) {
      tap_.feed(own_, bytes.subspan(ahead_));
      ahead_ = bytes.size();
    }
    const transport::IoResult result = inner_->write(bytes, wait);
    ahead_ -= result.count;
    return result;
  }
  void close() override {
    inner_->close();
    writer_.close();
  }

 private:
  void take(Direction from, const wire::link::Frame& message) {
    writer_.append(from, message.bytes);
    if (ends_a_block(message.header.type)) {
      writer_.flush();
    }
  }

  std::unique_ptr<transport::Stream> inner_;
  Writer writer_;
  Direction own_;
  Direction peers_;
  std::size_t ahead_ = 0;  // recorded, and to be offered again, as the transport has not taken them yet
  MessageTap tap_;
};

}  // namespace

std::unique_ptr<transport::Stream> recorded(std::unique_ptr<transport::Stream> stream, const std::string& path,
                                            End end) {
  base::expects(stream != nullptr, "record: there is a stream to record");
  return std::make_unique<RecordingStream>(std::move(stream), path, end);
}

}  // namespace fermata::record
