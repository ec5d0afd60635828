// SPDX-License-Identifier: Apache-2.0
#include "datasets/noise.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace scarp::datasets {
namespace {

constexpr float kOctaveTurn =
    0.78F;  // octaves are turned against each other, so that their lattices do not show

std::uint32_t lattice_hash(std::uint32_t seed, std::int32_t x, std::int32_t y) {
  std::uint32_t h =
      seed ^ (static_cast<std::uint32_t>(x) * 0x8da6b343U) ^ (static_cast<std::uint32_t>(y) * 0xd8163841U);
  h = (h ^ (h >> 16)) * 0x7feb352dU;
  h = (h ^ (h >> 15)) * 0x846ca68bU;
  return h ^ (h >> 16);
}

float corner(std::uint32_t seed, std::int32_t x, std::int32_t y, float dx, float dy) {
  static constexpr std::array<std::array<float, 2>, 16> kDirections = {{{1, 0},
                                                                        {0.924F, 0.383F},
                                                                        {0.707F, 0.707F},
                                                                        {0.383F, 0.924F},
                                                                        {0, 1},
                                                                        {-0.383F, 0.924F},
                                                                        {-0.707F, 0.707F},
                                                                        {-0.924F, 0.383F},
                                                                        {-1, 0},
                                                                        {-0.924F, -0.383F},
                                                                        {-0.707F, -0.707F},
                                                                        {-0.383F, -0.924F},
                                                                        {0, -1},
                                                                        {0.383F, -0.924F},
                                                                        {0.707F, -0.707F},
                                                                        {0.924F, -0.383F}}};
  const auto& direction = kDirections[lattice_hash(seed, x, y) & 15U];
  return direction[0] * dx + direction[1] * dy;
}

float fade(float t) {
  return t * t * t * (t * (t * 6 - 15) + 10);
}

}  // namespace

float gradient_noise(std::uint64_t seed, float x, float y) {
  const auto s = static_cast<std::uint32_t>(seed ^ (seed >> 32));
  const float floor_x = std::floor(x), floor_y = std::floor(y);
  const auto ix = static_cast<std::int32_t>(floor_x), iy = static_cast<std::int32_t>(floor_y);
  const float dx = x - floor_x, dy = y - floor_y;
  const float u = fade(dx), v = fade(dy);
  const float top = std::lerp(corner(s, ix, iy, dx, dy), corner(s, ix + 1, iy, dx - 1, dy), u);
  const float bottom =
      std::lerp(corner(s, ix, iy + 1, dx, dy - 1), corner(s, ix + 1, iy + 1, dx - 1, dy - 1), u);
  return 1.5F * std::lerp(top, bottom, v);
}

float fractal_noise(std::uint64_t seed, float x, float y, int octaves, float gain) {
  float sum = 0, amplitude = 1, total = 0;
  for (int octave = 0; octave < octaves; ++octave) {
    sum += amplitude * gradient_noise(seed + static_cast<std::uint64_t>(octave) * 0x632be5abU, x, y);
    total += amplitude;
    amplitude *= gain;
    const float turned = 2 * (x * kOctaveTurn - y * 0.6258F);
    y = 2 * (x * 0.6258F + y * kOctaveTurn) + 17.3F;
    x = turned;
  }
  return sum / total;
}

float ridged_noise(std::uint64_t seed, float x, float y, int octaves) {
  float sum = 0, amplitude = 1, total = 0;
  for (int octave = 0; octave < octaves; ++octave) {
    const float crest =
        1 -
        std::min(1.0F, std::abs(gradient_noise(seed + static_cast<std::uint64_t>(octave) * 0x51ed27U, x, y)));
    sum += amplitude * crest * crest;
    total += amplitude;
    amplitude *= 0.5F;
    const float turned = 2 * (x * kOctaveTurn - y * 0.6258F);
    y = 2 * (x * 0.6258F + y * kOctaveTurn) + 9.1F;
    x = turned;
  }
  return sum / total;
}

void add_noise(HeightField& field, std::uint64_t seed, float wavelength_px, float amplitude, int octaves) {
  for (int row = 0; row < field.rows; ++row) {
    for (int col = 0; col < field.cols; ++col) {
      field.at(row, col) += amplitude * fractal_noise(seed, static_cast<float>(col) / wavelength_px,
                                                      static_cast<float>(row) / wavelength_px, octaves);
    }
  }
}

float smooth_step(float low, float high, float value) {
  const float t = std::clamp((value - low) / (high - low), 0.0F, 1.0F);
  return t * t * (3 - 2 * t);
}

}  // namespace scarp::datasets
