// SPDX-License-Identifier: Apache-2.0
#include <torch/torch.h>

#include "nn/torch/vision_transformer.h"

namespace scarp::nn {

at::Tensor patches_of(const at::Tensor& images, std::int64_t patch, PatchOrder order) {
  TORCH_CHECK(images.dim() == 4 && patch > 0 && images.size(2) % patch == 0 && images.size(3) % patch == 0,
              "patches of ", patch, " pixels do not fill images ", images.sizes());
  const std::int64_t n = images.size(0), c = images.size(1), rows = images.size(2) / patch,
                     cols = images.size(3) / patch;
  const auto split = images.reshape({n, c, rows, patch, cols, patch});
  const auto sorted = order == PatchOrder::channel_last ? split.permute({0, 2, 4, 3, 5, 1})
                                                        : split.permute({0, 2, 4, 1, 3, 5});
  return sorted.reshape({n, rows * cols, patch * patch * c});
}

at::Tensor images_of(const at::Tensor& patches, std::int64_t patch, PatchGrid grid, PatchOrder order) {
  TORCH_CHECK(
      patches.dim() == 3 && patches.size(1) == grid.patches() && patches.size(2) % (patch * patch) == 0,
      "patches ", patches.sizes(), " do not fill a grid of ", grid.rows, " x ", grid.cols);
  const std::int64_t n = patches.size(0), c = patches.size(2) / (patch * patch);
  const auto sorted =
      order == PatchOrder::channel_last
          ? patches.reshape({n, grid.rows, grid.cols, patch, patch, c}).permute({0, 5, 1, 3, 2, 4})
          : patches.reshape({n, grid.rows, grid.cols, c, patch, patch}).permute({0, 3, 1, 4, 2, 5});
  return sorted.reshape({n, c, grid.rows * patch, grid.cols * patch});
}

at::Tensor rows_at(const at::Tensor& x, const at::Tensor& places) {
  TORCH_CHECK(x.dim() == 3 && places.dim() == 2 && places.size(0) == x.size(0), "rows ", places.sizes(),
              " cannot be taken of ", x.sizes());
  const std::int64_t n = x.size(0), rows = x.size(1);
  if (x.stride(0) == 0)  // one table for all images
    return x[0].index_select(0, places.flatten()).view({n, places.size(1), x.size(2)});
  const auto starts = torch::arange(n, places.options()).unsqueeze(1) * rows;
  return x.reshape({n * rows, x.size(2)})
      .index_select(0, (places + starts).flatten())
      .view({n, places.size(1), x.size(2)});
}

}  // namespace scarp::nn
