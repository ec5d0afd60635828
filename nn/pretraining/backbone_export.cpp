// SPDX-License-Identifier: Apache-2.0
#include <torch/torch.h>

#include "nn/error.h"
#include "nn/io/card_file.h"
#include "nn/io/safetensors.h"
#include "nn/io/tensor_file.h"
#include "nn/pretraining/pretraining_method.h"
#include "nn/torch/errors.h"
#include "nn/torch/grouped_autoencoder.h"
#include "nn/torch/hard_patches_mining.h"

namespace scarp::nn {
namespace {

/// A checkpoint's autoencoder, whichever it is, as pictures want it.
class Painter {
 public:
  Painter(const BackboneCard& card,
          const PretrainOptions& resolved,
          const NamedTensors& tensors,
          const std::string& path)
      : card_(card), resolved_(resolved), method_(make_method(card, resolved, 1)) {
    NamedTensors own;
    method_->collect(own);
    NamedTensors kept = tensors;
    for (const auto& [name, tensor] : own)
      if (!name.starts_with(kModelPrefix)) kept[name] = tensor;  // a teacher paints nothing
    method_->restore(kept, path);
    for (const auto& each : method_->networks()) each.second->eval();
  }

  ReconstructedWindow paint(const ViewBatch& view, at::Generator& noise) {
    auto* network = method_->networks().front().second;
    if (auto* grouped = dynamic_cast<GroupedAutoencoderImpl*>(network))
      return paint_groups(*grouped, view, noise);
    return paint_plain(dynamic_cast<MaskedAutoencoderImpl&>(*network), view, noise);
  }

 private:
  // predicted normalised patches get the mean and deviation of the true ones, which a picture may know;
  // `floor` is what the variance of the targets was given
  at::Tensor as_pixels(const at::Tensor& predicted, const at::Tensor& truth, double floor) const {
    if (!resolved_.normalise_targets) return predicted;
    const auto [variance, mean] = torch::var_mean(truth, -1, true, true);
    return predicted * (variance + floor).sqrt() + mean;
  }

  static std::vector<float> values_of(const at::Tensor& x) {
    const auto flat = x.to(torch::kFloat32).contiguous();
    return {flat.const_data_ptr<float>(), flat.const_data_ptr<float>() + flat.numel()};
  }

  ReconstructedWindow paint_plain(MaskedAutoencoderImpl& network,
                                  const ViewBatch& view,
                                  at::Generator& noise) {
    const auto images = view.all_channels();
    const auto whole = whole_patches_of(view.all_valid(), card_.patch);
    const Masking masking =
        random_masking(torch::rand(whole.sizes(), noise, torch::kFloat32), whole, resolved_.mask_ratio);
    const auto hidden = masking.removed().unsqueeze(-1);
    const PatchGrid grid = network.grid_of(images);
    const auto truth = patches_of(images, card_.patch, PatchOrder::channel_last);
    ReconstructedWindow result;
    result.original = values_of(images);
    result.seen = values_of(picture(truth.where(hidden.logical_not(), 0), grid));
    if (network.masked.target_width == 0) {
      const auto predicted = as_pixels(network.reconstruct(images, masking).patches, truth, kVarianceFloor);
      result.reconstructed = values_of(picture(torch::where(hidden, predicted, truth), grid));
    }
    if (auto* miner = dynamic_cast<HardPatchesMinerImpl*>(&network)) {
      Masking seen = random_masking(torch::rand(whole.sizes(), noise, torch::kFloat32), whole, 0);
      result.hardness = values_of(miner->scores_of(miner->encode(images, seen), seen, grid));
    }
    result.hidden = flags_of(masking.removed());
    return result;
  }

