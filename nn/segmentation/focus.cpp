// SPDX-License-Identifier: Apache-2.0
#include "nn/focus.h"

#include <algorithm>

#include <torch/torch.h>

#include "nn/io/checkpoint.h"
#include "nn/segmentation/outline_zones.h"
#include "nn/segmentation/up_slope_planes.h"
#include "nn/torch/device.h"
#include "nn/torch/errors.h"
#include "nn/torch/input_planes.h"

namespace scarp::nn {
namespace {

/// A sample as the source gives it, and which of its pixels lie along outlines.
struct SeenSample {
  std::int64_t index = 0;
  at::Tensor optical, terrain;      ///< [1, channels, S, S] source units
  at::Tensor valid, terrain_valid;  ///< [1, 1, S, S] uint8
  at::Tensor labels;                ///< [S, S] uint8
  OutlineZones zones;
};

template <typename T>
std::span<T> values_of(const at::Tensor& tensor) {
  return {tensor.mutable_data_ptr<T>(), static_cast<std::size_t>(tensor.numel())};
}

OutlineZones zones_of(const SeenSample& sample,
                      const ModelCard& card,
                      int side,
                      const FocusOptions& options) {
  const std::span<const std::uint8_t> labels = values_of<std::uint8_t>(sample.labels);
  const auto across = static_cast<std::size_t>(side / options.cells.stride);
  std::vector<CellKind> cells(across * across);
  const auto planes = UpSlopeChannels(card).of(sample.terrain, sample.terrain_valid);
  const UpSlope up = planes ? planes->view() : UpSlope{};
  classify_cells(side, labels, options.landslide_class, planes ? &up : nullptr, options.cells, cells);
  return outline_zones(side, labels, options.landslide_class, cells, options.cells.stride,
                       options.tolerance_px);
}

SeenSample read_sample(SampleSource& source,
                       std::int64_t index,
                       const ModelCard& card,
                       const FocusOptions& options) {
  const std::int64_t side = source.side();
  SeenSample sample;
  sample.index = index;
  sample.optical = torch::zeros({1, static_cast<std::int64_t>(card.optical.size()), side, side});
  sample.terrain = torch::zeros({1, static_cast<std::int64_t>(card.terrain.size()), side, side});
  sample.valid = torch::zeros({1, 1, side, side}, torch::kUInt8);
  sample.terrain_valid = torch::zeros({1, 1, side, side}, torch::kUInt8);
  sample.labels = torch::full({side, side}, kIgnoreLabel, torch::kUInt8);
  source.fill(0, index,
              {values_of<float>(sample.optical), values_of<float>(sample.terrain),
               values_of<std::uint8_t>(sample.valid), values_of<std::uint8_t>(sample.terrain_valid),
               values_of<std::uint8_t>(sample.labels)});
  sample.zones = zones_of(sample, card, static_cast<int>(side), options);
  return sample;
}

/// What a network's maps say of one sample.
class Looker {
 public:
  Looker(const std::string& path, const FocusOptions& options)
      : options_(options),
        device_(choose_device(options.device)),
        file_(path),
        card_(card_of(file_)),
        normalise_(card_, device_) {
    require_weights_of(card_, file_);
    network_ = make_network(card_);
    restore(*network_, kModelPrefix,
            read_tensors(file_, [](const std::string& name) { return name.rfind(kModelPrefix, 0) == 0; }),
            path);
    for (auto& parameter : network_->parameters()) parameter.set_requires_grad(false);
    place(network_, device_);
    network_->eval();
  }

  const ModelCard& card() const { return card_; }

  std::vector<FocusMap> maps(const SeenSample& sample) {
    const InputPlanes planes =
        normalise_(sample.optical.to(device_), sample.terrain.to(device_),
                   sample.valid.to(device_, torch::kBool), sample.terrain_valid.to(device_, torch::kBool));
    std::vector<FocusMap> maps;
    add_attention(planes, maps);
    add_gradients(planes, (sample.labels != kIgnoreLabel).to(device_), maps);
    return maps;
  }

 private:
  static void add(const std::string& name, const at::Tensor& map, std::vector<FocusMap>& maps) {
    const auto values = map.to(torch::kCPU, torch::kFloat32).contiguous();
    const float* first = values.const_data_ptr<float>();
    maps.push_back({name, {first, first + values.numel()}});
  }

  void add_attention(const InputPlanes& planes, std::vector<FocusMap>& maps) {
    const torch::NoGradGuard no_grad;
    for (const auto& [stride, weights] : network_->attention(planes.optical, planes.terrain)) {
      const auto pixels = weights.repeat_interleave(stride, 2).repeat_interleave(stride, 3);
      add("attention, stride " + std::to_string(stride), pixels, maps);
    }
  }

