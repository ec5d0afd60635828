// SPDX-License-Identifier: Apache-2.0
#include "nn/torch/masking.h"

#include <algorithm>
#include <string>

#include <torch/torch.h>

#include "nn/error.h"

namespace scarp::nn {

std::int64_t kept_patches(std::int64_t patches, double ratio) {
  if (!(ratio >= 0 && ratio < 1)) {
    throw Error(Fault::bad_argument, "a mask ratio must be in [0, 1), is " + std::to_string(ratio));
  }
  return static_cast<std::int64_t>(static_cast<double>(patches) * (1 - ratio));
}

at::Tensor Masking::visible() const {
  return order.narrow(1, 0, kept);
}

at::Tensor Masking::hidden() const {
  return order.narrow(1, kept, order.size(1) - kept);
}

at::Tensor Masking::removed() const {
  return torch::zeros(order.sizes(), order.options().dtype(torch::kBool)).scatter_(1, hidden(), true);
}

at::Tensor Masking::restore() const {
  const auto places = torch::arange(order.size(1), order.options()).expand_as(order);
  return torch::empty_like(order, at::MemoryFormat::Contiguous).scatter_(1, order, places);
}

Masking random_masking(const at::Tensor& noise, double ratio) {
  TORCH_CHECK(noise.dim() == 2, "masking: expected noise [N, L], got ", noise.sizes());
  return {noise.argsort(/*stable=*/true, /*dim=*/1), kept_patches(noise.size(1), ratio)};
}

Masking random_masking(const at::Tensor& noise, const at::Tensor& whole, double ratio) {
  const auto fewest = whole.sum(1).min().item<std::int64_t>();
  if (fewest < 1) {
    throw Error(Fault::bad_argument,
                "an image has not one patch without missing data: draw windows with more ground");
  }
  Masking masking = random_masking(noise + 4 * whole.logical_not().to(noise.scalar_type()), ratio);
  masking.kept = std::min(masking.kept, fewest);
  return masking;
}

Masking masking_of(const at::Tensor& removed, std::int64_t kept) {
  TORCH_CHECK(
      removed.dim() == 2 && removed.scalar_type() == torch::kBool && kept >= 0 && kept <= removed.size(1),
      "masking: expected bool [N, L] and at most L kept, got ", removed.sizes(), " and ", kept);
  return {removed.to(torch::kByte).argsort(/*stable=*/true, /*dim=*/1), kept};
}

std::int64_t hard_patches(std::int64_t removed, std::int64_t epoch, std::int64_t epochs, double share) {
  const double progress = static_cast<double>(epoch + 1) / static_cast<double>(epochs);
  return static_cast<std::int64_t>(static_cast<double>(removed) * (progress * share));
}

at::Tensor hardest(const at::Tensor& scores, std::int64_t count) {
  const auto places = std::get<1>(scores.topk(count, 1));
  return torch::zeros(scores.sizes(), scores.options().dtype(torch::kBool)).scatter_(1, places, true);
}

Masking hard_masking(const at::Tensor& noise, const at::Tensor& hard, std::int64_t kept) {
  return {(noise + 2 * hard.to(noise.scalar_type())).argsort(/*stable=*/true, /*dim=*/1), kept};
}

}  // namespace scarp::nn
