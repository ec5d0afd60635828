// SPDX-License-Identifier: Apache-2.0
#include "nn/pretraining/window_batch.h"

#include <algorithm>
#include <cmath>

#include <torch/torch.h>

#include "nn/error.h"
#include "nn/torch/vision_transformer.h"

namespace scarp::nn {
namespace {

constexpr int kCropTries = 10;
constexpr double kWholeWeight = 0.999;  // of valid pixels under a resampled one

template <typename T>
std::span<T> elements_of(at::Tensor& tensor) {
  return {tensor.mutable_data_ptr<T>(), static_cast<std::size_t>(tensor.numel())};
}

at::Tensor column_of(const std::vector<ChannelSpec>& channels, double ChannelSpec::*field) {
  std::vector<double> values;
  for (const ChannelSpec& channel : channels) values.push_back(channel.*field);
  return torch::tensor(values, torch::kFloat64).to(torch::kFloat32).view({1, -1, 1, 1});
}

// Without data: 0, whatever was there.
at::Tensor normalised_planes(const at::Tensor& planes,
                             const at::Tensor& valid,
                             const at::Tensor& mean,
                             const at::Tensor& deviation) {
  if (planes.size(1) == 0) return planes;
  return torch::where(valid.unsqueeze(1), (planes - mean) / deviation, 0.0F);
}

at::Tensor resized(const at::Tensor& planes, std::int64_t side) {
  if (planes.size(1) == 0) return planes.new_empty({planes.size(0), 0, side, side});
  if (planes.size(2) == side && planes.size(3) == side) return planes.contiguous();
  return at::_upsample_bilinear2d_aa(planes.contiguous(), {side, side}, /*align_corners=*/false);
}

at::Tensor resized_mask(const at::Tensor& valid, std::int64_t side) {
  return resized(valid.unsqueeze(1).to(torch::kFloat32), side).squeeze(1) > kWholeWeight;
}

struct Part {
  std::int64_t row, col, rows, cols;
};

ViewBatch part_of(const ViewBatch& window, const Part& part, std::int64_t side) {
  const auto cut = [&](const at::Tensor& x) {
    return x.narrow(-2, part.row, part.rows).narrow(-1, part.col, part.cols);
  };
  return {resized(cut(window.optical), side), resized(cut(window.terrain), side),
          resized_mask(cut(window.valid), side), resized_mask(cut(window.terrain_valid), side)};
}

// Odd taps out to three deviations, rows and columns in turn; borders are held.
at::Tensor blurred(const at::Tensor& planes, double sigma) {
  const auto reach = std::min<std::int64_t>(static_cast<std::int64_t>(std::ceil(3 * sigma)),
                                            std::min(planes.size(2), planes.size(3)) - 1);
  const auto taps =
      torch::exp(-torch::arange(-reach, reach + 1).to(torch::kFloat32).square() / (2 * sigma * sigma));
  const auto kernel = taps / taps.sum();
  const std::int64_t channels = planes.size(1);
  const auto along_rows = kernel.view({1, 1, 1, -1}).expand({channels, 1, 1, -1});
  const auto along_cols = kernel.view({1, 1, -1, 1}).expand({channels, 1, -1, 1});
  const auto padded = at::replication_pad2d(planes, {reach, reach, reach, reach});
  const std::vector<std::int64_t> one = {1, 1}, none = {0, 0};
  const auto rows = at::conv2d(padded, along_rows, {}, one, none, one, channels);
  return at::conv2d(rows, along_cols, {}, one, none, one, channels);
}

std::vector<ViewBatch> stacked_views(const std::vector<std::vector<ViewBatch>>& images) {
  std::vector<ViewBatch> views;
  for (std::size_t v = 0; v < images.front().size(); ++v) {
    const auto join = [&](at::Tensor ViewBatch::*part) {
      std::vector<at::Tensor> parts;
      for (const auto& image : images) parts.push_back(image[v].*part);
      return torch::cat(parts);
    };
    views.push_back({join(&ViewBatch::optical), join(&ViewBatch::terrain), join(&ViewBatch::valid),
                     join(&ViewBatch::terrain_valid)});
  }
  return views;
}

}  // namespace

at::Tensor ViewBatch::all_channels() const {
  return torch::cat({optical, terrain}, 1);
}

at::Tensor ViewBatch::all_valid() const {
  if (terrain.size(1) == 0) return valid;
  return optical.size(1) == 0 ? terrain_valid : valid & terrain_valid;
}

at::Tensor whole_patches_of(const at::Tensor& valid_pixels, std::int64_t patch) {
  return patches_of(valid_pixels.unsqueeze(1), patch, PatchOrder::channel_last).all(-1);
}

int focal_side_of(const BackboneCard& card, const PretrainOptions& resolved) {
  const auto patch = static_cast<int>(card.patch);
  const int side = resolved.focal_side > 0 ? resolved.focal_side : static_cast<int>(card.side_px) * 3 / 7;
  return std::max(patch, side / patch * patch);
}

ViewMaker::ViewMaker(const BackboneCard& card, const PretrainOptions& resolved)
    : options_(resolved),
      card_(card),
      focal_side_(focal_side_of(card, resolved)),
      optical_mean_(column_of(card.optical, &ChannelSpec::mean)),
      optical_deviation_(column_of(card.optical, &ChannelSpec::deviation)),
      terrain_mean_(column_of(card.terrain, &ChannelSpec::mean)),
      terrain_deviation_(column_of(card.terrain, &ChannelSpec::deviation)) {
  if (options_.flips && !card.terrain.empty()) turner_.emplace(card.terrain);
}

ViewBatch ViewMaker::normalised(const ViewBatch& window) const {
  return {normalised_planes(window.optical, window.valid, optical_mean_, optical_deviation_),
          normalised_planes(window.terrain, window.terrain_valid, terrain_mean_, terrain_deviation_),
          window.valid, window.terrain_valid};
}

// A random place and size, a random aspect of 3/4 to 4/3 (Szegedy et al., CVPR 2015), brought to the side;
// the whole window has its own aspect.
ViewBatch ViewMaker::crop(const ViewBatch& window,
                          double smallest,
                          double largest,
                          int side,
                          std::mt19937_64& random) const {
  const auto whole = static_cast<double>(window.valid.size(1));
  const double area = smallest + (largest - smallest) * uniform(random);
  const double aspect = std::exp((2 * uniform(random) - 1) * std::log(4.0 / 3));
  const double stretch = smallest < 1 ? aspect : 1;
  const auto length = [&](double share) {
    return std::clamp<std::int64_t>(std::llround(whole * share), 1, static_cast<std::int64_t>(whole));
  };
  const std::int64_t rows = length(std::sqrt(area * stretch)), cols = length(std::sqrt(area / stretch));
  const auto start = [&](std::int64_t extent) {
    return static_cast<std::int64_t>(uniform(random) * (whole - static_cast<double>(extent) + 1));
  };
  const std::int64_t row = start(rows), col = start(cols);
  return part_of(window, {row, col, rows, cols}, side);
}

void ViewMaker::turn(ViewBatch& view, std::mt19937_64& random) const {
  const std::uint64_t choice = random();
  // pictures are seen from one side only as a rule; maps have no upright
  const Turn turn{card_.terrain.empty() && card_.gsd_max_m == 0 ? 0 : static_cast<int>(choice & 3U),
                  (choice & 4U) != 0};
  view.optical = turn_pixels(view.optical, turn);
  view.valid = turn_pixels(view.valid, turn);
  view.terrain_valid = turn_pixels(view.terrain_valid, turn);
  if (turner_) view.terrain = (*turner_)(view.terrain.squeeze(0), turn).unsqueeze(0);
}

// In the manner of the published colour jitter, grey and blur, for any number of bands: brightness and
// contrast, bands towards their mean instead of saturation; hue has no meaning for bands.
void ViewMaker::recolour(ViewBatch& view, std::mt19937_64& random) const {
  if (view.optical.size(1) == 0 || options_.photometric == 0) return;
  const double jitter_lot = uniform(random), grey_lot = uniform(random), blur_lot = uniform(random);
  const double towards = 0.8 * options_.photometric * uniform(random);
  const double sigma = 0.1 + 1.9 * uniform(random);
  at::Tensor& x = view.optical;
  const auto mean = x.mean(1, /*keepdim=*/true);
  if (jitter_lot < 0.8) x = jitter(x + towards * (mean - x), 0.8 * options_.photometric, random);
  if (grey_lot < 0.2) x = mean.expand_as(x).contiguous();
  if (blur_lot < 0.5) x = blurred(x, sigma);
  x = torch::where(view.valid.unsqueeze(1), x, 0.0F);
}

// The window as it is; where that has not one patch without missing data (a small view of it has few, and
// large ones), a patch of it that has none, enlarged.
ViewBatch ViewMaker::wide_or_whole(const ViewBatch& window, int side, std::mt19937_64& random) const {
  const auto seen = [&](const ViewBatch& view) {
    return whole_patches_of(card_.grouped ? view.valid : view.all_valid(), card_.patch);
  };
  const ViewBatch wide = crop(window, 1, 1, side, random);
  if (seen(wide).any().item<bool>()) return wide;
  const auto places = seen(window)[0].nonzero();
  if (places.size(0) == 0) return wide;
  const auto chosen = static_cast<std::int64_t>(uniform(random) * static_cast<double>(places.size(0)));
  const std::int64_t patch = card_.patch, place = places[chosen][0].item<std::int64_t>();
  const std::int64_t across = window.valid.size(2) / patch;
  return part_of(window, {place / across * patch, place % across * patch, patch, patch}, side);
}

ViewBatch ViewMaker::view(const ViewBatch& window,
                          double smallest,
                          double largest,
                          int side,
                          std::mt19937_64& random) const {
  ViewBatch view;
  for (int tries = 0; tries < kCropTries; ++tries) {
    view = crop(window, smallest, largest, side, random);
    const auto whole = whole_patches_of(card_.grouped ? view.valid : view.all_valid(), card_.patch);
    const bool enough = 2 * whole.sum().item<std::int64_t>() >= whole.numel();
    if (enough) break;
    if (tries + 1 == kCropTries) view = wide_or_whole(window, side, random);
  }
  if (options_.flips) turn(view, random);
  return normalised(view);
}

std::vector<ViewBatch> ViewMaker::views(const ViewBatch& window, std::mt19937_64& random) const {
  // in source units until it is turned: a vector's components must have one scale
  const ViewBatch planes = {torch::where(window.valid.unsqueeze(1), window.optical, 0.0F),
                            torch::where(window.terrain_valid.unsqueeze(1), window.terrain, 0.0F),
                            window.valid, window.terrain_valid};
  const int side = static_cast<int>(card_.side_px);
  std::vector<ViewBatch> made;
  if (options_.method != PretrainMethod::msn) {
    made.push_back(view(planes, options_.smallest_crop, 1, side, random));
    return made;
  }
  for (int i = 0; i < 1 + options_.random_views; ++i)
    made.push_back(view(planes, options_.smallest_crop, 1, side, random));
  for (int i = 0; i < options_.focal_views; ++i)
    made.push_back(view(planes, 0.05, options_.smallest_crop, focal_side_, random));
  for (ViewBatch& each : made) recolour(each, random);
  return made;
}

WindowLoader::WindowLoader(WindowSource& source, const BackboneCard& card, const PretrainOptions& resolved)
    : source_(source),
      optical_(static_cast<std::int64_t>(card.optical.size())),
      terrain_(static_cast<std::int64_t>(card.terrain.size())),
      seed_(resolved.seed),
      maker_(card, resolved) {}

ViewBatch WindowLoader::window(std::int64_t epoch, std::int64_t index) {
  const std::int64_t side = source_.side();
  auto optical = torch::zeros({1, optical_, side, side}), terrain = torch::zeros({1, terrain_, side, side});
  auto valid = torch::zeros({1, side, side}, torch::kUInt8), terrain_valid = torch::zeros_like(valid);
  source_.fill(epoch, index,
               {elements_of<float>(optical), elements_of<float>(terrain), elements_of<std::uint8_t>(valid),
                elements_of<std::uint8_t>(terrain_valid)});
  return {optical, terrain, valid.to(torch::kBool), terrain_valid.to(torch::kBool)};
}

PretrainBatch WindowLoader::load(std::int64_t epoch, std::vector<std::int64_t> indices) {
  const torch::NoGradGuard no_grad;
  std::vector<std::vector<ViewBatch>> images;
  for (const std::int64_t index : indices) {
    std::mt19937_64 random = sample_generator(seed_, epoch, index);
    images.push_back(maker_.views(window(epoch, index), random));
  }
  return {stacked_views(images), std::move(indices)};
}

void WindowLoader::start(std::int64_t epoch, std::vector<std::int64_t> indices) {
  pending_ = std::async(std::launch::async, [this, epoch, chosen = std::move(indices)]() mutable {
    set_up_worker_thread(1);
    return load(epoch, std::move(chosen));
  });
}

void WindowLoader::drop() {
  if (pending_.valid()) pending_.wait();
  pending_ = {};
}

}  // namespace scarp::nn
