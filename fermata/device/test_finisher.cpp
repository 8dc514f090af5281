// SPDX-License-Identifier: MIT
#include "fermata/device/test_finisher.hpp"

#include <fmt/format.h>

namespace fermata::device {
namespace {

constexpr std::uint64_t pass = 0x5555;
constexpr std::uint64_t fail = 0x3333;
constexpr std::uint64_t reset_machine = 0x7777;

}  // namespace

constinit const bus::Register<TestFinisher> TestFinisher::table[1] = {
    {.info = {.name = "FINISH"}, .on_write = &TestFinisher::finish_written},
};

TestFinisher::TestFinisher(Config config, const bus::Ports& ports, Handler handler)
    : config_(std::move(config)), ports_(ports), registers_(*this, table, ports.errors), handler_(std::move(handler)) {}

std::string TestFinisher::describe_registers() { return bus::Registers<TestFinisher>::describe(table); }

std::uint64_t TestFinisher::read(bus::Address offset, unsigned size) { return registers_.read(offset, size); }

void TestFinisher::write(bus::Address offset, unsigned size, std::uint64_t value) {
  registers_.write(offset, size, value);
}

void TestFinisher::finish_written(unsigned /*index*/, std::uint64_t value) {
  switch (value & 0xffff) {
    case pass: handler_({.kind = Finish::Kind::pass, .code = 0}); return;
    case fail: handler_({.kind = Finish::Kind::fail, .code = static_cast<std::uint16_t>(value >> 16)}); return;
    case reset_machine: handler_({.kind = Finish::Kind::reset, .code = 0}); return;
    default: break;
  }
  if (ports_.errors != nullptr) {
    ports_.errors->guest_error(name(), fmt::format("write of {:#x} to FINISH, which means nothing: ignored", value));
  }
}

void TestFinisher::save(state::Writer& writer) const { writer.section("test_finisher"); }

void TestFinisher::load(state::Reader& reader) { reader.section("test_finisher"); }

}  // namespace fermata::device
