// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "nn/pretrainer.h"
#include "pipelines/pretraining/pretrain_settings.h"

namespace scarp::pipelines {

/// What a page on a pretraining shows beside its curves.
struct PretrainSheets {
  std::vector<nn::ReconstructedWindow> reconstructions;  ///< of mae and hpm
  std::vector<std::vector<std::vector<float>>>
      neighbours;  ///< rows of windows: the asked one, then its nearest
  int side = 0;    ///< pixels of a window
  int patch = 0;
  std::size_t optical = 0;  ///< channels of optical, before those of terrain
  std::size_t channels = 0;
};

/// A self-contained HTML page: curves, figures, pictures of windows as seen, rebuilt and mined, and of
/// windows with their nearest neighbours by feature.
void write_pretrain_report(const std::string& path,
                           const PretrainSettings& settings,
                           const nn::BackboneCard& card,
                           const std::vector<nn::PretrainEvent>& history,
                           const PretrainSheets& sheets);

}  // namespace scarp::pipelines
