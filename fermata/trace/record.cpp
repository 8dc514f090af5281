// SPDX-License-Identifier: MIT
#include "fermata/trace/record.hpp"

#include <fmt/format.h>

#include "fermata/time/units.hpp"

namespace fermata::trace {

std::string_view to_string(RecordKind kind) {
  switch (kind) {
    case RecordKind::guest_started: return "guest_started";
    case RecordKind::guest_stopped: return "guest_stopped";
    case RecordKind::guest_continued: return "guest_continued";
    case RecordKind::guest_reset: return "guest_reset";
    case RecordKind::guest_powered_off: return "guest_powered_off";
    case RecordKind::guest_panicked: return "guest_panicked";
    case RecordKind::guest_rebased: return "guest_rebased";
    case RecordKind::guest_error: return "guest_error";
    case RecordKind::input: return "input";
    case RecordKind::output: return "output";
    case RecordKind::grant: return "grant";
    case RecordKind::report: return "report";
    case RecordKind::ended: return "ended";
  }
  return "unknown";
}

bool is_guest_record(RecordKind kind) { return kind < RecordKind::grant; }

std::string to_line(const Record& record) {
  std::string line = fmt::format("{} {}", time::to_seconds_string(record.at), to_string(record.kind));
  if (!record.text.empty()) {
    line += ' ';
    line += record.text;
  }
  return line;
}

std::string escape(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    if (c == '\\') {
      text += "\\\\";
    } else if (c >= ' ' && c <= '~') {
      text += c;
    } else {
      text += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  return text;
}

}  // namespace fermata::trace
