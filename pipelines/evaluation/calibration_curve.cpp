// SPDX-License-Identifier: Apache-2.0
#include "pipelines/evaluation/calibration_curve.h"

#include <cmath>
#include <string>

#include "pipelines/error.h"

namespace scarp::pipelines {

CalibrationCurve::CalibrationCurve(int bins) {
  if (bins < 1)
    throw Error(Fault::usage, "a calibration curve needs at least one bin, got " + std::to_string(bins));
  sums_.resize(static_cast<std::size_t>(bins));
}

void CalibrationCurve::add(const CalibrationCurve& other, std::int64_t times) {
  for (std::size_t bin = 0; bin < sums_.size(); ++bin) {
    const Sum& sum = other.sums_.at(bin);
    sums_[bin].probability += static_cast<double>(times) * sum.probability;
    sums_[bin].events += times * sum.events;
    sums_[bin].pixels += times * sum.pixels;
  }
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
