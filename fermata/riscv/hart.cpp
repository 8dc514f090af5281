// SPDX-License-Identifier: MIT
#include "fermata/riscv/hart.hpp"

#include <utility>

#include "fermata/base/contract.hpp"
#include "fermata/riscv/core/csr_file.hpp"
#include "fermata/riscv/core/hart_state.hpp"
#include "fermata/riscv/core/saved_state.hpp"
#include "fermata/riscv/core/trap.hpp"
#include "fermata/riscv/threaded/engine.hpp"

namespace fermata::riscv {
namespace {

std::unique_ptr<core::HartState> make_state(const Hart::Config& config, const Hart::Ports& ports) {
  base::expects(
      ports.memory != nullptr && ports.time != nullptr && ports.code != nullptr && ports.read_mtime != nullptr,
      "a hart needs memory, time, code and mtime");
  auto state = std::make_unique<core::HartState>();
  state->pmp = translation::Pmp(config.pmp_entries);
  state->id = config.id;
  state->memory = ports.memory;
  state->time = ports.time;
  state->code = ports.code;
  state->read_mtime = ports.read_mtime;
  state->observer = ports.observer;
  return state;
}

/// Holds for as long as it lives, also if a window throws.
class Flag {
 public:
  explicit Flag(bool& flag) : flag_(flag) { flag_ = true; }
  ~Flag() { flag_ = false; }
  Flag(const Flag&) = delete;
  Flag& operator=(const Flag&) = delete;

 private:
  bool& flag_;
};

void expects_register(unsigned index) { base::expects(index < 32, "registers have numbers from 0 to 31"); }

}  // namespace

Hart::Hart(const Config& config, const Ports& ports)
    : state_(make_state(config, ports)), engine_(std::make_unique<threaded::Engine>(*state_)) {}

Hart::~Hart() = default;

std::uint64_t Hart::id() const { return state_->id; }

void Hart::reset(std::uint64_t pc) {
  base::expects(!is_running_, "a hart is not reset from within a window");
  core::reset(*state_, pc);
  engine_->forget();
}

RunResult Hart::run(std::uint64_t budget) {
  base::expects(!is_running_ && !awaits_load(), "a hart does not run from within a window, nor before a load is done");
  const Flag running(is_running_);
  state_->budget = budget;
  state_->left = budget;
  state_->start = state_->time->executed();
  const RunStop why = engine_->run();
  const RunResult result{.executed = budget - state_->left, .why = why};
  state_->counted += result.executed;
  state_->before = 0;
  state_->time->set_executed(state_->start + result.executed);
  return result;
}

void Hart::leave() { state_->attention.fetch_or(core::attention::leave, std::memory_order_release); }

void Hart::defer_load() {
  base::expects(is_running_ && !awaits_load(), "a load is deferred from within its window's read");
  state_->deferred.is_wanted = true;
  leave();
}

bool Hart::awaits_load() const { return state_->deferred.is_wanted; }

void Hart::finish_load(std::uint64_t value) {
  base::expects(!is_running_ && awaits_load() && state_->deferred.finish != nullptr,
                "a load is finished that was deferred, once run has come back");
  const core::DeferredLoad load = std::exchange(state_->deferred, {});
  load.finish(*state_, load.rd, value);
}

void Hart::set_interrupt(Interrupt line, bool level) {
  const std::uint64_t bit = std::uint64_t{1} << static_cast<unsigned>(line);
  state_->interrupt_lines = (state_->interrupt_lines & ~bit) | (level ? bit : 0);
  core::update_interrupts(*state_);
}

bool Hart::is_waiting() const { return state_->is_waiting; }

void Hart::break_reservation() { state_->reservation.is_valid = false; }

std::uint64_t Hart::pc() const { return state_->pc; }

void Hart::set_pc(std::uint64_t pc) { state_->pc = pc & ~std::uint64_t{1}; }

Privilege Hart::privilege() const { return state_->privilege; }

std::uint64_t Hart::x(unsigned index) const {
  expects_register(index);
  return state_->x[index];
}

void Hart::set_x(unsigned index, std::uint64_t value) {
  expects_register(index);
  if (index != 0) {
    state_->x[index] = value;
  }
}

std::uint64_t Hart::f(unsigned index) const {
  expects_register(index);
  return state_->f[index];
}

void Hart::set_f(unsigned index, std::uint64_t value) {
  expects_register(index);
  state_->f[index] = value;
}

std::optional<std::uint64_t> Hart::csr(unsigned number) { return core::read_csr(*state_, number); }

void Hart::save(state::Writer& writer) const {
  base::expects(!awaits_load(), "a hart is not saved while a load is not done");
  core::save(*state_, writer);
}

void Hart::load(state::Reader& reader) {
  core::load(*state_, reader);
  engine_->forget();
}

}  // namespace fermata::riscv
