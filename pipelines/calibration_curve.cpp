// SPDX-License-Identifier: Apache-2.0
#include "pipelines/calibration_curve.h"

#include <cmath>
#include <string>

#include "pipelines/error.h"

namespace scarp::pipelines {

CalibrationCurve::CalibrationCurve(int bins) {
  if (bins < 1)
    throw Error(Fault::usage, "a calibration curve needs at least one bin, got " + std::to_string(bins));
  sums_.resize(static_cast<std::size_t>(bins));
}

std::int64_t CalibrationCurve::pixels() const {
  std::int64_t pixels = 0;
  for (const Sum& sum : sums_) pixels += sum.pixels;
  return pixels;
}

std::vector<CalibrationCurve::Bin> CalibrationCurve::bins() const {
  std::vector<Bin> bins;
  for (const Sum& sum : sums_) {
    const double pixels = sum.pixels > 0 ? static_cast<double>(sum.pixels) : 1.0;
    bins.push_back({sum.probability / pixels, static_cast<double>(sum.events) / pixels, sum.pixels});
  }
  return bins;
}

double CalibrationCurve::expected_error() const {
  double error = 0;
  for (const Sum& sum : sums_) error += std::abs(sum.probability - static_cast<double>(sum.events));
  const std::int64_t all = pixels();
  return all == 0 ? 0.0 : error / static_cast<double>(all);
}

}  // namespace scarp::pipelines
