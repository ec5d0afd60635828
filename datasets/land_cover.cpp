// SPDX-License-Identifier: Apache-2.0
#include "datasets/land_cover.h"

#include <array>
#include <cmath>
#include <numbers>

#include "datasets/noise.h"
#include "datasets/random.h"

namespace scarp::datasets {
namespace {

using Colour = std::array<float, kMostBands>;  // red, green, blue, near infrared, shortwave infrared 1, 2

constexpr Colour kHaze = {1, 1, 1.4F, 0.4F, 0.1F, 0.1F};  // the air scatters short waves
constexpr std::size_t kVisible = 3;
constexpr Colour kForest = {50, 66, 44, 130, 60, 34};
constexpr Colour kOpenWood = {78, 90, 60, 138, 84, 52};
constexpr Colour kMeadow = {108, 118, 76, 170, 118, 78};
constexpr Colour kDryMeadow = {140, 130, 94, 158, 160, 124};
constexpr Colour kSoil = {158, 136, 108, 176, 196, 170};
constexpr Colour kRock = {138, 132, 124, 146, 154, 148};
constexpr Colour kGravel = {168, 163, 152, 176, 182, 176};
constexpr Colour kWater = {66, 82, 80, 30, 14, 10};

Colour blend(const Colour& a, const Colour& b, float share) {
  Colour blended;
  for (std::size_t band = 0; band < blended.size(); ++band)
    blended[band] = std::lerp(a[band], b[band], share);
  return blended;
}

/// Noise at every fourth pixel, linear between: for what changes slowly.
class SlowNoise {
 public:
  SlowNoise(std::uint64_t seed, int rows, int cols, float wavelength, int octaves)
      : field_(rows / kStep + 2, cols / kStep + 2) {
    add_noise(field_, seed, wavelength / kStep, 1, octaves);
  }
  float at(int row, int col) const {
    const int r = row / kStep, c = col / kStep;
    const float tr = static_cast<float>(row % kStep) / kStep, tc = static_cast<float>(col % kStep) / kStep;
    return std::lerp(std::lerp(field_.at(r, c), field_.at(r, c + 1), tc),
                     std::lerp(field_.at(r + 1, c), field_.at(r + 1, c + 1), tc), tr);
  }

 private:
  static constexpr int kStep = 4;
  HeightField field_;
};

/// Fields of farmland: the nearest of scattered points decides, each with a colour of its own (Worley 1996).
float field_tone(std::uint64_t seed, float x, float y) {
  const int cell_x = static_cast<int>(std::floor(x)), cell_y = static_cast<int>(std::floor(y));
  float nearest = 100, tone = 0;
  for (int cy = cell_y - 1; cy <= cell_y + 1; ++cy) {
    for (int cx = cell_x - 1; cx <= cell_x + 1; ++cx) {
      const std::uint64_t dice =
          mixed(seed ^ mixed(static_cast<std::uint64_t>(cy) << 32 ^ static_cast<std::uint32_t>(cx)));
      const float px = static_cast<float>(cx) + static_cast<float>(dice & 1023U) / 1024;
      const float py = static_cast<float>(cy) + static_cast<float>(dice >> 10 & 1023U) / 1024;
      const float distance = std::abs(px - x) + std::abs(py - y);
      if (distance >= nearest) continue;
      nearest = distance;
      tone = static_cast<float>(dice >> 20 & 1023U) / 1023;
    }
  }
  return tone;
}

class Painter {
 public:
  Painter(const GroundView& ground, std::uint64_t seed)
      : ground_(ground),
        seed_(seed),
        rows_(ground.heights.rows),
        cols_(ground.heights.cols),
        broad_(smoothed(ground.before.heights, 5)),
        wetness_(part_seed(seed, 1), rows_, cols_, 190, 5),
        kinds_(part_seed(seed, 2), rows_, cols_, 60, 4),
        woods_(part_seed(seed, 3), rows_, cols_, 26, 3) {
    Random random(part_seed(seed, 4));
    dryness_ = static_cast<float>(random.uniform(-0.25, 0.35));
    haze_ = static_cast<float>(random.uniform(4, 16));
    for (std::size_t b = 0; b < kVisible; ++b) gain_[b] = static_cast<float>(random.uniform(0.94, 1.06));
    tree_line_ = static_cast<float>(random.uniform(62, 105));
    for (std::size_t b = kVisible; b < gain_.size(); ++b)
      gain_[b] = static_cast<float>(random.uniform(0.94, 1.06));
  }

  std::vector<std::uint8_t> paint(std::size_t bands) const {
    const std::size_t plane = static_cast<std::size_t>(rows_) * cols_;
    std::vector<std::uint8_t> picture(bands * plane);
    for (int row = 0; row < rows_; ++row) {
      for (int col = 0; col < cols_; ++col) {
        const Colour colour = cover(row, col);
        const float light = sunlight(row, col);
        const std::size_t i = ground_.heights.index(row, col);
        std::uint64_t dice = mixed(seed_ ^ (i << 8));
        for (std::size_t band = 0; band < bands; ++band, dice = mixed(dice)) {
          const float value = haze_ * kHaze[band] + gain_[band] * colour[band] * light + 2.2F * bell(dice);
          picture[band * plane + i] = static_cast<std::uint8_t>(std::clamp(value + 0.5F, 0.0F, 255.0F));
        }
      }
    }
    return picture;
  }

