// SPDX-License-Identifier: MIT
#include "fermata/record/guest_trace.hpp"

#include <gtest/gtest.h>

#include "fermata/base/error.hpp"
#include "fermata/record/reader.hpp"
#include "fermata/record/testing/messages.hpp"
#include "fermata/record/testing/recordings.hpp"
#include "fermata/record/text.hpp"

namespace fermata::record {
namespace {

namespace link = wire::link;
using link::MessageType;
using testing::done;
using testing::grant;
using testing::hand_shake;
using testing::input;
using testing::named;
using testing::output;
using testing::report;

std::vector<Message> with_hand_shake(const std::vector<Message>& messages) {
  auto all = hand_shake();
  all.insert(all.end(), messages.begin(), messages.end());
  return all;
}

// The trace's lines behind those of the hand-shake.
std::vector<std::string> trace_of(const std::vector<Message>& messages) {
  GuestTrace trace;
  std::vector<std::string> lines;
  const auto drain = [&] {
    while (const auto event = trace.next()) {
      lines.push_back(to_line(*event));
    }
  };
  for (const Message& message : with_hand_shake(messages)) {
    trace.take(message.from, message.frame());
    drain();
  }
  trace.finish();
  drain();
  EXPECT_GE(lines.size(), 3U);
  lines.erase(lines.begin(), lines.begin() + 3);
  return lines;
}

using Lines = std::vector<std::string>;

TEST(GuestTrace, BeginsWithTheChannels) {
  const testing::TempFile file("trace_begin");
  file.write(hand_shake());
  Reader reader(file.path());
  GuestTraceReader trace(reader);
  EXPECT_EQ(to_line(*trace.next()), "0.000000000 started");
  EXPECT_EQ(to_line(*trace.next()), "0.000000000 channel 1 serial0 serial in out");
  EXPECT_EQ(to_line(*trace.next()), "0.000000000 channel 2 ethernet0 ethernet in out");
  EXPECT_EQ(trace.next(), std::nullopt);
  EXPECT_EQ(trace.damage(), "");
}

TEST(GuestTrace, IsTheSameHoweverTheRunWasCut) {
  const Lines expected = {"0.000000005 input serial0 a", "0.000000007 output serial0 x", "0.000000010 input serial0 b",
                          "0.000000010 output serial0 y"};
  EXPECT_EQ(trace_of({input(1, 5, 1, "a"), input(1, 10, 2, "b"), grant(20, 0), output(1, 7, 1, "x"),
                      output(1, 10, 2, "y"), report(20, 1)}),
            expected);
  EXPECT_EQ(
      trace_of({input(1, 5, 1, "a"), grant(6, 0), report(6, 1), grant(7, 1), output(1, 7, 1, "x"), report(7, 2),
                input(1, 10, 2, "b"), grant(10, 2), output(1, 10, 2, "y"), report(10, 3), grant(20, 3), report(20, 4)}),
      expected);
  // A reactive output, and the answer at its instant.
  EXPECT_EQ(trace_of({input(1, 5, 1, "a"), grant(20, 0), output(1, 7, 1, "x"), report(7, 1, 2), grant(20, 1),
                      output(1, 10, 2, "y"), report(10, 2, 2), input(1, 10, 2, "b"), grant(20, 2), report(20, 3)}),
            expected);
}

TEST(GuestTrace, AtOneInstantInputsGoByChannelAndSequence) {
  EXPECT_EQ(
      trace_of({input(2, 5, 1, "a frame of net"), input(1, 5, 1, "b"), input(1, 5, 2, "c"), grant(5, 0), report(5, 1)}),
      (Lines{"0.000000005 input serial0 b", "0.000000005 input serial0 c",
             "0.000000005 input ethernet0 14 61206672616d65206f66206e6574"}));
}

TEST(GuestTrace, AnInputThatWasNotReachedIsNotInIt) {
  EXPECT_EQ(trace_of({input(1, 5, 1, "a"), input(1, 6, 2, "b"), grant(5, 0), report(5, 1)}),
            (Lines{"0.000000005 input serial0 a"}));
}

TEST(GuestTrace, HasWhatBecomesOfTheGuest) {
  EXPECT_EQ(trace_of({grant(90, 0), report(20, 1, 6), output(1, 30, 1, "up"), report(40, 1, 7, -1, 3)}),
            (Lines{"0.000000020 reset", "0.000000030 output serial0 up", "0.000000040 powered_off exit_status=3"}));
  EXPECT_EQ(trace_of({grant(90, 0), report(20, 1, 5), report(30, 1, 8)}), (Lines{"0.000000030 panicked"}));
  EXPECT_EQ(trace_of({grant(90, 0), report(20, 1, 9)}), (Lines{"0.000000020 error"}));
}

TEST(GuestTrace, TellsOnceHowMuchWasDropped) {
  EXPECT_EQ(trace_of({grant(10, 0), testing::dropped(2, 1), report(10, 1), grant(20, 1), testing::dropped(2, 4),
                      report(20, 2)}),
            (Lines{"0.000000020 dropped ethernet0 4"}));
}

TEST(GuestTrace, GoesBackToACheckpointWithTheInputsOnTheirWay) {
  EXPECT_EQ(trace_of({input(1, 15, 1, "early"), grant(10, 0), report(10, 1), named(MessageType::checkpoint, "one"),
                      done(10), input(1, 18, 2, "later"), input(1, 40, 3, "never"), grant(20, 1), report(20, 2),
                      named(MessageType::restore, "one"), done(10), input(1, 12, 4, "new"), grant(20, 2),
                      output(1, 13, 1, "x"), report(20, 3)}),
            (Lines{"0.000000010 checkpoint one", "0.000000015 input serial0 early", "0.000000018 input serial0 later",
                   "0.000000010 restored one", "0.000000012 input serial0 new", "0.000000013 output serial0 x",
                   "0.000000015 input serial0 early"}));
}

TEST(GuestTrace, ACheckpointThatFailedIsNone) {
  EXPECT_EQ(trace_of({grant(10, 0), report(10, 1), named(MessageType::checkpoint, "one"), done(10, 1)}), Lines());
}

TEST(GuestTrace, WhatBreaksTheProtocolEndsIt) {
  for (const Message& wrong :
       {output(3, 5, 1, "x"), output(1, -5, 1, "x"), done(10), testing::channel(9, link::ChannelKind::line, "l"),
        report(-1, 1), testing::dropped(0, 1), input(3, 5, 1, "x")}) {
    GuestTrace trace;
    for (const Message& message : hand_shake()) {
      trace.take(message.from, message.frame());
    }
    EXPECT_THROW(trace.take(wrong.from, wrong.frame()), base::Error);
  }
  const testing::TempFile file("trace_wrong");
  file.write(with_hand_shake({grant(10, 0), output(1, 5, 1, "x"), output(3, 6, 1, "y")}));
  Reader reader(file.path());
  GuestTraceReader trace(reader);
  std::string last;
  while (const auto event = trace.next()) {
    last = to_line(*event);
  }
  EXPECT_EQ(last, "0.000000005 output serial0 x");
  EXPECT_NE(trace.damage().find("channel 3: there are 1 to 2"), std::string::npos) << trace.damage();
}

}  // namespace
}  // namespace fermata::record
