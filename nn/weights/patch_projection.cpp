// SPDX-License-Identifier: Apache-2.0
#include "nn/weights/patch_projection.h"

#include "nn/error.h"
#include "nn/weights/element_values.h"

namespace scarp::nn {
namespace {

/// The weight of new channel `channel` at one place of one output's kernel; `old` steps from channel to
/// channel by `plane`.
double weight_of(const double* old,
                 std::size_t plane,
                 std::size_t have,
                 std::size_t want,
                 std::size_t channel,
                 ChannelInit init) {
  const double scale = static_cast<double>(have) / static_cast<double>(want);
  if (init == ChannelInit::repeat) return old[channel % have * plane] * scale;
  if (init == ChannelInit::zero) return channel < have ? old[channel * plane] : 0;
  double sum = 0;
  for (std::size_t c = 0; c < have; ++c) sum += old[c * plane];
  return sum / static_cast<double>(have) * scale;
}

}  // namespace

WeightArray projection_for(const WeightArray& projection, int channels, ChannelInit init) {
  if (projection.shape.size() != 4 || !is_floating(projection.dtype))
    throw Error(Fault::mismatch, "patch_embed.proj.weight is no [D, C, p, p] of floating-point numbers");
  const auto have = static_cast<std::size_t>(projection.shape[1]);
  const auto want = static_cast<std::size_t>(channels);
  if (have == want || have == 0) return projection;
  const auto plane = static_cast<std::size_t>(projection.shape[2] * projection.shape[3]);
  const std::vector<double> old = values_of(projection.dtype, projection.data);
  std::vector<double> made;
  for (std::size_t d = 0; d < static_cast<std::size_t>(projection.shape[0]); ++d) {
    for (std::size_t channel = 0; channel < want; ++channel) {
      for (std::size_t k = 0; k < plane; ++k)
        made.push_back(weight_of(old.data() + d * have * plane + k, plane, have, want, channel, init));
    }
  }
  WeightArray adapted = projection;
  adapted.shape[1] = channels;
  adapted.data = elements_of(projection.dtype, made);
  return adapted;
}

}  // namespace scarp::nn
