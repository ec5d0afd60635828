// SPDX-License-Identifier: Apache-2.0
#include "pipelines/training/temperature.h"

#include <array>
#include <cmath>
#include <random>

#include <gtest/gtest.h>

#include "pipelines/error.h"
#include "pipelines/training/calibrate.h"
#include "tests/support/evaluate_files.h"
#include "tests/support/fake_segmenter.h"

namespace scarp::pipelines {
namespace {

double uniform(std::mt19937_64& random) {
  return static_cast<double>(random() >> 11) * 0x1.0p-53;
}

/// Pixels of a network that is `too_sure` times as sure as it should be: labels are drawn from the softmax of
/// its logits over `too_sure`.
LogitSamples drawn(int classes, double too_sure, int pixels, std::mt19937_64& random) {
  LogitSamples samples(classes);
  for (int i = 0; i < pixels; ++i) {
    std::vector<float> logits;
    std::vector<double> weights;
    double sum = 0;
    for (int c = 0; c < classes; ++c) {
      logits.push_back(static_cast<float>(too_sure * 6 * (uniform(random) - 0.5)));
      sum += weights.emplace_back(std::exp(logits.back() / too_sure));
    }
    double left = uniform(random) * sum;
    std::uint8_t label = 0;
    while (label + 1 < classes && (left -= weights[label]) > 0) ++label;
    samples.add(logits, std::vector{label});
  }
  return samples;
}

TEST(Temperature, IsFoundAgainForDrawnLabels) {
  std::mt19937_64 random(1);
  for (const int classes : {2, 4}) {
    for (const double too_sure : {0.5, 1.0, 3.0}) {
      const std::array samples = {drawn(classes, too_sure, 40000, random)};
      EXPECT_NEAR(fit_temperature(samples), too_sure, 0.05 * too_sure) << classes;
    }
  }
}

TEST(Temperature, IsTheBestOfAllThatAreTried) {
  std::mt19937_64 random(2);
  const std::array samples = {drawn(3, 2.5, 500, random), drawn(3, 0.7, 300, random)};
  const double best = fit_temperature(samples);
  for (double t = 0.1; t < 15; t *= 1.05)
    EXPECT_LE(mean_nll(samples, best), mean_nll(samples, t) + 1e-12) << t;
}

TEST(Temperature, MakesProbabilitiesBelievable) {
  std::mt19937_64 random(3);
  const std::array seen = {drawn(2, 4, 20000, random)};
  const std::array unseen = {drawn(2, 4, 20000, random)};
  EXPECT_GT(curve_at(unseen, 1).expected_error(), 0.1);
  EXPECT_LT(curve_at(unseen, fit_temperature(seen)).expected_error(), 0.02);
}

TEST(Temperature, StaysBetweenBoundsWhereLabelsAreAllRightOrAllWrong) {
  LogitSamples right(2), wrong(2);
  right.add(std::vector<float>{0, 4}, std::vector<std::uint8_t>{1});
  wrong.add(std::vector<float>{0, 4}, std::vector<std::uint8_t>{0});
  EXPECT_EQ(fit_temperature(std::array{right}), 0.05);
  EXPECT_EQ(fit_temperature(std::array{wrong}), 20);
}

TEST(Temperature, NeedsALabelledPixel) {
  LogitSamples samples(2);
  samples.add(std::vector<float>{0, 1}, std::vector<std::uint8_t>{255});
  try {
    fit_temperature(std::array{samples});
    ADD_FAILURE() << "not refused";
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), Fault::contradiction);
    EXPECT_NE(std::string(error.what()).find("no labelled pixel"), std::string::npos);
  }
}

TEST(LogitSamples, LeaveOutWhatIsNotLabelledOrNotFinite) {
  LogitSamples samples(2);
  samples.add(std::vector<float>{0, INFINITY, 2, 3, 4, 5, 6, NAN}, std::vector<std::uint8_t>{1, 1, 255, 0});
  EXPECT_EQ(samples.size(), 1U);
  EXPECT_EQ(samples.label(0), 1);
  EXPECT_EQ(samples.logits(0)[1], 4);
}

