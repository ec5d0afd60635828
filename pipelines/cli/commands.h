// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "pipelines/cli/command.h"

namespace scarp::cli {

// One line a verb; each is made in the file that bears its name.
std::unique_ptr<Command> make_folds_command();
std::unique_ptr<Command> make_evaluate_command();
std::unique_ptr<Command> make_inspect_command();
std::unique_ptr<Command> make_terrain_command();
std::unique_ptr<Command> make_polygonize_command();
std::unique_ptr<Command> make_synth_command();
std::unique_ptr<Command> make_model_command();
std::unique_ptr<Command> make_doctor_command();
#ifdef SCARP_WITH_NN
std::unique_ptr<Command> make_detect_command();
std::unique_ptr<Command> make_train_command();
std::unique_ptr<Command> make_pretrain_command();
std::unique_ptr<Command> make_embed_command();
std::unique_ptr<Command> make_probe_command();
std::unique_ptr<Command> make_calibrate_command();
std::unique_ptr<Command> make_ablate_command();
std::unique_ptr<Command> make_demo_command();
#endif

}  // namespace scarp::cli
