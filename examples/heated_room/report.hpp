// SPDX-License-Identifier: MIT
#pragma once

#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "experiment.hpp"

namespace heated_room {

/// What an experiment shows while it runs: on the terminal a line while the guest boots, then a table with a row now
/// and then; in `FOLDER/heated_room.csv` every sample.
class Report final : public Observer {
 public:
  /// `software` is what boots. Throws base::Error (host_failure) if the CSV file cannot be written.
  Report(std::string software, std::string csv_path, Duration between_rows);

  void on_booting(Instant now) override;
  void on_ready(Instant now) override;
  void on_sample(const Sample& sample) override;

  /// The summary of a finished experiment, on the terminal. Returns whether all that was promised held.
  bool finish(const Outcome& outcome);

 private:
  struct Closer {
    void operator()(std::FILE* file) const { static_cast<void>(std::fclose(file)); }
  };
  void print_row(const Sample& sample) const;

  std::string software_;
  std::string csv_path_;
  std::unique_ptr<std::FILE, Closer> csv_;
  Duration between_rows_;
  bool is_terminal_;
  Instant next_progress_;
  Instant next_row_;
  bool has_settled_ = false;  // the heater was switched off for the first time
  bool was_heating_ = false;
  double least_c_ = 0.0;
  double greatest_c_ = 0.0;
  int switched_on_ = 0;
};

/// Draws `FOLDER/heated_room.svg` and `.png` from the CSV file by gnuplot, under the title `title`. Returns false,
/// having said why, where there is no gnuplot or it fails.
bool plot(const std::string& folder, const std::string& title);

}  // namespace heated_room
