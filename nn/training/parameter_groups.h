// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "nn/detector_backbone.h"
#include "nn/torch/dual_branch_network.h"
#include "nn/training/adamw.h"

namespace scarp::nn {

/// Groups of the layers of a vision transformer of `depth` blocks (schedules.h), empty: two a layer, of
/// weights that are decayed and of those of one dimension, which are not.
/// @param rate  factor on the learning rate of all layers
std::vector<ParameterGroup> groups_of_layers(std::int64_t depth, double rate, double layer_decay);
/// Which of them a parameter belongs to.
std::size_t group_of_layer(std::int64_t layer, const at::Tensor& parameter);

/// What is trained, in groups of one learning rate: first all that lies outside backbones, weights that are
/// decayed and those of one dimension, which are not; then the layers of each backbone, towards its end.
/// Frozen backbones and fixed position tables are left out.
/// @param others  trained beside the network, at its rate
std::vector<ParameterGroup> detector_groups(DualBranchNetworkImpl& network,
                                            const NamedParameters& others,
                                            const BackboneOptions& options);

}  // namespace scarp::nn
