// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "pipelines/evaluation/calibration_curve.h"

namespace scarp::pipelines {

/// Logits of labelled pixels, for fitting. Holds a fixed number at most: when it is full, every second pixel
/// is let go, and from then on only every second (fourth, ...) is taken, so that the same pixels give the
/// same samples.
class LogitSamples {
 public:
  /// @param classes  logits a pixel, at least 2; @param most  pixels that are held
  /// @throws Error (usage)
  explicit LogitSamples(int classes, std::size_t most = 4'000'000);

  /// @param logits  [classes, pixels]; pixels with one that is not finite are left out
  /// @param labels  [pixels]: index of the class; as many as `classes` or more: not labelled, left out
  void add(std::span<const float> logits, std::span<const std::uint8_t> labels);

  int classes() const { return classes_; }
  std::size_t size() const { return labels_.size(); }
  std::int64_t pixels() const { return seen_; }       ///< added, those let go included
  std::int64_t pixels_each() const { return step_; }  ///< one held pixel stands for so many
  std::span<const float> logits(std::size_t i) const {
    const auto classes = static_cast<std::size_t>(classes_);
    return std::span(logits_).subspan(i * classes, classes);
  }
  std::uint8_t label(std::size_t i) const { return labels_[i]; }

 private:
  void thin();

  int classes_;
  std::size_t most_;
  std::int64_t seen_ = 0;
  std::int64_t step_ = 1;
  std::vector<float> logits_;  ///< [size, classes]
  std::vector<std::uint8_t> labels_;
};

/// The temperature T by which logits are divided so that the mean negative log likelihood of the labels is
/// least (Guo, Pleiss, Sun & Weinberger 2017, "On Calibration of Modern Neural Networks", section 4.2); all
/// pixels weigh the same. The likelihood is convex in 1 / T: Newton's steps, kept between bounds. The most
/// probable class does not change.
/// @return from 0.05 to 20: at a bound, the labels ask for more than that
/// @throws Error (contradiction) without a pixel
double fit_temperature(std::span<const LogitSamples> parts);

/// Mean negative log likelihood of the labels at a temperature; 0 without pixels.
double mean_nll(std::span<const LogitSamples> parts, double temperature);

/// Reliability of p(landslide) = 1 - p(class 0) at a temperature.
CalibrationCurve curve_at(std::span<const LogitSamples> parts, double temperature);

}  // namespace scarp::pipelines
