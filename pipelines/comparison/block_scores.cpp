// SPDX-License-Identifier: Apache-2.0
#include "pipelines/comparison/block_scores.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

#include <fmt/format.h>

#include "pipelines/error.h"

namespace scarp::pipelines {
namespace {

constexpr int kZeroMargin = MarginHistogram::kBins / 2;  // the bin that begins at 0

double middle(int bin) {
  return (bin + 0.5 - kZeroMargin) * MarginHistogram::kWidth;
}

/// log(1 + exp(x)) without overflow.
double softplus(double x) {
  return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x)));
}

double negative_log_likelihood(const MarginHistogram& margins, double temperature) {
  double sum = 0;
  for (int bin = 0; bin < MarginHistogram::kBins; ++bin) {
    const double margin = middle(bin) / temperature;
    const auto at = static_cast<std::size_t>(bin);
    sum += static_cast<double>(margins.background[at]) * softplus(margin) +
           static_cast<double>(margins.landslide[at]) * softplus(-margin);
  }
  return sum;
}

/// One sample as the network takes it, and what it answers.
struct Window {
  std::vector<float> optical, terrain, logits;
  std::vector<std::uint8_t> valid, terrain_valid, labels, found;

  Window(const nn::ModelCard& card, std::size_t pixels)
      : optical(card.optical.size() * pixels),
        terrain(card.terrain.size() * pixels),
        logits(card.classes.size() * pixels),
        valid(pixels),
        terrain_valid(pixels),
        labels(pixels),
        found(pixels) {}
};

/// Log-odds of any class but the background; the class of the largest logit goes to `found`.
std::vector<double> margins_of(Window& window, std::size_t classes) {
  const std::size_t pixels = window.labels.size();
  std::vector<double> margins(pixels);
  for (std::size_t i = 0; i < pixels; ++i) {
    std::size_t best = 0;
    double largest = -INFINITY, sum = 0;
    for (std::size_t c = 0; c < classes; ++c) {
      const double logit = window.logits[c * pixels + i];
      if (logit > window.logits[best * pixels + i]) best = c;
      if (c > 0) largest = std::max(largest, logit);
    }
    for (std::size_t c = 1; c < classes; ++c) sum += std::exp(window.logits[c * pixels + i] - largest);
    margins[i] = largest + std::log(sum) - window.logits[i];
    window.found[i] =
        window.labels[i] == nn::kIgnoreLabel ? nn::kIgnoreLabel : static_cast<std::uint8_t>(best);
  }
  return margins;
}

// A margin that is no number would be in no bin.
void require_numbers(const std::vector<double>& margins,
                     const Window& window,
                     const std::string& scene,
                     int block) {
  for (std::size_t i = 0; i < margins.size(); ++i) {
    if (window.labels[i] == nn::kIgnoreLabel || !std::isnan(margins[i])) continue;
    throw Error(
        Fault::contradiction,
        fmt::format("The network's answer on block {} of scene {} is not a number: it cannot be scored; "
                    "train it anew, with a lower learning rate.",
                    block, scene));
  }
}

GroundCounts counts_of(const Window& window, std::size_t side, int tolerance) {
  GroundCounts counts;
  Confusion confusion;
  confusion.add(window.found, window.labels);
  counts.pixels = confusion.landslides();
  OutlineMatcher outline(static_cast<std::int64_t>(side), tolerance,
                         [&](std::span<const std::uint8_t> flags) {
                           for (const std::uint8_t flag : flags) {
                             counts.outline.predicted += (flag & OutlineMatcher::kPredicted) != 0;
                             counts.outline.predicted_near += (flag & OutlineMatcher::kPredictedNear) != 0;
                             counts.outline.labelled += (flag & OutlineMatcher::kLabelled) != 0;
                             counts.outline.labelled_near += (flag & OutlineMatcher::kLabelledNear) != 0;
                           }
                         });
  for (std::size_t row = 0; row < side; ++row)
    outline.push(std::span(window.found).subspan(row * side, side),
                 std::span(window.labels).subspan(row * side, side));
  outline.finish();
  return counts;
}

}  // namespace

