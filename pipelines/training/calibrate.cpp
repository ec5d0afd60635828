// SPDX-License-Identifier: Apache-2.0
#include "pipelines/training/calibrate.h"

#include <array>
#include <cmath>

#include <fmt/format.h>

#include "pipelines/error.h"
#include "pipelines/training/temperature.h"

namespace scarp::pipelines {
namespace {

using Halves = std::array<LogitSamples, 2>;

/// The planes of one sample, and what the network says of it.
class SampleBuffer {
 public:
  SampleBuffer(const nn::ModelCard& card, int side)
      : side_(side),
        pixels_(static_cast<std::size_t>(side) * static_cast<std::size_t>(side)),
        optical_(card.optical.size() * pixels_),
        terrain_(card.terrain.size() * pixels_),
        logits_(card.classes.size() * pixels_),
        valid_(pixels_),
        terrain_valid_(pixels_),
        labels_(pixels_) {}

  void add_sample(const nn::Segmenter& segmenter,
                  nn::SampleSource& source,
                  std::int64_t index,
                  LogitSamples& out) {
    source.fill(0, index, {optical_, terrain_, valid_, terrain_valid_, labels_});
    segmenter.segment({1, side_, side_, optical_, terrain_, valid_, terrain_valid_}, logits_);
    for (std::size_t i = 0; i < pixels_; ++i) {
      if (valid_[i] == 0) labels_[i] = nn::kIgnoreLabel;
    }
    out.add(logits_, labels_);
  }

 private:
  int side_;
  std::size_t pixels_;
  std::vector<float> optical_, terrain_, logits_;
  std::vector<std::uint8_t> valid_, terrain_valid_, labels_;
};

Halves collect(const nn::Segmenter& segmenter,
               nn::SampleSource& validation,
               Events& events,
               const std::stop_token& stop) {
  const auto classes = static_cast<int>(segmenter.card().classes.size());
  Halves halves = {LogitSamples(classes), LogitSamples(classes)};
  SampleBuffer buffer(segmenter.card(), validation.side());
  const std::int64_t samples = validation.size();
  for (std::int64_t index = 0; index < samples; ++index) {
    if (stop.stop_requested()) throw Error(Fault::cancelled, "Cancelled: the model keeps its temperature.");
    buffer.add_sample(segmenter, validation, index, halves[2 * index < samples ? 0 : 1]);
    events.progress(static_cast<double>(index + 1) / static_cast<double>(samples));
  }
  return halves;
}

/// The error on ground that the temperature was not fitted to; where there is no second half, on the same.
double unseen_error(const Halves& halves, double temperature_of_both) {
  if (halves[0].size() == 0 || halves[1].size() == 0)
    return curve_at(halves, temperature_of_both).expected_error();
  const std::span<const LogitSamples> first = std::span(halves).first(1), second = std::span(halves).last(1);
  CalibrationCurve unseen = curve_at(second, fit_temperature(first));
  unseen.add(curve_at(first, fit_temperature(second)), 1);
  return unseen.expected_error();
}

}  // namespace

nn::ModelCard calibrated_card(const nn::Segmenter& segmenter,
                              nn::SampleSource& validation,
                              Events& events,
                              std::stop_token stop) {
  const Halves halves = collect(segmenter, validation, events, stop);
  const double temperature = fit_temperature(halves);
  nn::ModelCard card = segmenter.card();
  card.temperature *= temperature;  // the segmenter's logits are already divided by the one that it has
  card.calibration.ece_before = curve_at(halves, 1 / segmenter.card().temperature).expected_error();
  card.calibration.ece_after = unseen_error(halves, temperature);
  card.calibration.pixels = halves[0].pixels() + halves[1].pixels();
  card.calibration.blocks = validation.size();
  events.info(
      fmt::format("temperature {:.3f}: calibration error {:.4f} before, {:.4f} after, on ground that it "
                  "was not fitted to",
                  card.temperature, card.calibration.ece_before, card.calibration.ece_after));
  return card;
}

}  // namespace scarp::pipelines
