// SPDX-License-Identifier: MIT
// What arming, moving, cancelling and expiring a timer costs while so many others are pending: Fermata's and others'
// timers through the same random operations in one run. README.md says how it is measured.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdio>
#include <numeric>
#include <random>

#include "bench/host_facts.hpp"
#include "bench/timers/contender.hpp"
#include "bench/timers/set_host_time.hpp"

namespace {

using namespace fermata;
using bench::Arm;

constexpr std::int64_t horizon_ms = 1'000'000;
constexpr std::array<const char*, 4> operations{"arm", "re-arm", "cancel", "expire"};
constexpr std::size_t arming = 0;
constexpr std::size_t moving = 1;
constexpr std::size_t cancelling = 2;
constexpr std::size_t expiring = 3;

// All contenders, Fermata first.
std::vector<bench::MakeContender> contenders() {
  return {
      &bench::make_fermata_loop, &bench::make_fermata_list, &bench::make_sorted_list,
#ifdef BENCH_HAS_LIBUV
      &bench::make_libuv,
#endif
#ifdef BENCH_HAS_LIBEVENT
      &bench::make_libevent,
#endif
#ifdef BENCH_HAS_ASIO
      &bench::make_asio,
#endif
  };
}

// Keeps so many timers pending and takes them through rounds of operations.
class Rounds {
 public:
  Rounds(bench::TimerContender& contender, std::uint32_t pending)
      : contender_(contender),
        pending_(pending),
        batch_(std::min<std::size_t>(std::clamp<std::size_t>(pending / 2, 50, 10'000), contender.max_batch(pending))),
        random_(1) {
    const auto count = static_cast<std::uint32_t>(pending + batch_);
    contender_.make(count);
    armed_.resize(pending);
    std::iota(armed_.begin(), armed_.end(), 0U);
    spare_.resize(batch_);
    std::iota(spare_.begin(), spare_.end(), pending);
    std::shuffle(armed_.begin(), armed_.end(), random_);
    contender_.fill(arms_of(armed_));
  }

  // ns an operation, in the order of `operations`.
  std::array<double, operations.size()> run() {
    std::array<double, operations.size()> ns{};
    const std::vector<Arm> to_arm = arms_of(spare_);
    ns[arming] = measure([&] { contender_.arm(to_arm); }) / static_cast<double>(to_arm.size());
    armed_.insert(armed_.end(), spare_.begin(), spare_.end());
    draw_spares();
    ns[cancelling] = measure([&] { contender_.cancel(spare_); }) / static_cast<double>(spare_.size());
    const std::vector<Arm> to_move = arms_of(sample());
    ns[moving] = measure([&] { contender_.rearm(to_move); }) / static_cast<double>(to_move.size());
    ns[expiring] = expire();
    return ns;
  }

 private:
  template <typename Work>
  static double measure(Work work) {
    const std::int64_t from = bench::real_time_ns();
    work();
    return static_cast<double>(bench::real_time_ns() - from);
  }

  std::vector<Arm> arms_of(const std::vector<std::uint32_t>& timers) {
    std::vector<Arm> arms;
    std::uniform_int_distribution<std::int64_t> in_ms(1, horizon_ms);
    for (const std::uint32_t timer : timers) {
      arms.push_back({timer, bench::host_time_ms() + in_ms(random_)});
    }
    return arms;
  }
  // Takes random ones out of those that are armed.
  void draw_spares() {
    for (std::uint32_t& spare : spare_) {
      std::swap(armed_[std::uniform_int_distribution<std::size_t>(0, armed_.size() - 1)(random_)], armed_.back());
      spare = armed_.back();
      armed_.pop_back();
    }
  }
  std::vector<std::uint32_t> sample() {
    std::vector<std::uint32_t> drawn;
    for (std::size_t i = 0; i < batch_; ++i) {
      drawn.push_back(armed_[std::uniform_int_distribution<std::size_t>(0, armed_.size() - 1)(random_)]);
    }
    return drawn;
  }
  double expire() {
    contender_.expired.clear();
    contender_.expired.reserve(armed_.size());
    const auto batch = static_cast<std::int64_t>(batch_);
    bench::set_host_time_ms(bench::host_time_ms() + std::max<std::int64_t>(horizon_ms * batch / pending_, 1));
    const double ns = measure([&] { contender_.expire(); });
    const auto count = static_cast<double>(contender_.expired.size());
    contender_.arm(arms_of(std::vector<std::uint32_t>(contender_.expired)));
    return count == 0 ? 0 : ns / count;
  }

  bench::TimerContender& contender_;
  std::uint32_t pending_;
  std::size_t batch_;
  std::mt19937_64 random_;
  std::vector<std::uint32_t> armed_;
  std::vector<std::uint32_t> spare_;
};

double median_of(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// For each operation what the rounds of all repetitions have taken, contender by contender.
using Samples = std::vector<std::array<std::vector<double>, operations.size()>>;

void measure_once(bench::TimerContender& contender, std::uint32_t pending, std::int64_t budget_ns,
                  std::array<std::vector<double>, operations.size()>& samples) {
  Rounds rounds(contender, pending);
  rounds.run();  // warm-up
  const std::int64_t end = bench::real_time_ns() + budget_ns;
  do {
    const auto ns = rounds.run();
    for (std::size_t i = 0; i < ns.size(); ++i) {
      samples[i].push_back(ns[i]);
    }
  } while (bench::real_time_ns() < end);
}

void print_row(std::uint32_t pending, const char* operation, const std::vector<double>& ns) {
  fmt::print("| {} | {} |", pending, operation);
  for (const double contender : ns) {
    fmt::print(" {:.0f} ({:.2f}) |", contender, contender / ns[0]);
  }
  fmt::print("\n");
}

void print_rows(std::uint32_t pending, const Samples& samples) {
  std::vector<double> life(samples.size());
  for (std::size_t operation = 0; operation < operations.size(); ++operation) {
    std::vector<double> ns;
    for (std::size_t i = 0; i < samples.size(); ++i) {
      ns.push_back(median_of(samples[i][operation]));
      if (operation == arming || operation == expiring) {
        life[i] += ns.back();
      }
    }
    print_row(pending, operations[operation], ns);
  }
  print_row(pending, "a life", life);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Timers, side by side: ns an operation, and in brackets how many times Fermata's loop");
  std::vector<std::uint32_t> sizes{100, 10'000, 1'000'000};
  int repetitions = 3;
  std::int64_t budget_ms = 300;
  app.add_option("--pending", sizes, "how many timers are pending")->check(CLI::Range(10U, 10'000'000U));
  app.add_option("--repetitions", repetitions, "how often all take their turn")->check(CLI::PositiveNumber);
  app.add_option("--budget-ms", budget_ms, "for how long each takes its turn");
  CLI11_PARSE(app, argc, argv);

  const auto makers = contenders();
  fmt::print("{}\n\n| pending | operation |", bench::describe_host() + ", load " + bench::describe_load() + " before");
  std::string rule = "|---|---|";
  for (const auto make : makers) {
    fmt::print(" {} |", make()->name());
    rule += "---|";
  }
  fmt::print("\n{}\n", rule);
  for (const std::uint32_t pending : sizes) {
    Samples samples(makers.size());
    for (int repetition = 0; repetition < repetitions; ++repetition) {
      for (std::size_t i = 0; i < makers.size(); ++i) {
        const auto contender = makers[i]();
        measure_once(*contender, pending, budget_ms * 1'000'000, samples[i]);
      }
    }
    print_rows(pending, samples);
    std::fflush(stdout);
  }
  return 0;
}
