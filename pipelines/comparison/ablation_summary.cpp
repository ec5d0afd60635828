// SPDX-License-Identifier: Apache-2.0
#include "pipelines/comparison/ablation_summary.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <random>
#include <set>

namespace scarp::pipelines {
namespace {

constexpr std::uint64_t kBootstrapSeed = 1;

using BlockKey = std::pair<std::string, int>;
/// Counts of every block over the seeds, and how many seeds they are of.
struct BlockCounts {
  GroundCounts counts;
  std::int64_t seeds = 0;
};
using CountsByBlock = std::map<BlockKey, BlockCounts>;

std::vector<const AblationLog*> logs_of(const std::vector<AblationLog>& logs, const std::string& name) {
  std::vector<const AblationLog*> own;
  for (const AblationLog& log : logs)
    if (log.configuration == name) own.push_back(&log);
  return own;
}

CountsByBlock by_block(const std::vector<const AblationLog*>& logs) {
  CountsByBlock all;
  for (const AblationLog* log : logs) {
    for (const BlockScore& block : log->scores.blocks) {
      BlockCounts& entry = all[{block.scene, block.block}];
      entry.counts.add(block.counts);
      ++entry.seeds;
    }
  }
  return all;
}

template <typename Keep>
MapScores pooled(const std::vector<const AblationLog*>& logs, Keep keep) {
  GroundCounts sum;
  for (const AblationLog* log : logs) {
    if (!keep(*log)) continue;
    for (const BlockScore& block : log->scores.blocks) sum.add(block.counts);
  }
  return scores_of(sum);
}

std::vector<double> seeds_f1(const std::vector<const AblationLog*>& logs, std::size_t folds) {
  std::map<std::uint64_t, std::size_t> runs;
  for (const AblationLog* log : logs) ++runs[log->seed];
  std::vector<double> f1;
  for (const auto& [seed, count] : runs) {
    if (count == folds)
      f1.push_back(pooled(logs, [s = seed](const AblationLog& l) { return l.seed == s; }).f1);
  }
  return f1;
}

std::vector<double> folds_f1(const std::vector<const AblationLog*>& logs, const std::vector<int>& folds) {
  std::vector<double> f1;
  for (const int fold : folds) {
    const auto of_fold = [&](const AblationLog& log) { return log.fold == fold; };
    const bool any = std::any_of(logs.begin(), logs.end(), [&](const AblationLog* l) { return of_fold(*l); });
    f1.push_back(any ? pooled(logs, of_fold).f1 : -1);
  }
  return f1;
}

void calibrate(const std::vector<const AblationLog*>& logs, AblationRow& row) {
  std::array<MarginHistogram, 2> halves;
  for (const AblationLog* log : logs) {
    for (std::size_t i = 0; i < halves.size(); ++i) halves[i].add(log->scores.margins[i]);
  }
  const auto& counts = halves[1].landslide;
  if (std::all_of(counts.begin(), counts.end(), [](std::int64_t n) { return n == 0; })) return;
  row.temperature = halves[0].best_temperature();
  row.ece_before = halves[1].calibration_error(1);
  row.ece_after = halves[1].calibration_error(row.temperature);
}

double average_precision(const AblationLog& log) {
  MarginHistogram all = log.scores.margins[0];
  all.add(log.scores.margins[1]);
  return all.average_precision();
}

/// Each run against the run of the reference on the same fold with the same seed.
void rank(const std::vector<const AblationLog*>& own,
          const std::vector<const AblationLog*>& reference,
          AblationRow& row) {
  std::vector<double> values, differences;
  for (const AblationLog* log : own) {
    const double mine = average_precision(*log);
    if (mine < 0) continue;
    values.push_back(mine);
    for (const AblationLog* other : reference) {
      if (other->fold == log->fold && other->seed == log->seed && average_precision(*other) >= 0)
        differences.push_back(mine - average_precision(*other));
    }
  }
  const auto mean = [](const std::vector<double>& x) {
    return std::accumulate(x.begin(), x.end(), 0.0) / static_cast<double>(x.size());
  };
  if (!values.empty()) row.average_precision = mean(values);
  row.paired_runs = static_cast<int>(differences.size());
  if (differences.empty()) return;
  row.average_precision_difference = mean(differences);
  const auto [low, high] = std::minmax_element(differences.begin(), differences.end());
  row.average_precision_range = {*low, *high};
}

/// Blocks that both have, each weighted as if it came from as many seeds: the ratio of counts stays, and both
/// have the same number of pixels.
void compare(const CountsByBlock& own, const CountsByBlock& reference, int draws, AblationRow& row) {
  std::vector<GroundCounts> a, b;
  GroundCounts sum_a, sum_b;
  for (const auto& [key, mine] : own) {
    const auto other = reference.find(key);
    if (other == reference.end()) continue;
    a.emplace_back().add(mine.counts, other->second.seeds);
    b.emplace_back().add(other->second.counts, mine.seeds);
    sum_a.add(a.back());
    sum_b.add(b.back());
  }
  row.paired_blocks = static_cast<int>(a.size());
  const MapScores mine = scores_of(sum_a), theirs = scores_of(sum_b);
  row.f1_difference = mine.f1 - theirs.f1;
  row.iou_difference = mine.iou - theirs.iou;
  row.boundary_difference = mine.boundary_f1 - theirs.boundary_f1;
  std::mt19937_64 random(kBootstrapSeed);
  const Bootstrap chance = bootstrap(a, b, draws, random);
  const auto interval_of = [&](const char* name) {
    const auto found = chance.differences.find(name);
    return found == chance.differences.end() ? Interval{} : found->second;
  };
  row.f1_interval = interval_of("f1");
  row.iou_interval = interval_of("iou");
  row.boundary_interval = interval_of("boundary_f1");
}

}  // namespace

std::vector<AblationRow> summarise(const AblationPlan& plan,
                                   const std::vector<AblationLog>& logs,
                                   int draws) {
  const CountsByBlock reference = by_block(logs_of(logs, plan.reference));
  std::vector<AblationRow> rows;
  for (const AblationConfiguration& configuration : plan.configurations) {
    const auto own = logs_of(logs, configuration.name);
    if (own.empty()) continue;
    AblationRow row;
    row.name = configuration.name;
    row.runs = static_cast<int>(own.size());
    row.parameters = own.front()->parameters;
    for (const AblationLog* log : own) row.cpu_seconds += log->cpu_seconds / row.runs;
    row.pooled = pooled(own, [](const AblationLog&) { return true; });
    row.f1_of_seed = seeds_f1(own, plan.folds.size());
    row.f1_of_fold = folds_f1(own, plan.folds);
    calibrate(own, row);
    rank(own, logs_of(logs, plan.reference), row);
    if (!plan.reference.empty()) compare(by_block(own), reference, draws, row);
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace scarp::pipelines
