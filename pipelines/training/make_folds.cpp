// SPDX-License-Identifier: Apache-2.0
#include "pipelines/training/make_folds.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "datasets/folds.h"
#include "pipelines/pages/report_file.h"
#include "pipelines/training/training_scenes.h"

namespace scarp::pipelines {
namespace {

std::string sizes_of(const std::vector<int>& fold_of_block, int folds) {
  std::vector<std::ptrdiff_t> sizes;
  for (int fold = 1; fold <= folds; ++fold)
    sizes.push_back(std::count(fold_of_block.begin(), fold_of_block.end(), fold));
  return fmt::format("{}", fmt::join(sizes, ", "));
}

}  // namespace

void make_folds(const RunSettings& settings,
                int folds,
                const std::string& file,
                bool overwrite,
                Events& events) {
  RunSettings whole = settings;
  whole.validation_share = 0;
  whole.fold = 0;
  datasets::Folds result{folds, {}};
  const std::vector<TrainingScene> scenes = open_training_scenes(whole);
  for (std::size_t i = 0; i < scenes.size(); ++i) {
    if (settings.scenes[i].use != SceneUse::split) continue;
    const TrainingScene& scene = scenes[i];
    const std::vector<int> dealt = datasets::deal_folds(scene.blocks, folds);
    events.info(fmt::format("Scene {}: {} blocks in {} groups; blocks a fold: {}", scene.name, dealt.size(),
                            scene.blocks.groups, sizes_of(dealt, folds)));
    result.scenes.push_back({scene.name, scene.blocks.blocks, dealt});
  }
  write_text_file(file, datasets::to_csv(result), overwrite);
  events.result("folds", file);
}

}  // namespace scarp::pipelines
