// SPDX-License-Identifier: MIT
#include "tests/qemu/support/qmp_client.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "tests/qemu/support/fixture.hpp"

namespace fermata::qemu_test {
namespace {

using nlohmann::json;

void write_all(transport::UnixSocket& socket, const std::string& text) {
  auto left = std::as_bytes(std::span(text));
  while (!left.empty()) {
    const transport::IoResult result = socket.write(left, limit);
    if (result.count == 0) {
      throw std::runtime_error("QMP: cannot write " + text);
    }
    left = left.subspan(result.count);
  }
}

}  // namespace

QmpClient::QmpClient() : QmpClient(transport::UnixSocket::make_pair()) {}

QmpClient::QmpClient(std::pair<transport::UnixSocket, transport::UnixSocket> ends)
    : ours_(std::move(ends.first)), theirs_(std::move(ends.second)) {}

std::vector<std::string> QmpClient::arguments() const {
  return {"-chardev", "socket,id=qmp,fd=" + std::to_string(theirs_.descriptor()), "-mon", "chardev=qmp,mode=control"};
}

void QmpClient::connect() {
  theirs_.close();
  static_cast<void>(read_message());
  execute("qmp_capabilities");
}

json QmpClient::execute(const std::string& command, const json& arguments) {
  write_all(ours_, json{{"execute", command}, {"arguments", arguments}}.dump() + "\n");
  while (true) {
    json message = read_message();
    if (message.contains("return")) {
      return message["return"];
    }
    if (message.contains("event")) {
      events_.push_back(message["event"]);
    } else {
      throw std::runtime_error("QMP: " + command + ": " + message.dump());
    }
  }
}

std::string QmpClient::human(const std::string& command_line) {
  return execute("human-monitor-command", {{"command-line", command_line}});
}

std::string QmpClient::status() { return execute("query-status")["status"]; }

void QmpClient::wait_for_event(const std::string& name) {
  auto found = std::find(events_.begin(), events_.end(), name);
  while (found == events_.end()) {
    const json message = read_message();
    if (message.contains("event")) {
      events_.push_back(message["event"]);
    }
    found = std::find(events_.begin(), events_.end(), name);
  }
  events_.erase(found);
}

json QmpClient::read_message() {
  std::array<std::byte, 4096> buffer{};
  std::size_t end = 0;
  while ((end = received_.find('\n')) == std::string::npos) {
    const transport::IoResult result = ours_.read(buffer, limit);
    if (result.count == 0) {
      throw std::runtime_error(result.is_end ? "QMP: closed" : "QMP: no answer within the limit");
    }
    std::transform(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(result.count),
                   std::back_inserter(received_), [](std::byte byte) { return static_cast<char>(byte); });
  }
  json message = json::parse(received_.substr(0, end));
  received_.erase(0, end + 1);
  return message;
}

}  // namespace fermata::qemu_test
