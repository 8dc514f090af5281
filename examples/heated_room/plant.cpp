// SPDX-License-Identifier: MIT
//
// The integrator is the classical Runge-Kutta method of fourth order with a fixed step, and hand-written. The room's
// fastest time constant is 400 s, so with a step of 0.1 s its error is below what a double can hold: an adaptive or
// implicit solver would have nothing to do. What it would have is a step that follows from error estimates, and so from
// the last bit of a compiler's arithmetic; here, a fixed step makes the same run on every machine. For the same reason
// nothing below calls libm, whose sine differs between C libraries, and the build forbids fused multiply-add.
#include "plant.hpp"

#include <algorithm>
#include <cmath>

#include "fermata/base/contract.hpp"

namespace heated_room {
namespace {

double seconds(Duration span) { return static_cast<double>(span.ns()) * 1e-9; }

RoomState along(const RoomState& from, const RoomState& slope, double by_s) {
  return {.air_c = from.air_c + slope.air_c * by_s,
          .walls_c = from.walls_c + slope.walls_c * by_s,
          .heat_in_j = from.heat_in_j + slope.heat_in_j * by_s};
}

// Two parabolas that look like a sine: period 1, from -1 to 1.
double wave(double turns) {
  const double phase = turns - std::floor(turns);
  const double half = phase < 0.5 ? phase : phase - 0.5;
  const double hump = 16.0 * half * (0.5 - half);
  return phase < 0.5 ? hump : -hump;
}

}  // namespace

double UniformNoise::next() {
  // The upper 53 bits as a fraction: exact in a double.
  return static_cast<double>(generator_() >> 11) * 0x1p-52 - 1.0;
}

Room::Room(std::uint64_t seed, const RoomParameters& parameters)
    : parameters_(parameters),
      gusts_(seed),
      sensor_(~seed),  // of its own, so that reading the thermometer does not change the weather
      state_{.air_c = parameters.air_start_c, .walls_c = parameters.walls_start_c} {
  fermata::base::expects(parameters.step > Duration::zero(), "Room: the integrator's step is positive");
  fermata::base::expects(parameters.gust_interval > Duration::zero(), "Room: a gust lasts");
}

void Room::advance(Duration span) {
  fermata::base::expects(span >= Duration::zero(), "Room: time does not go backwards");
  now_ += span;
  const std::int64_t due = now_.since_origin() / parameters_.step;
  while (steps_ < due) {
    integrate_step();
  }
}

int Room::read_thermometer_mc() {
  const double shown_c = state_.air_c + parameters_.sensor_noise_c * sensor_.next();
  return static_cast<int>(std::floor(std::clamp(shown_c, -9.0, 99.0) * 1000.0 + 0.5));
}

double Room::outside_c_at(double at_step) const {
  const double turns = at_step * seconds(parameters_.step) / seconds(parameters_.outside_period);
  return parameters_.outside_mean_c + parameters_.outside_swing_c * wave(turns);
}

RoomState Room::derivative(double at_step, const RoomState& state) const {
  const double outside_c = outside_c_at(at_step);
  const double into_air_w = (is_heating_ ? parameters_.heater_w : 0.0) + gust_w_ +
                            parameters_.air_to_outside_w_per_k * (outside_c - state.air_c);
  const double into_walls_w = parameters_.walls_to_outside_w_per_k * (outside_c - state.walls_c);
  const double air_to_walls_w = parameters_.air_to_walls_w_per_k * (state.air_c - state.walls_c);
  return {.air_c = (into_air_w - air_to_walls_w) / parameters_.air_j_per_k,
          .walls_c = (into_walls_w + air_to_walls_w) / parameters_.walls_j_per_k,
          .heat_in_j = into_air_w + into_walls_w};
}

// One number for each interval that has begun, so that the weather does not depend on the step.
void Room::draw_gusts() {
  const std::int64_t begun = steps_ * parameters_.step / parameters_.gust_interval + 1;
  while (gusts_drawn_ < begun) {
    gust_w_ = parameters_.gust_w * gusts_.next();
    ++gusts_drawn_;
  }
}

void Room::integrate_step() {
  draw_gusts();
  const double h = seconds(parameters_.step);
  const auto at = static_cast<double>(steps_);
  const RoomState k1 = derivative(at, state_);
  const RoomState k2 = derivative(at + 0.5, along(state_, k1, 0.5 * h));
  const RoomState k3 = derivative(at + 0.5, along(state_, k2, 0.5 * h));
  const RoomState k4 = derivative(at + 1.0, along(state_, k3, h));
  state_ = along(along(along(along(state_, k1, h / 6), k2, h / 3), k3, h / 3), k4, h / 6);
  ++steps_;
}

}  // namespace heated_room
