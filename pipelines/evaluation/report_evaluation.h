// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "pipelines/evaluation/evaluate.h"
#include "pipelines/pages/report_html.h"

namespace scarp::pipelines {

/// Where a map is right and wrong.
struct ErrorPicture {
  geo::Picture picture;
  std::vector<LegendEntry> legend;
  std::string background;  ///< path of what lies under it; may be empty
};

/// The page of an evaluation: figures with what they mean, confusion table, calibration, picture of errors,
/// inputs.
/// @param provenance  what the map says of itself
HtmlReport evaluation_report(const Evaluation& scores,
                             const ErrorPicture& errors,
                             const std::map<std::string, std::string>& provenance);

}  // namespace scarp::pipelines
