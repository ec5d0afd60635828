// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "geo/grid.h"
#include "nn/model_card.h"

namespace scarp::pipelines {

struct StoredModel {
  std::string name;
  std::string path;
  nn::ModelCard card;
};

/// Folders that are looked into, in order: $SCARP_MODELS (colon-separated), share/scarp/models beside the
/// program.
std::vector<std::string> model_folders();
std::vector<StoredModel> shipped_models();

/// A model by name ("scarp-mars") or path.
/// @throws Error (no_model) listing the names there are and the folders looked into
std::string find_model(const std::string& name_or_path);

/// A backbone of scarp pretrain by name ("scarp-mars-vit") or path; folders are those of $SCARP_BACKBONES
/// (colon-separated), and share/scarp/backbones beside the program.
/// @throws Error (no_model) listing the names there are and the folders looked into
std::string find_backbone(const std::string& name_or_path);

/// Either of the two.
std::string find_weights(const std::string& name_or_path);

/// The one shipped model whose bands and pixel sizes fit.
/// @throws Error (no_model) with each model's reason and how to train one
StoredModel choose_model(const geo::Grid& grid, int optical_bands, bool has_dem);

}  // namespace scarp::pipelines
