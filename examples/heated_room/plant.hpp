// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <random>

#include "fermata/time/instant.hpp"

namespace heated_room {

using namespace fermata::time::literals;
using fermata::time::Duration;
using fermata::time::Instant;

/// What the room is made of: a cabin of 25 m3 with light walls and a 3 kW fan heater.
struct RoomParameters {
  double air_j_per_k = 60'000.0;           ///< heat capacity of the air and of what warms up with it
  double walls_j_per_k = 900'000.0;        ///< heat capacity of the walls
  double air_to_walls_w_per_k = 120.0;     ///< heat exchange between the two
  double air_to_outside_w_per_k = 30.0;    ///< windows and draught
  double walls_to_outside_w_per_k = 60.0;  ///< insulation
  double heater_w = 3'000.0;               ///< power of the heater when on
  double outside_mean_c = 4.0;             ///< outside temperature: mean,
  double outside_swing_c = 4.0;            ///< amplitude
  Duration outside_period = 1200_s;        ///< and period of its swing, as of a sun behind passing clouds
  double gust_w = 300.0;                   ///< heat that gusts of wind bring or take: at most this much
  Duration gust_interval = 1_s;            ///< how long one gust lasts
  double sensor_noise_c = 0.02;            ///< error of the thermometer: at most this much
  double air_start_c = 18.0;
  double walls_start_c = 15.0;
  Duration step = 100_ms;  ///< of the integrator
};

/// The continuous state. The heat that came in is integrated with the rest, so that a test can see whether energy is
/// conserved.
struct RoomState {
  double air_c = 0.0;
  double walls_c = 0.0;
  double heat_in_j = 0.0;  ///< from the heater and from outside, since the start
};

/// Numbers in [-1, 1) that are the same on every machine: the standard defines std::mt19937_64 to the bit, but leaves
/// the algorithm of its distributions to the implementation.
class UniformNoise {
 public:
  explicit UniformNoise(std::uint64_t seed) : generator_(seed) {}
  [[nodiscard]] double next();

 private:
  std::mt19937_64 generator_;
};

/// The plant: the air and the walls of a heated room. A function of the seed and of the instants at which the heater
/// was switched, nothing else. Not thread-safe.
class Room {
 public:
  explicit Room(std::uint64_t seed, const RoomParameters& parameters = {});

  /// From the present instant on.
  void set_heater(bool is_on) { is_heating_ = is_on; }
  /// Lets `span` pass. The model moves in whole steps; what is left of a step is carried to the next call.
  void advance(Duration span);
  /// What the thermometer shows now, in thousandths of a degree; each reading has an error of its own.
  [[nodiscard]] int read_thermometer_mc();

  [[nodiscard]] Instant now() const { return now_; }
  [[nodiscard]] const RoomState& state() const { return state_; }
  [[nodiscard]] bool is_heating() const { return is_heating_; }
  [[nodiscard]] double outside_c() const { return outside_c_at(static_cast<double>(steps_)); }

 private:
  [[nodiscard]] RoomState derivative(double at_step, const RoomState& state) const;
  [[nodiscard]] double outside_c_at(double at_step) const;
  void draw_gusts();
  void integrate_step();

  RoomParameters parameters_;
  UniformNoise gusts_;
  UniformNoise sensor_;
  RoomState state_;
  Instant now_;
  std::int64_t steps_ = 0;  // integrated so far
  std::int64_t gusts_drawn_ = 0;
  double gust_w_ = 0.0;
  bool is_heating_ = false;
};

}  // namespace heated_room
