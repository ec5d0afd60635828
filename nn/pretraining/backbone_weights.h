// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "nn/detector_backbone.h"
#include "nn/torch/dual_branch_network.h"

namespace scarp::nn {

/// Gives the backbones of a network the weights of their files: patch projections in the order of the card's
/// channels, or adapted to them.
/// @param network  on the processor, made of `card`
/// @throws Error (mismatch), FormatError
void load_backbone_weights(DualBranchNetworkImpl& network,
                           const ModelCard& card,
                           const BackboneOptions& options);

}  // namespace scarp::nn
