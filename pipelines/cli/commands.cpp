// SPDX-License-Identifier: Apache-2.0
#include "pipelines/cli/commands.h"

namespace scarp::cli {

std::vector<std::unique_ptr<Command>> make_commands() {
  std::vector<std::unique_ptr<Command>> commands;
#ifdef SCARP_WITH_NN
  commands.push_back(make_detect_command());
  commands.push_back(make_train_command());
  commands.push_back(make_pretrain_command());
  commands.push_back(make_embed_command());
  commands.push_back(make_probe_command());
  commands.push_back(make_ablate_command());
  commands.push_back(make_calibrate_command());
#endif
  commands.push_back(make_folds_command());
  commands.push_back(make_evaluate_command());
  commands.push_back(make_inspect_command());
  commands.push_back(make_terrain_command());
  commands.push_back(make_polygonize_command());
  commands.push_back(make_synth_command());
  commands.push_back(make_model_command());
#ifdef SCARP_WITH_NN
  commands.push_back(make_demo_command());
#endif
  commands.push_back(make_doctor_command());
  return commands;
}

}  // namespace scarp::cli
