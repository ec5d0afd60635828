// SPDX-License-Identifier: Apache-2.0
#include "pipelines/evaluation/evaluate_polygons.h"

#include "pipelines/evaluation/evaluate_layers.h"

namespace scarp::pipelines {
namespace {

std::vector<geo::Feature> landslides(geo::FeatureLayer layer) {
  std::erase_if(layer.features,
                [](const geo::Feature& feature) { return feature.class_id == 0 || feature.parts.empty(); });
  return std::move(layer.features);
}

void keep_covered(std::vector<geo::Feature>& features, const geo::FeatureLayer& area) {
  const std::vector<double> shares = vector::covered_shares(features, area.features);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < features.size(); ++i) {
    if (shares[i] < 0.5) continue;
    if (kept != i) features[kept] = std::move(features[i]);
    ++kept;
  }
  features.resize(kept);
}

}  // namespace

std::vector<vector::PolygonScores> evaluate_polygons(const std::string& prediction,
                                                     const std::string& labels,
                                                     const std::string& labelled_area) {
  geo::FeatureLayer ours = geo::read_features(landslide_layer(prediction), {});
  const geo::Crs crs = ours.crs;
  std::vector<geo::Feature> predicted = landslides(std::move(ours));
  std::vector<geo::Feature> labelled = landslides(geo::read_features(landslide_layer(labels), crs));
  if (labelled_area != "all") {
    const geo::FeatureLayer area = geo::read_features(geo::parse_layer_path(labelled_area), crs);
    keep_covered(predicted, area);
    keep_covered(labelled, area);
  }
  return vector::match_polygons(predicted, labelled, kMatchIous, crs);
}

}  // namespace scarp::pipelines
