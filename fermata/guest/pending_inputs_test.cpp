// SPDX-License-Identifier: MIT
#include "fermata/guest/pending_inputs.hpp"

#include <gtest/gtest.h>

#include <string>

namespace fermata::guest {
namespace {

using time::Duration;
using time::Instant;

Instant at_ns(std::int64_t ns) { return Instant::at(Duration::nanoseconds(ns)); }

void add(PendingInputs& inputs, std::uint16_t channel, std::int64_t ns, char what) {
  const auto byte = static_cast<std::byte>(what);
  inputs.add({.channel = channel, .at = at_ns(ns), .payload = std::span(&byte, 1)});
}

std::string take_all(PendingInputs& inputs, std::int64_t now_ns) {
  std::string text;
  while (const auto input = inputs.take_due(at_ns(now_ns))) {
    text += std::to_string(input->channel) + static_cast<char>(input->payload.at(0)) + "@" +
            std::to_string(input->at.since_origin().ns()) + " ";
  }
  return text;
}

TEST(PendingInputs, AreGivenOutByInstantThenChannelThenOrder) {
  PendingInputs inputs(3);
  EXPECT_EQ(inputs.next(), std::nullopt);
  add(inputs, 3, 100, 'a');
  add(inputs, 1, 200, 'b');
  add(inputs, 1, 200, 'c');
  add(inputs, 2, 100, 'd');
  add(inputs, 1, 300, 'e');
  EXPECT_EQ(inputs.next(), at_ns(100));
  EXPECT_EQ(take_all(inputs, 99), "");
  EXPECT_EQ(take_all(inputs, 250), "2d@100 3a@100 1b@200 1c@200 ");
  EXPECT_EQ(inputs.size(), 1U);
  EXPECT_EQ(inputs.next(), at_ns(300));
}

TEST(PendingInputs, WhatComesLaterForEarlierIsNotLate) {
  PendingInputs inputs(1);  // as after a restore, which brings back inputs that the simulator has not sent yet
  add(inputs, 1, 300, 'a');
  add(inputs, 1, 200, 'b');
  add(inputs, 1, 300, 'c');
  EXPECT_EQ(take_all(inputs, 1000), "1b@200 1a@300 1c@300 ");
}

TEST(PendingInputs, KeepTheirSequences) {
  PendingInputs inputs(2);
  const std::byte byte{1};
  inputs.add({.channel = 2, .at = at_ns(100), .sequence = 7, .payload = std::span(&byte, 1)});
  EXPECT_EQ(inputs.due(at_ns(99)), std::nullopt);
  EXPECT_EQ(inputs.due(at_ns(100)), 2);
  state::Writer writer;
  inputs.save(writer);
  EXPECT_EQ(inputs.take_due(at_ns(100))->sequence, 7U);
  EXPECT_EQ(inputs.due(at_ns(100)), std::nullopt);
  const auto bytes = writer.take();
  state::Reader reader(bytes);
  inputs.load(reader);
  EXPECT_EQ(inputs.take_due(at_ns(100))->sequence, 7U);
}

TEST(PendingInputs, AreSavedAndLoaded) {
  PendingInputs inputs(3);
  add(inputs, 1, 100, 'a');
  add(inputs, 3, 200, 'b');
  state::Writer writer;
  inputs.save(writer);
  EXPECT_EQ(take_all(inputs, 150), "1a@100 ");
  const auto bytes = writer.take();
  state::Reader reader(bytes);
  inputs.load(reader);
  EXPECT_EQ(inputs.size(), 2U);
  EXPECT_EQ(take_all(inputs, 1000), "1a@100 3b@200 ");
}

}  // namespace
}  // namespace fermata::guest
