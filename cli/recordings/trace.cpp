// SPDX-License-Identifier: MIT
#include "cli/recordings/trace.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <memory>

#include "cli/output.hpp"
#include "fermata/base/error.hpp"
#include "fermata/record/export/chrome.hpp"
#include "fermata/record/export/pcapng.hpp"
#include "fermata/record/guest_trace.hpp"
#include "fermata/record/reader.hpp"
#include "fermata/record/text.hpp"

namespace fermata::cli {
namespace {

constexpr std::size_t most_buffered = std::size_t{64} << 10;

// Where what is printed or exported goes, in pieces that are worth a write.
class Output {
 public:
  explicit Output(const std::string& path) : path_(path) {
    if (!path.empty()) {
      file_.reset(std::fopen(path.c_str(), "we"));
      if (file_ == nullptr) {
        throw base::host_error("write " + path, errno);
      }
    }
  }
  void put(std::string_view text) {
    buffer_ += text;
    if (buffer_.size() >= most_buffered) {
      flush();
    }
  }
  void finish() {
    flush();
    if (file_ != nullptr && std::fclose(file_.release()) != 0) {
      throw base::host_error("write " + path_, errno);
    }
  }

 private:
  struct Closer {
    void operator()(std::FILE* file) const { static_cast<void>(std::fclose(file)); }
  };

  void flush() {
    if (file_ == nullptr) {
      print_output(buffer_);
    } else if (std::fwrite(buffer_.data(), 1, buffer_.size(), file_.get()) != buffer_.size()) {
      throw base::host_error("write " + path_, errno);
    }
    buffer_.clear();
  }

  std::string path_;
  std::unique_ptr<std::FILE, Closer> file_;
  std::string buffer_;
};

int status_of(const std::string& damage) {
  if (damage.empty()) {
    return 0;
  }
  fmt::print(stderr, "fermata: {}; everything before that is here\n", damage);
  return 1;
}

template <typename Take>
int export_messages(record::Reader& reader, Take take) {
  try {
    while (const record::Message* message = reader.next()) {
      take(message->from, message->frame());
    }
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::protocol_violation) {
      throw;
    }
    return status_of(reader.name() + ": " + error.what());
  }
  return status_of(reader.damage());
}

int export_capture(record::Reader& reader, const record::Put& put) {
  record::PcapngExport capture(put);
  record::GuestTraceReader trace(reader);
  while (const auto event = trace.next()) {
    capture.take(*event, trace.channels());
  }
  if (capture.interface_count() == 0) {
    throw base::Error(base::ErrorCode::unsupported,
                      reader.name() +
                          " has no Ethernet channel, so there is nothing to capture; see its channels with "
                          "fermata trace print --guest");
  }
  return status_of(trace.damage());
}

}  // namespace

int run_print(const PrintOptions& options) {
  record::Reader reader(options.file);
  Output output("");
  std::string damage;
  if (options.is_guest_only) {
    record::GuestTraceReader trace(reader);
    while (const auto event = trace.next()) {
      output.put(to_line(*event) + "\n");
    }
    damage = trace.damage();
  } else {
    record::Narrator narrator;
    while (const record::Message* message = reader.next()) {
      output.put(narrator.tell(message->from, message->frame()).to_string() + "\n");
    }
    damage = reader.damage();
  }
  output.finish();
  return status_of(damage);
}

int run_export(const ExportOptions& options) {
  record::Reader reader(options.file);
  Output output(options.output);
  const record::Put put = [&output](std::string_view text) { output.put(text); };
  int status = 0;
  if (options.format == ExportOptions::Format::pcapng) {
    status = export_capture(reader, put);
  } else {
    record::ChromeExport chrome(put);
    status = export_messages(
        reader, [&](record::Direction from, const wire::link::Frame& message) { chrome.take(from, message); });
    chrome.finish();
  }
  output.finish();
  return status;
}

}  // namespace fermata::cli
