// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "pipelines/comparison/ablation_log.h"
#include "pipelines/comparison/ablation_plan.h"
#include "pipelines/evaluation/evaluate_bootstrap.h"

namespace scarp::pipelines {

/// One configuration over all its folds and seeds. Counts are pooled over the folds before anything is
/// divided; what is said of a seed is pooled over its folds.
struct AblationRow {
  std::string name;
  int runs = 0;
  std::int64_t parameters = 0;
  double cpu_seconds = 0;          ///< mean of a run
  MapScores pooled;                ///< over folds and seeds
  std::vector<double> f1_of_seed;  ///< ascending seeds, those with all folds
  std::vector<double> f1_of_fold;  ///< in the order of the plan's folds, over seeds; -1: no run
  double temperature = 1;          ///< fitted on half of the blocks
  double ece_before = -1;          ///< of the other half; < 0: no margins
  double ece_after = -1;
  double average_precision = -1;            ///< mean of the runs; < 0: no margins
  double average_precision_difference = 0;  ///< mean over runs of the same fold and seed
  Interval average_precision_range;         ///< its smallest and largest among them
  int paired_runs = 0;
  double f1_difference = 0;  ///< less the reference, over the blocks that both have
  double iou_difference = 0;
  double boundary_difference = 0;
  Interval f1_interval;  ///< of the difference, 95 %, blocks drawn in pairs
  Interval iou_interval;
  Interval boundary_interval;
  int paired_blocks = 0;
};

/// @param logs  of the plan's jobs, those that are done
/// @param draws  of the bootstrap over blocks
std::vector<AblationRow> summarise(const AblationPlan& plan, const std::vector<AblationLog>& logs, int draws);

/// The table as Markdown, with protocol, spread and intervals.
std::string to_markdown(const AblationPlan& plan, const std::vector<AblationRow>& rows);

/// A self-contained page: table, F1 of each seed, F1 of each fold.
void write_ablation_report(const std::string& path,
                           const AblationPlan& plan,
                           const std::vector<AblationRow>& rows);

}  // namespace scarp::pipelines
