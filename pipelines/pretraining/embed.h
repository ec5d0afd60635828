// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "pipelines/events.h"

namespace scarp::pipelines {

struct EmbedOptions {
  std::string backbone;    ///< a file of scarp pretrain, or of any vision transformer that is read
  std::string optical;     ///< raster; also where only terrain is seen: its grid is the answer's
  std::string dem;         ///< may be empty where the backbone sees no terrain
  std::string output;      ///< .tif: a band a feature on the grid of patches; .csv: a row a patch
  std::vector<int> bands;  ///< 1-based; empty: the first ones
  int threads = 1;
  std::string device = "auto";
  bool any_pixel_size = false;
  bool overwrite = false;
};

/// Writes what a backbone says of every patch of a raster of any size, in rows of windows: memory grows with
/// the width of the raster alone. Each window sees ground around the patches that it answers for; a patch
/// with a pixel without data is nodata (NaN), or has no row in the table.
/// @throws Error (usage, contradiction, cancelled), geo::Error, nn::Error, nn::FormatError
void embed_raster(const EmbedOptions& options, Events& events, std::stop_token stop);

}  // namespace scarp::pipelines
