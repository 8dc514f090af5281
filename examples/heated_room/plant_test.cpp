// SPDX-License-Identifier: MIT
#include "plant.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace heated_room {
namespace {

RoomParameters calm() {
  RoomParameters parameters;
  parameters.gust_w = 0.0;
  parameters.outside_swing_c = 0.0;
  parameters.sensor_noise_c = 0.0;
  return parameters;
}

double air_after(Duration span, Duration step) {
  RoomParameters parameters = calm();
  parameters.step = step;
  Room room(1, parameters);
  room.set_heater(true);
  room.advance(span);
  return room.state().air_c;
}

TEST(Room, KeepsEnergy) {
  const RoomParameters parameters;
  Room room(7);
  for (int i = 0; i < 1000; ++i) {
    room.set_heater(i % 100 < 40);
    room.advance(1_s);
  }
  const double stored_j = parameters.air_j_per_k * (room.state().air_c - parameters.air_start_c) +
                          parameters.walls_j_per_k * (room.state().walls_c - parameters.walls_start_c);
  EXPECT_GT(std::abs(stored_j), 10'000.0);
  EXPECT_NEAR(room.state().heat_in_j, stored_j, 1e-3);
}

TEST(Room, ConvergesWithFourthOrder) {
  const double exact = air_after(3200_s, 1_s);
  const double coarse_error = std::abs(air_after(3200_s, 200_s) - exact);
  const double fine_error = std::abs(air_after(3200_s, 100_s) - exact);
  EXPECT_GT(coarse_error, 1e-6);
  EXPECT_NEAR(std::log2(coarse_error / fine_error), 4.0, 0.5);
}

TEST(Room, SettlesWhereHeatingEqualsTheLosses) {
  RoomParameters parameters = calm();
  Room room(1, parameters);
  room.set_heater(true);
  room.advance(200'000_s);
  const double losses_w = parameters.air_to_outside_w_per_k * (room.state().air_c - parameters.outside_mean_c) +
                          parameters.walls_to_outside_w_per_k * (room.state().walls_c - parameters.outside_mean_c);
  EXPECT_NEAR(losses_w, parameters.heater_w, 1e-3);
}

TEST(Room, IsTheSameHoweverTimeIsDividedWhileTheHeaterIsLeftAlone) {
  Room once(3);
  Room often(3);
  once.advance(10_s);
  for (int i = 0; i < 10'000; ++i) {
    often.advance(1_ms);
  }
  EXPECT_EQ(once.now(), often.now());
  EXPECT_EQ(once.state().air_c, often.state().air_c);
  EXPECT_EQ(once.state().walls_c, often.state().walls_c);
}

TEST(Room, MovesInWholeStepsAndCarriesTheRest) {
  Room room(3);
  room.advance(99_ms);
  EXPECT_EQ(room.state().air_c, RoomParameters{}.air_start_c);
  room.advance(1_ms);
  EXPECT_NE(room.state().air_c, RoomParameters{}.air_start_c);
}

TEST(Room, DependsOnItsSeedAlone) {
  Room room(5);
  Room same(5);
  Room other(6);
  for (Room* each : {&room, &same, &other}) {
    each->advance(100_s);
  }
  EXPECT_EQ(room.state().air_c, same.state().air_c);
  EXPECT_NE(room.state().air_c, other.state().air_c);
}

TEST(Room, ReadingTheThermometerLeavesTheWeatherAlone) {
  Room read(5);
  Room unread(5);
  for (int i = 0; i < 100; ++i) {
    const int shown_mc = read.read_thermometer_mc();
    EXPECT_NEAR(shown_mc, read.state().air_c * 1000.0, 21.0);
    read.advance(1_s);
    unread.advance(1_s);
  }
  EXPECT_EQ(read.state().air_c, unread.state().air_c);
}

TEST(Room, OutsideSwingsAroundItsMean) {
  Room room(1);
  EXPECT_DOUBLE_EQ(room.outside_c(), 4.0);
  room.advance(300_s);
  EXPECT_DOUBLE_EQ(room.outside_c(), 8.0);
  room.advance(600_s);
  EXPECT_DOUBLE_EQ(room.outside_c(), 0.0);
}

TEST(UniformNoise, IsTheSameOnEveryMachine) {
  // The standard gives the 10000th number of std::mt19937_64 with its default seed: 9981545732273789042.
  UniformNoise noise(5489);
  for (int i = 0; i < 9999; ++i) {
    const double number = noise.next();
    ASSERT_GE(number, -1.0);
    ASSERT_LT(number, 1.0);
  }
  EXPECT_EQ(noise.next(), static_cast<double>(9981545732273789042ULL >> 11) / 4503599627370496.0 - 1.0);
}

}  // namespace
}  // namespace heated_room