TEST(LogitSamples, KeepEverySecondPixelWhereThereIsNoMoreRoom) {
  LogitSamples samples(2, 4);
  for (int i = 0; i < 13; ++i)
    samples.add(std::vector<float>{static_cast<float>(i), 0}, std::vector<std::uint8_t>{0});
  EXPECT_EQ(samples.pixels(), 13);
  EXPECT_EQ(samples.pixels_each(), 4);
  ASSERT_EQ(samples.size(), 4U);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(samples.logits(i)[0], 4 * static_cast<float>(i));
}

TEST(LogitSamples, NeedTwoClasses) {
  EXPECT_THROW(LogitSamples(1), Error);
}

/// Squares of grey noise; a pixel of value v is landslide as often as the threshold network would believe at
/// temperature 3.
class NoisyGround final : public nn::SampleSource {
 public:
  int side() const override { return 32; }
  std::int64_t size() const override { return 20; }
  std::string place(std::int64_t, std::int64_t) const override { return "nowhere"; }
  void fill(std::int64_t, std::int64_t index, const nn::SampleView& out) override {
    std::mt19937_64 random(static_cast<std::uint64_t>(index));
    for (std::size_t i = 0; i < out.labels.size(); ++i) {
      const double value = 256 * uniform(random);
      for (std::size_t band = 0; band < 3; ++band)
        out.optical[band * out.labels.size() + i] = static_cast<float>(value);
      out.labels[i] = uniform(random) < 1 / (1 + std::exp(-(value - 128) / 16 / 3)) ? 1 : 0;
      out.valid[i] = i == 0 ? 0 : 1;
      out.terrain_valid[i] = 1;
    }
    out.labels[1] = nn::kIgnoreLabel;
  }
};

TEST(CalibratedCard, HoldsTheTemperatureAndWhatItDoesOnUnseenGround) {
  NoisyGround ground;
  test::RecordedEvents events;
  const nn::ModelCard card =
      calibrated_card(test::ThresholdSegmenter(test::small_card()), ground, events, {});
  EXPECT_NEAR(card.temperature, 3, 0.2);
  EXPECT_EQ(card.calibration.pixels, 20 * (32 * 32 - 2));
  EXPECT_EQ(card.calibration.blocks, 20);
  EXPECT_GT(card.calibration.ece_before, 0.08);
  EXPECT_LT(card.calibration.ece_after, 0.02);
  EXPECT_EQ(card.name, "threshold");
  EXPECT_EQ(nn::ModelCard::from_json(card.to_json()).calibration, card.calibration);
}

/// The threshold network, its logits divided by the temperature of its card.
class DividedSegmenter final : public nn::Segmenter {
 public:
  explicit DividedSegmenter(nn::ModelCard card) : plain_(std::move(card)) {}
  const nn::ModelCard& card() const override { return plain_.card(); }
  std::string device() const override { return "cpu"; }
  std::string precision() const override { return "fp32"; }
  void segment(const nn::TileBatch& batch, std::span<float> logits) const override {
    plain_.segment(batch, logits);
    for (float& logit : logits) logit /= static_cast<float>(card().temperature);
  }

 private:
  test::ThresholdSegmenter plain_;
};

TEST(CalibratedCard, StaysAsItIsWhereItIsCalibratedTwice) {
  NoisyGround ground;
  test::RecordedEvents events;
  const nn::ModelCard once = calibrated_card(DividedSegmenter(test::small_card()), ground, events, {});
  const nn::ModelCard twice = calibrated_card(DividedSegmenter(once), ground, events, {});
  EXPECT_NEAR(twice.temperature, once.temperature, 1e-5);
  EXPECT_NEAR(twice.calibration.ece_before, once.calibration.ece_before, 1e-4);
}

TEST(CalibratedCard, IsNotMadeWhereItIsStopped) {
  NoisyGround ground;
  test::RecordedEvents events;
  std::stop_source stop;
  stop.request_stop();
  try {
    calibrated_card(test::ThresholdSegmenter(test::small_card()), ground, events, stop.get_token());
    ADD_FAILURE() << "not stopped";
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), Fault::cancelled);
  }
}

}  // namespace
}  // namespace scarp::pipelines