  ReconstructedWindow paint_groups(GroupedAutoencoderImpl& network,
                                   const ViewBatch& view,
                                   at::Generator& noise) {
    const auto valid =
        torch::stack({network.whole_patches(view.valid), network.whole_patches(view.terrain_valid)}, 1);
    const auto lots = torch::rand({1, 2 * valid.size(2)}, noise, torch::kFloat32);
    const GroupedMasking masking = network.mask(lots, valid);
    const auto predicted = network.reconstruct({view.optical, view.terrain}, masking);
    const auto removed = masking.masking.removed().view({1, 2, -1});
    const PatchGrid grid{card_.side_px / card_.patch, card_.side_px / card_.patch};
    std::vector<at::Tensor> seen, made;
    for (std::int64_t g = 0; g < 2; ++g) {
      const auto truth =
          patches_of(g == 0 ? view.optical : view.terrain, card_.patch, PatchOrder::channel_last);
      const auto hidden = removed.select(1, g).unsqueeze(-1);
      const auto group = static_cast<std::size_t>(g);
      const auto pixels = as_pixels(predicted[group], truth, network.options.groups[group].variance_floor);
      seen.push_back(picture(truth.where(hidden.logical_not(), 0), grid));
      made.push_back(picture(torch::where(hidden, pixels, truth), grid));
    }
    ReconstructedWindow result;
    result.original = values_of(view.all_channels());
    result.seen = values_of(torch::cat(seen, 1));
    result.reconstructed = values_of(torch::cat(made, 1));
    result.hidden = flags_of(removed.select(1, 0));
    return result;
  }

  at::Tensor picture(const at::Tensor& patches, PatchGrid grid) const {
    return images_of(patches, card_.patch, grid, PatchOrder::channel_last);
  }
  static std::vector<std::uint8_t> flags_of(const at::Tensor& removed) {
    const auto flat = removed.to(torch::kUInt8).contiguous();
    return {flat.const_data_ptr<std::uint8_t>(), flat.const_data_ptr<std::uint8_t>() + flat.numel()};
  }

  BackboneCard card_;
  PretrainOptions resolved_;
  std::unique_ptr<PretrainingMethod> method_;
};

BackboneCard backbone_card_of(const SafetensorsFile& file) {
  const auto found = file.header().metadata.find(kBackboneKey);
  if (found == file.header().metadata.end())
    throw Error(Fault::unreadable, file.path() + " has no card of a backbone: give a file of scarp pretrain");
  return BackboneCard::from_json(found->second);
}

}  // namespace

void export_backbone(const std::string& checkpoint,
                     const std::string& to,
                     const BackboneCard& card,
                     bool half) {
  with_our_errors("exporting " + checkpoint, [&] {
    const SafetensorsFile file(checkpoint);
    NamedTensors kept;
    for (auto& [name, tensor] : read_tensors(file, of_the_model)) {
      kept[name.substr(std::string(kModelPrefix).size())] = half ? half_of(tensor, name, checkpoint) : tensor;
    }
    write_tensors(to, {{kBackboneKey, card.to_json()}, {"format", "pt"}}, kept);
  });
}

std::vector<ReconstructedWindow> reconstruct_windows(const std::string& checkpoint,
                                                     const PretrainOptions& options,
                                                     WindowSource& windows,
                                                     std::span<const std::int64_t> indices) {
  std::vector<ReconstructedWindow> painted;
  with_our_errors("painting", [&] {
    const torch::NoGradGuard no_grad;
    const PretrainOptions resolved = options.resolved();
    const SafetensorsFile file(checkpoint);
    const BackboneCard card = backbone_card_of(file);
    Painter painter(card, resolved, read_tensors(file, [](const std::string&) { return true; }), checkpoint);
    WindowLoader loader(windows, card, resolved);
    auto noise = stream_generator(resolved.seed, -1, -30);
    for (const std::int64_t index : indices) {
      ViewBatch window = loader.maker().normalised(loader.window(0, index));
      const auto cut = [&](const at::Tensor& x) {
        return x.narrow(-2, 0, card.side_px).narrow(-1, 0, card.side_px).contiguous();
      };
      window = {cut(window.optical), cut(window.terrain), cut(window.valid), cut(window.terrain_valid)};
      painted.push_back(painter.paint(window, noise));
    }
  });
  return painted;
}

}  // namespace scarp::nn