 private:
  /// About normal, mean 0, deviation 1: the sum of four uniform numbers.
  static float bell(std::uint64_t dice) {
    const auto sum =
        static_cast<float>((dice & 0xffffU) + (dice >> 16 & 0xffffU) + (dice >> 32 & 0xffffU) + (dice >> 48));
    return (sum / 65535 - 2) * 1.732F;
  }

  /// Light on a slope over light on flat ground; shaded slopes still have the sky.
  float sunlight(int row, int col) const {
    constexpr float kAzimuth = 155 * std::numbers::pi_v<float> / 180,
                    kAltitude = 48 * std::numbers::pi_v<float> / 180;
    static const float east = std::sin(kAzimuth) * std::cos(kAltitude),
                       north = std::cos(kAzimuth) * std::cos(kAltitude);
    static const float up = std::sin(kAltitude);
    const HeightField::Gradient g = ground_.heights.gradient(row, col);
    const float cosine =
        (up - g.right * east + g.down * north) / std::sqrt(1 + g.down * g.down + g.right * g.right);
    return 0.3F + 0.7F * std::max(0.0F, cosine) / up;
  }

  Colour cover(int row, int col) const {
    const float height = ground_.before.heights.at(row, col), above = ground_.before.above_river.at(row, col);
    const HeightField::Gradient g = broad_.gradient(row, col);
    const float slope = std::sqrt(g.down * g.down + g.right * g.right);
    const float x = static_cast<float>(col), y = static_cast<float>(row);
    const float kind = kinds_.at(row, col), speckle = gradient_noise(seed_ + 5, x / 2.3F, y / 2.3F);
    const float shade =
        slope > 0.01F ? -g.down / slope * std::min(1.0F, 2 * slope) : 0;  // 1 on slopes that face south
    const float wet = 1.5F * wetness_.at(row, col) - 0.22F * shade - dryness_ +
                      0.5F * ground_.moisture.at(row, col) + 0.25F * smooth_step(12, 0, above);
    Colour colour = blend(kDryMeadow, kMeadow, smooth_step(-0.5F, 0.25F, wet + 0.5F * kind));
    const float flat = smooth_step(0.16F, 0.07F, slope) * smooth_step(14, 6, above);
    if (flat > 0) colour = blend(colour, farmland(x, y), 0.8F * flat);
    colour = woods(colour, wet, height, flat, speckle, woods_.at(row, col));
    const float steep = smooth_step(0.75F, 1.05F, slope + 0.25F * kind + 0.12F * speckle);
    const float high = smooth_step(0.7F, 1.3F, height / tree_line_ - 0.35F + 0.5F * kind);
    colour = blend(colour, kRock, std::min(0.9F, steep + 0.55F * high));
    colour = blend(colour, kSoil, ground_.bareness.at(row, col) * (0.85F + 0.15F * speckle));
    const float tone = 1 + 0.07F * speckle + 0.16F * kind;
    for (float& value : colour) value *= tone;
    return river(colour, row, col, above);
  }

  Colour farmland(float x, float y) const {
    const float turned = 0.87F * x + 0.5F * y, across = -0.5F * x + 0.87F * y;
    const float tone = field_tone(seed_ + 6, turned / 26, across / 15);
    const Colour crop =
        tone < 0.5F ? blend(kMeadow, kOpenWood, 2 * tone) : blend(kDryMeadow, kSoil, 2 * tone - 1);
    return crop;
  }

  Colour woods(const Colour& ground, float wet, float height, float flat, float speckle, float clumps) const {
    const float climate = smooth_step(tree_line_, 0.8F * tree_line_, height) - 0.8F * flat;
    const float cover =
        smooth_step(0.2F, 0.5F, wet + 0.9F * clumps + 0.12F * speckle + 0.45F * climate - 0.15F);
    const Colour crowns =
        blend(kForest, kOpenWood, std::clamp(0.3F + 0.6F * clumps + 0.25F * speckle, 0.0F, 1.0F));
    return blend(ground, crowns, cover * std::max(0.0F, climate));
  }

  /// Water where much is drained, with gravel beside it.
  Colour river(const Colour& bank, int row, int col, float above) const {
    const float drained = ground_.before.drained.at(row, col);
    float most = drained;
    for (int r = row - 1; r <= row + 1; ++r) {
      for (int c = col - 1; c <= col + 1; ++c) most = std::max(most, ground_.before.drained.clamped(r, c));
    }
    const float gravel = smooth_step(6000, 22000, most) * smooth_step(1.2F, 0.2F, above);
    const float water = smooth_step(9000, 40000, 0.4F * most + 0.6F * drained);
    return blend(blend(bank, kGravel, 0.75F * gravel), kWater, 0.85F * water);
  }

  const GroundView& ground_;
  std::uint64_t seed_;
  int rows_, cols_;
  HeightField broad_;
  SlowNoise wetness_, kinds_, woods_;
  float dryness_ = 0, haze_ = 0, tree_line_ = 0;
  Colour gain_ = {};
};

}  // namespace

std::vector<std::uint8_t> paint_ground(const GroundView& ground, std::uint64_t seed, int bands) {
  return Painter(ground, seed).paint(static_cast<std::size_t>(bands));
}

}  // namespace scarp::datasets