  void add_gradients(const InputPlanes& planes, const at::Tensor& labelled, std::vector<FocusMap>& maps) {
    std::vector<std::string> names;
    std::vector<at::Tensor> inputs;
    const auto tracked = [&](const at::Tensor& branch, const char* name) {
      if (!branch.defined()) return branch;
      names.emplace_back(name);
      inputs.push_back(branch.detach().clone().requires_grad_());
      return inputs.back();
    };
    const auto optical = tracked(planes.optical, "gradient, optical");
    const auto terrain = tracked(planes.terrain, "gradient, terrain");
    const auto logits = network_->forward(optical, terrain).to(torch::kFloat32);
    const auto odds = logits.select(1, options_.landslide_class) - logits.select(1, 0);  // [1, S, S]
    const auto gradients = torch::autograd::grad({(odds * labelled).sum()}, inputs);
    for (std::size_t i = 0; i < gradients.size(); ++i) {
      const auto channels = gradients[i].slice(1, 0, gradients[i].size(1) - 1);  // the last plane is validity
      add(names[i], channels.square().sum(1).sqrt(), maps);
    }
  }

  FocusOptions options_;
  at::Device device_;
  SafetensorsFile file_;
  ModelCard card_;
  InputNormaliser normalise_;
  DualBranchNetwork network_{nullptr};
};

/// Energy of maps, and labelled ground, of all samples together.
class FocusTally {
 public:
  void add(const SeenSample& sample, const std::vector<FocusMap>& maps) {
    if (sums_.empty()) {
      for (const FocusMap& map : maps) sums_.push_back({map.name, {}});
    }
    const std::span<const std::uint8_t> labels = values_of<std::uint8_t>(sample.labels);
    for (std::size_t i = 0; i < labels.size(); ++i) {
      if (labels[i] == kIgnoreLabel) continue;
      const bool outline = sample.zones.outline[i] != 0, walls = sample.zones.walls[i] != 0;
      ground_.add(1, outline, walls);
      for (std::size_t m = 0; m < maps.size(); ++m) {
        const double value = maps[m].values[i];
        sums_[m].second.add(value * value, outline, walls);
      }
    }
  }

  void write(Focus& focus) const {
    focus.outline_ground = ground_.share(ground_.outline);
    focus.wall_ground = ground_.share(ground_.walls);
    for (const auto& [name, sum] : sums_)
      focus.shares.push_back({name, sum.share(sum.outline), sum.share(sum.walls)});
  }

 private:
  struct Sum {
    double all = 0, outline = 0, walls = 0;
    void add(double energy, bool near_outline, bool near_walls) {
      all += energy;
      if (near_outline) outline += energy;
      if (near_walls) walls += energy;
    }
    double share(double part) const { return all > 0 ? part / all : 0; }
  };
  Sum ground_;
  std::vector<std::pair<std::string, Sum>> sums_;
};

FocusSample shown(const SeenSample& sample, std::vector<FocusMap> maps) {
  const auto copy = [](const auto& values) { return std::vector(values.begin(), values.end()); };
  return {sample.index,
          copy(values_of<float>(sample.optical)),
          copy(values_of<std::uint8_t>(sample.valid)),
          copy(values_of<std::uint8_t>(sample.labels)),
          sample.zones.walls,
          std::move(maps)};
}

void require_fit(const ModelCard& card, const SampleSource& source, const FocusOptions& options) {
  options.cells.check();
  const auto classes = static_cast<int>(card.classes.size());
  if (options.landslide_class < 1 || options.landslide_class >= classes || options.tolerance_px < 1 ||
      options.samples < 1 || source.side() % options.cells.stride != 0) {
    throw Error(Fault::bad_argument,
                "where a network looks: class " + std::to_string(options.landslide_class) + " of " +
                    std::to_string(classes) + ", within " + std::to_string(options.tolerance_px) +
                    " pixels, of " + std::to_string(options.samples) + " samples of " +
                    std::to_string(source.side()) + " pixels with cells of " +
                    std::to_string(options.cells.stride) +
                    " cannot be shown; the class must be one but the first, numbers 1 or more, "
                    "and cells fit the sample");
  }
}

}  // namespace

Focus focus_of(const std::string& model,
               SampleSource& source,
               const FocusOptions& options,
               const std::stop_token& stop) {
  return with_our_errors("looking where " + model + " looks", [&] {
    Looker looker(model, options);
    require_fit(looker.card(), source, options);
    Focus focus;
    focus.side = source.side();
    FocusTally tally;
    // Every step-th sample first, then those between, until there are enough.
    const std::int64_t step = std::max<std::int64_t>(1, source.size() / options.samples);
    for (std::int64_t first = 0; first < step; ++first) {
      for (std::int64_t index = first; index < source.size(); index += step) {
        if (focus.samples == options.samples || stop.stop_requested()) break;
        const SeenSample sample = read_sample(source, index, looker.card(), options);
        if (sample.zones.empty) continue;
        std::vector<FocusMap> maps = looker.maps(sample);
        tally.add(sample, maps);
        if (focus.samples++ < options.pictures) focus.pictures.push_back(shown(sample, std::move(maps)));
      }
    }
    tally.write(focus);
    return focus;
  });
}

}  // namespace scarp::nn
