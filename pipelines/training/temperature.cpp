// SPDX-License-Identifier: Apache-2.0
#include "pipelines/training/temperature.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "pipelines/error.h"

namespace scarp::pipelines {
namespace {

constexpr double kLowest = 0.05, kHighest = 20;
constexpr int kMostSteps = 60;
constexpr double kCloseEnough = 1e-9;  // relative, of 1 / T

/// Of one pixel at beta = 1 / T, q its softmax: the negative log likelihood, its slope E_q[z] - z_label, and
/// its curvature Var_q[z].
struct Terms {
  double nll = 0, slope = 0, curvature = 0;
};

Terms terms_of(std::span<const float> logits, std::size_t label, double beta) {
  const double highest = *std::max_element(logits.begin(), logits.end());
  double sum = 0, first = 0, second = 0;
  for (const float logit : logits) {
    const double z = logit - highest;
    const double weight = std::exp(beta * z);
    sum += weight;
    first += weight * z;
    second += weight * z * z;
  }
  const double mean = first / sum, own = logits[label] - highest;
  return {std::log(sum) - beta * own, mean - own, std::max(0.0, second / sum - mean * mean)};
}

Terms summed(std::span<const LogitSamples> parts, double beta) {
  Terms sum;
  for (const LogitSamples& part : parts) {
    const auto weight = static_cast<double>(part.pixels_each());
    for (std::size_t i = 0; i < part.size(); ++i) {
      const Terms terms = terms_of(part.logits(i), part.label(i), beta);
      sum.nll += weight * terms.nll;
      sum.slope += weight * terms.slope;
      sum.curvature += weight * terms.curvature;
    }
  }
  return sum;
}

bool empty(std::span<const LogitSamples> parts) {
  return std::all_of(parts.begin(), parts.end(), [](const LogitSamples& part) { return part.size() == 0; });
}

}  // namespace

LogitSamples::LogitSamples(int classes, std::size_t most) : classes_(classes), most_(most) {
  if (classes < 2 || most < 2) {
    throw Error(Fault::usage,
                fmt::format("logits of at least 2 classes and room for 2 pixels are needed, got "
                            "{} and {}",
                            classes, most));
  }
}

void LogitSamples::add(std::span<const float> logits, std::span<const std::uint8_t> labels) {
  const auto classes = static_cast<std::size_t>(classes_);
  for (std::size_t pixel = 0; pixel < labels.size(); ++pixel) {
    if (labels[pixel] >= classes) continue;
    bool finite = true;
    for (std::size_t c = 0; c < classes; ++c)
      finite = finite && std::isfinite(logits[c * labels.size() + pixel]);
    if (!finite || seen_++ % step_ != 0) continue;
    if (labels_.size() == most_) {
      thin();
      if ((seen_ - 1) % step_ != 0) continue;
    }
    for (std::size_t c = 0; c < classes; ++c) logits_.push_back(logits[c * labels.size() + pixel]);
    labels_.push_back(labels[pixel]);
  }
}

void LogitSamples::thin() {
  const auto classes = static_cast<std::size_t>(classes_);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < labels_.size(); i += 2, ++kept) {
    labels_[kept] = labels_[i];
    std::copy_n(logits_.begin() + static_cast<std::ptrdiff_t>(i * classes), classes,
                logits_.begin() + static_cast<std::ptrdiff_t>(kept * classes));
  }
  labels_.resize(kept);
  logits_.resize(kept * classes);
  step_ *= 2;
}

double fit_temperature(std::span<const LogitSamples> parts) {
  if (empty(parts)) {
    throw Error(Fault::contradiction,
                "no labelled pixel is there to fit a temperature to: give labelled ground that the training "
                "does not use");
  }
  double low = 1 / kHighest, high = 1 / kLowest, beta = 1;
  if (summed(parts, high).slope <= 0) return kLowest;
  if (summed(parts, low).slope >= 0) return kHighest;
  for (int step = 0; step < kMostSteps && high - low > kCloseEnough * beta; ++step) {
    const Terms sum = summed(parts, beta);
    (sum.slope > 0 ? high : low) = beta;
    const double newton = beta - sum.slope / sum.curvature;
    const double before = beta;
    beta = newton > low && newton < high ? newton : 0.5 * (low + high);
    if (std::abs(beta - before) < kCloseEnough * beta) break;
  }
  return 1 / beta;
}

double mean_nll(std::span<const LogitSamples> parts, double temperature) {
  double pixels = 0;
  for (const LogitSamples& part : parts)
    pixels += static_cast<double>(part.size()) * static_cast<double>(part.pixels_each());
  return pixels == 0 ? 0.0 : summed(parts, 1 / temperature).nll / pixels;
}

CalibrationCurve curve_at(std::span<const LogitSamples> parts, double temperature) {
  CalibrationCurve curve;
  for (const LogitSamples& part : parts) {
    CalibrationCurve own;
    for (std::size_t i = 0; i < part.size(); ++i) {
      const double background = std::exp(-terms_of(part.logits(i), 0, 1 / temperature).nll);
      own.add(std::clamp(1 - background, 0.0, 1.0), part.label(i) != 0);
    }
    curve.add(own, part.pixels_each());
  }
  return curve;
}

}  // namespace scarp::pipelines