void MarginHistogram::add(double margin, bool is_landslide) {
  const double place = std::floor(margin / kWidth) + kZeroMargin;
  const auto bin = static_cast<std::size_t>(std::clamp(place, 0.0, static_cast<double>(kBins - 1)));
  ++(is_landslide ? landslide : background)[bin];
}

void MarginHistogram::add(const MarginHistogram& other) {
  for (std::size_t i = 0; i < background.size(); ++i) {
    background[i] += other.background[i];
    landslide[i] += other.landslide[i];
  }
}

double MarginHistogram::best_temperature() const {
  if (negative_log_likelihood(*this, 1) == 0) return 1;
  constexpr double kGolden = 0.6180339887498949;
  double low = std::log(0.1), high = std::log(10.0);  // the likelihood has one peak over the logarithm
  for (int i = 0; i < 60; ++i) {
    const double a = high - kGolden * (high - low), b = low + kGolden * (high - low);
    if (negative_log_likelihood(*this, std::exp(a)) < negative_log_likelihood(*this, std::exp(b))) {
      high = b;
    } else {
      low = a;
    }
  }
  return std::exp(0.5 * (low + high));
}

double MarginHistogram::average_precision() const {
  const auto all = std::accumulate(landslide.begin(), landslide.end(), std::int64_t{0});
  if (all == 0) return -1;
  std::int64_t called = 0, right = 0;
  double sum = 0;
  for (std::size_t bin = landslide.size(); bin-- > 0;) {
    called += background[bin] + landslide[bin];
    right += landslide[bin];
    if (called > 0)
      sum += static_cast<double>(landslide[bin]) * static_cast<double>(right) / static_cast<double>(called);
  }
  return sum / static_cast<double>(all);
}

double MarginHistogram::calibration_error(double temperature) const {
  CalibrationCurve curve;
  for (int bin = 0; bin < kBins; ++bin) {
    const double landslides = 1 / (1 + std::exp(-middle(bin) / temperature));
    const bool says_landslide = landslides >= 0.5;
    const double confidence = says_landslide ? landslides : 1 - landslides;
    const auto at = static_cast<std::size_t>(bin);
    curve.add(confidence, true, says_landslide ? landslide[at] : background[at]);
    curve.add(confidence, false, says_landslide ? background[at] : landslide[at]);
  }
  return curve.expected_error();
}

BlockScores score_blocks(const nn::Segmenter& segmenter,
                         BlockSamples& samples,
                         int outline_tolerance_px,
                         const std::stop_token& stop) {
  const auto side = static_cast<std::size_t>(samples.side());
  Window window(segmenter.card(), side * side);
  BlockScores scores;
  for (std::int64_t index = 0; index < samples.size(); ++index) {
    if (stop.stop_requested()) throw Error(Fault::cancelled, "Cancelled while blocks were scored.");
    samples.fill(0, index,
                 {window.optical, window.terrain, window.valid, window.terrain_valid, window.labels});
    segmenter.segment({1, samples.side(), samples.side(), window.optical, window.terrain, window.valid,
                       window.terrain_valid},
                      window.logits);
    const auto [scene, block] = samples.block(index);
    const std::vector<double> margins = margins_of(window, segmenter.card().classes.size());
    require_numbers(margins, window, scene, block);
    for (std::size_t i = 0; i < margins.size(); ++i) {
      if (window.labels[i] != nn::kIgnoreLabel)
        scores.margins[static_cast<std::size_t>(index % 2)].add(margins[i] * segmenter.card().temperature,
                                                                window.labels[i] != 0);
    }
    scores.blocks.push_back({scene, block, counts_of(window, side, outline_tolerance_px)});
  }
  return scores;
}

}  // namespace scarp::pipelines
