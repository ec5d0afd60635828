// SPDX-License-Identifier: Apache-2.0
#include "nn/torch/vision_transformer.h"

#include <algorithm>
#include <vector>

#include <torch/torch.h>

namespace scarp::nn {

namespace {

constexpr std::int64_t kBytesOfPiece = 4 << 20;

// Where no gradient is asked for, a batch may pass all blocks in pieces: their widest values, those of the
// perceptrons, then stay in a core's cache from one layer to the next.
std::int64_t pieces_of(const torch::Tensor& tokens) {
  if (torch::GradMode::is_enabled() || !tokens.is_cpu()) return 1;
  const std::int64_t image = 4 * tokens.size(1) * tokens.size(2) * tokens.element_size();
  const std::int64_t images = std::max<std::int64_t>(1, at::get_num_threads() * kBytesOfPiece / image);
  return (tokens.size(0) + images - 1) / images;
}

template <class Pass>
torch::Tensor in_pieces(const torch::Tensor& tokens, const Pass& pass) {
  const std::int64_t pieces = pieces_of(tokens);
  if (pieces <= 1) return pass(tokens);
  std::vector<torch::Tensor> done;
  for (const auto& piece : tokens.chunk(pieces)) done.push_back(pass(piece));
  return torch::cat(done);
}

}  // namespace

torch::Tensor register_positions(torch::nn::Module& module,
                                 const std::string& name,
                                 std::int64_t width,
                                 PatchGrid grid,
                                 PositionKind kind,
                                 double ground_ratio) {
  const bool learned = kind == PositionKind::learned;
  const auto table = learned ? torch::zeros({1, 1 + grid.patches(), width})
                             : sincos_positions(width, grid, ground_ratio).unsqueeze(0).to(torch::kFloat32);
  return module.register_parameter(name, table, /*requires_grad=*/learned);
}

torch::nn::ModuleList transformer_blocks(std::int64_t depth, const TransformerBlockOptions& options) {
  torch::nn::ModuleList blocks;
  for (std::int64_t i = 0; i < depth; ++i) blocks->push_back(TransformerBlock(options));
  return blocks;
}

torch::Tensor run_blocks_for(const torch::nn::ModuleListImpl& blocks,
                             const torch::Tensor& tokens,
                             TokenRange asked) {
  const std::size_t last = blocks.size() - 1;
  return in_pieces(tokens, [&](torch::Tensor x) {
    for (std::size_t i = 0; i < last; ++i) x = blocks.ptr<TransformerBlockImpl>(i)->forward(x);
    return blocks.ptr<TransformerBlockImpl>(last)->answer(x, asked);
  });
}

PatchProjectionImpl::PatchProjectionImpl(std::int64_t channels, std::int64_t patch, std::int64_t width) {
  proj_ = register_module("proj",
                          torch::nn::Conv2d(torch::nn::Conv2dOptions(channels, width, patch).stride(patch)));
}

torch::Tensor PatchProjectionImpl::forward(const torch::Tensor& patches) {
  return torch::linear(patches, proj_->weight.flatten(1), proj_->bias);
}

VisionTransformerImpl::VisionTransformerImpl(const VisionTransformerOptions& given) : options(given) {
  options.check();
  cls_token_ = register_parameter("cls_token", torch::zeros({1, 1, options.width}));
  pos_embed_ = register_positions(*this, "pos_embed", options.width, options.grid, options.positions,
                                  options.ground_ratio);
  patch_embed_ =
      register_module("patch_embed", PatchProjection(options.channels, options.patch, options.width));
  blocks_ = register_module("blocks", torch::nn::ModuleList());
  for (std::int64_t i = 0; i < options.depth; ++i) blocks_->push_back(TransformerBlock(options.block(i)));
  const auto norm = torch::nn::LayerNormOptions({options.width}).eps(options.epsilon);
  if (options.pooling == Pooling::token) norm_ = register_module("norm", torch::nn::LayerNorm(norm));
  if (options.pooling == Pooling::mean) fc_norm_ = register_module("fc_norm", torch::nn::LayerNorm(norm));
  if (options.classes > 0) head_ = register_module("head", torch::nn::Linear(options.width, options.classes));
}

PatchGrid VisionTransformerImpl::grid_of(const torch::Tensor& images) const {
  TORCH_CHECK(images.dim() == 4 && images.size(1) == options.channels && images.size(2) > 0 &&
                  images.size(3) > 0 && images.size(2) % options.patch == 0 &&
                  images.size(3) % options.patch == 0,
              "vision transformer: expected images [N, ", options.channels,
              ", H, W] with H and W multiples of ", options.patch, ", got ", images.sizes());
  return {images.size(2) / options.patch, images.size(3) / options.patch};
}

torch::Tensor VisionTransformerImpl::positions(PatchGrid grid) const {
  if (grid == options.grid) return pos_embed_;
  if (options.positions == PositionKind::learned) return resized_positions(pos_embed_, options.grid, grid);
  return sincos_positions(options.width, grid, options.ground_ratio).unsqueeze(0).to(pos_embed_.options());
}

torch::Tensor VisionTransformerImpl::embed(const torch::Tensor& images, const torch::Tensor& kept) {
  const PatchGrid grid = grid_of(images);
  const auto table = positions(grid);
  auto cells = table.narrow(1, 1, grid.patches());
  auto patches = patches_of(images, options.patch, PatchOrder::channel_first);
  if (kept.defined() && kept.dim() == 1) {
    patches = patches.index_select(1, kept);
    cells = cells.index_select(1, kept);
  } else if (kept.defined()) {
    patches = rows_at(patches, kept);
    cells = rows_at(cells.expand({images.size(0), -1, -1}), kept);
  }
  const auto tokens = patch_embed_(patches) + cells;
  const auto first = (cls_token_ + table.narrow(1, 0, 1)).expand({images.size(0), 1, options.width});
  return torch::cat({first.to(tokens.scalar_type()), tokens}, 1);
}

torch::Tensor VisionTransformerImpl::run_blocks(const torch::Tensor& tokens,
                                                const std::optional<at::Generator>& drops) {
  return in_pieces(tokens, [&](torch::Tensor x) {
    for (const auto& block : *blocks_) x = block->as<TransformerBlock>()->forward(x, drops);
    return x;
  });
}

torch::Tensor VisionTransformerImpl::run_blocks_for_class(const torch::Tensor& tokens) {
  return run_blocks_for(*blocks_, tokens, {0, 1}).squeeze(1);
}

torch::Tensor VisionTransformerImpl::last_norm(const torch::Tensor& tokens) {
  return norm_.is_empty() ? tokens : norm_(tokens);
}

torch::Tensor VisionTransformerImpl::forward_features(const torch::Tensor& images,
                                                      const torch::Tensor& kept,
                                                      const std::optional<at::Generator>& drops) {
  return last_norm(run_blocks(embed(images, kept), drops));
}

torch::Tensor VisionTransformerImpl::pool(const torch::Tensor& features) {
  if (options.pooling == Pooling::token) return features.select(1, 0);
  return fc_norm_(features.narrow(1, 1, features.size(1) - 1).mean(1));
}

torch::Tensor VisionTransformerImpl::forward(const torch::Tensor& images,
                                             const std::optional<at::Generator>& drops) {
  const auto pooled = pool(forward_features(images, {}, drops));
  return head_.is_empty() ? pooled : head_(pooled);
}

}  // namespace scarp::nn
