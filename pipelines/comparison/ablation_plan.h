// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "nn/pretrainer.h"

namespace scarp::pipelines {

/// One configuration of a comparison: what it changes in the base run file.
struct AblationConfiguration {
  std::string name;                  ///< letters, digits, - and _
  std::vector<std::string> set;      ///< "key.path=value"
  std::vector<std::uint64_t> seeds;  ///< of this one; the plan's where it names none
  bool external = false;             ///< trained by another program: only its logs are read
};

/// A backbone that is pretrained before the configurations, which name it as backbone:NAME.
struct AblationBackbone {
  std::string name;  ///< letters, digits, - and _
  nn::PretrainMethod method = nn::PretrainMethod::mae;
  std::string run;               ///< run file of scarp pretrain
  std::vector<std::string> set;  ///< "key.path=value" over it
};

/// One training: a configuration on a fold with a seed.
struct AblationJob {
  std::size_t configuration = 0;
  int fold = 0;  ///< 0: the run file's own split
  std::uint64_t seed = 1;
};

/// A comparison, as its plan file says it.
struct AblationPlan {
  std::string title;
  std::string protocol;          ///< said before the runs: what is varied, what is held, what decides
  std::string base;              ///< run file
  std::vector<std::string> set;  ///< over the base, for all configurations
  std::vector<int> folds = {0};
  std::vector<std::uint64_t> seeds = {1};
  std::string reference;  ///< the configuration that the others are held against
  std::vector<AblationBackbone> pretrain;
  std::vector<AblationConfiguration> configurations;

  /// All runs, first those of the first seed: a comparison that is stopped early is whole for fewer seeds.
  std::vector<AblationJob> jobs() const;
  std::string id_of(const AblationJob& job) const;  ///< "fused-f3-s1"
  /// What a job changes in the base run file, in order; backbones as the plan names them.
  std::vector<std::string> settings_of(const AblationJob& job) const;
};

/// Settings with the file of the backbone in place of backbone:NAME.
/// @param folder  of the comparison, which holds backbones/NAME
std::vector<std::string> with_backbone_files(std::vector<std::string> settings, const std::string& folder);

/// Reads a plan (YAML); paths in it are relative to its folder.
/// @throws Error (usage) for a file that cannot be read, an unknown key (with the nearest known one), a value
/// of the wrong type, a name, fold or seed that occurs twice, a reference that is none of the configurations
/// or a backbone that is not pretrained
AblationPlan read_ablation_plan(const std::string& file);

}  // namespace scarp::pipelines
