// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>

#include "nn/segmenter.h"
#include "pipelines/events.h"

namespace scarp::pipelines {

struct DemoOptions {
  std::string folder;
  std::uint64_t seed = 7;
  bool overwrite = false;
};

/// All of it on a synthetic scene, from nothing to a map one can look at: hrsi.tif, dem.tif, labels.gpkg,
/// landslides.gpkg, classes.tif, probability.tif, metrics.json and report.html in `folder`. The network is
/// lent: nothing is trained.
void demo(const DemoOptions& options, const nn::Segmenter& segmenter, Events& events, std::stop_token stop);

}  // namespace scarp::pipelines
