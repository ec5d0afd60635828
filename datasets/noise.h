// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "datasets/height_field.h"

namespace scarp::datasets {

/// Gradient noise (Perlin 2002, quintic fade): smooth, about -1..1 with mean 0, wavelength about 1.
float gradient_noise(std::uint64_t seed, float x, float y);

/// Octaves of gradient noise, each half the wavelength and `gain` times the amplitude of the one before;
/// about -1..1.
float fractal_noise(std::uint64_t seed, float x, float y, int octaves, float gain = 0.5F);

/// Fractal noise folded at zero, so that it has crests: 0..1, crests at 1 (Musgrave, in Ebert et al. 2003,
/// chapter 16).
float ridged_noise(std::uint64_t seed, float x, float y, int octaves);

/// Adds fractal noise of a wavelength in pixels to a field.
void add_noise(HeightField& field, std::uint64_t seed, float wavelength_px, float amplitude, int octaves);

/// 0 below `low`, 1 above `high`, smooth between.
float smooth_step(float low, float high, float value);

}  // namespace scarp::datasets
