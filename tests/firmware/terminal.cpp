// SPDX-License-Identifier: MIT
#include "tests/firmware/terminal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "fermata/base/error.hpp"
#include "fermata/time/units.hpp"
#include "fermata/trace/record.hpp"

namespace fermata::firmware_test {
namespace {

std::string without_carriage_returns(std::string text) {
  std::erase(text, '\r');
  return text;
}

}  // namespace

Terminal::Terminal(Emulator& emulator, time::Duration quantum) : emulator_(emulator), quantum_(quantum) {}

void Terminal::advance() {
  for (const Output& output : emulator_.advance(quantum_)) {
    transcript_ += output.bytes;
    stamped_ += fmt::format("{} {}\n", time::to_seconds_string(output.at), trace::escape(output.bytes));
    pieces_.emplace_back(transcript_.size(), output.at);
  }
}

time::Instant Terminal::await(std::string_view text, time::Duration limit) {
  const time::Instant end = emulator_.now() + limit;
  for (;;) {
    const std::size_t found = transcript_.find(text, awaited_);
    if (found != std::string::npos) {
      awaited_ = found + text.size();
      return instant_of(awaited_ - 1);
    }
    if (emulator_.now() >= end) {
      const std::size_t shown = transcript_.size() - std::min<std::size_t>(transcript_.size(), 2000);
      throw std::runtime_error(fmt::format("'{}' did not come by {} s; the guest's last words:\n{}",
                                           trace::escape(text), time::to_seconds_string(emulator_.now()),
                                           transcript_.substr(shown)));
    }
    advance();
  }
}

time::Instant Terminal::instant_of(std::size_t offset) const {
  return std::upper_bound(pieces_.begin(), pieces_.end(), offset,
                          [](std::size_t at, const auto& piece) { return at < piece.first; })
      ->second;
}

void Terminal::type(std::string_view text) {
  for (const char& key : text) {
    emulator_.send({&key, 1});
    advance();
  }
}

std::string Terminal::run(std::string_view command, std::string_view prompt, time::Duration limit) {
  const std::size_t start = transcript_.size();
  type(std::string(command) + '\n');
  await(prompt, limit);
  const std::size_t end = awaited_ - prompt.size();
  return without_carriage_returns(transcript_.substr(start, end - start));
}

int Terminal::await_end(time::Duration limit) {
  const time::Instant end = emulator_.now() + limit;
  try {
    while (emulator_.now() < end) {
      advance();
    }
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::peer_gone) {
      throw;
    }
    return emulator_.exit_status();
  }
  throw std::runtime_error(fmt::format("the guest did not end by {} s", time::to_seconds_string(emulator_.now())));
}

}  // namespace fermata::firmware_test
