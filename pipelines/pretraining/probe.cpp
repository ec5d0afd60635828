// SPDX-License-Identifier: Apache-2.0
#include "pipelines/pretraining/probe.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "nn/backbone.h"
#include "nn/probe.h"
#include "pipelines/error.h"
#include "pipelines/pretraining/image_folder_gdal.h"

namespace scarp::pipelines {
namespace {

constexpr std::size_t kPicturesAtOnce = 64;
constexpr int kPixelSide = 8;  // of pictures as features without a network

/// Pictures that are known, and those that are asked.
struct LabelledPictures {
  std::vector<FolderImage> known, asked;
  std::vector<std::string> names;  ///< of the classes
  std::int64_t classes() const { return static_cast<std::int64_t>(names.size()); }
};

std::vector<std::string> names_of_bands(const nn::BackboneCard& card) {
  std::vector<std::string> names;
  for (const nn::ChannelSpec& channel : card.optical) names.push_back(channel.name);
  return names;
}

PictureWindow window_of(const nn::BackboneCard& card) {
  return {card.optical.size(), static_cast<int>(card.side_px), card.patch};
}

void take_labelled(const ImageFolder& folder, std::vector<FolderImage>& into) {
  std::copy_if(folder.images.begin(), folder.images.end(), std::back_inserter(into),
               [](const FolderImage& image) { return image.label >= 0; });
}

// The last so many of every class, in an order that the seed gives.
void split_pictures(const ProbeOptions& options, const ImageFolder& folder, LabelledPictures& pictures) {
  std::vector<FolderImage> all;
  take_labelled(folder, all);
  std::vector<std::int64_t> labels;
  for (const FolderImage& image : all) labels.push_back(image.label);
  for (std::int64_t c = 0; c < pictures.classes(); ++c) {
    std::vector<std::size_t> own;
    for (std::size_t i = 0; i < all.size(); ++i)
      if (labels[i] == c) own.push_back(i);
    const std::vector<std::int64_t> one_class(own.size(), 0);
    const auto order = nn::draw_shots(one_class, 1, static_cast<int>(own.size()),
                                      options.seed + static_cast<std::uint64_t>(c));
    const auto tested =
        static_cast<std::size_t>(std::llround(options.test_share * static_cast<double>(own.size())));
    for (std::size_t i = 0; i < order.size(); ++i)
      (i < tested ? pictures.asked : pictures.known).push_back(all[own[static_cast<std::size_t>(order[i])]]);
  }
}

LabelledPictures open_pictures(const ProbeOptions& options,
                               const nn::BackboneCard& card,
                               Events& events,
                               const std::stop_token& stop) {
  const auto bands = names_of_bands(card);
  const PictureWindow window = window_of(card);
  const ImageFolder folder = open_image_folders(std::span(&options.images, 1), bands, window, events, stop);
  LabelledPictures pictures;
  pictures.names = folder.classes;
  if (pictures.classes() < 2) {
    throw Error(
        Fault::contradiction,
        fmt::format("{} has {} folders with pictures: a probe needs a folder for each of at least two "
                    "classes.",
                    options.images, pictures.classes()));
  }
  if (options.test_images.empty()) {
    split_pictures(options, folder, pictures);
  } else {
    const ImageFolder tested =
        open_image_folders(std::span(&options.test_images, 1), bands, window, events, stop);
    if (tested.classes != folder.classes)
      throw Error(Fault::contradiction, fmt::format("{} and {} have other folders, and so other classes.",
                                                    options.images, options.test_images));
    take_labelled(folder, pictures.known);
    take_labelled(tested, pictures.asked);
  }
  if (pictures.asked.empty() || pictures.known.empty())
    throw Error(
        Fault::usage,
        "No picture is left to test, or none to learn from: give more pictures, or another --test-share.");
  return pictures;
}

/// The class of which the fewest pictures are known.
struct SmallestClass {
  std::string name;
  int known = 0;
};

SmallestClass smallest_class(const LabelledPictures& pictures) {
  std::vector<int> known(pictures.names.size(), 0);
  for (const FolderImage& image : pictures.known) ++known[static_cast<std::size_t>(image.label)];
  const auto fewest = std::min_element(known.begin(), known.end());
  return {pictures.names[static_cast<std::size_t>(fewest - known.begin())], *fewest};
}

// Low-shot learning needs so many known pictures of every class; small data are asked with fewer.
ProbeOptions with_possible_shots(ProbeOptions options, const LabelledPictures& pictures, Events& events) {
  const SmallestClass smallest = smallest_class(pictures);
  if (smallest.known == 0) {
    throw Error(
        Fault::contradiction,
        fmt::format("No picture of the class {} is left to learn from: give more of them, or a smaller "
                    "--test-share.",
                    smallest.name));
  }
  std::vector<int> possible, others;
  for (const int shots : options.shots) (shots <= smallest.known ? possible : others).push_back(shots);
  if (!others.empty()) {
    events.warning(
        fmt::format("Low-shot with {} labels a class is left out: of the class {} {} pictures are "
                    "known.",
                    fmt::join(others, ", "), smallest.name, smallest.known));
  }
  options.shots = possible;
  return options;
}

nn::LabelledFeatures features_of(const nn::Backbone& backbone,
                                 const std::vector<FolderImage>& images,
                                 Events& events,
                                 const std::stop_token& stop) {
  const nn::BackboneCard& card = backbone.card();
  const int side = static_cast<int>(card.side_px);
  const auto pixels = static_cast<std::size_t>(side) * static_cast<std::size_t>(side);
  nn::LabelledFeatures features;
  std::vector<std::vector<float>> planes(kPicturesAtOnce, std::vector<float>(pixels * card.optical.size()));
  std::vector<std::vector<std::uint8_t>> valid(kPicturesAtOnce, std::vector<std::uint8_t>(pixels));
  for (std::size_t first = 0; first < images.size(); first += kPicturesAtOnce) {
    if (stop.stop_requested()) throw Error(Fault::cancelled, "Cancelled while pictures were embedded.");
    const std::size_t count = std::min(kPicturesAtOnce, images.size() - first);
    std::vector<nn::BackboneWindow> windows;
    for (std::size_t i = 0; i < count; ++i) {
      read_square(images[first + i], card.optical.size(), side, 0.5, planes[i], valid[i]);
      windows.push_back({planes[i], {}, valid[i], {}});
    }
    const auto found = backbone.features(windows, side, side, nn::readout_for(card.method));
    for (std::size_t i = 0; i < count; ++i) features.add(found[i].window, images[first + i].label);
    events.progress(static_cast<double>(first + count) / static_cast<double>(images.size()), "embedding");
  }
  return features;
}

nn::LabelledFeatures pixel_features(const std::vector<FolderImage>& images, std::size_t bands) {
  nn::LabelledFeatures features;
  std::vector<float> values(bands * kPixelSide * kPixelSide);
  std::vector<std::uint8_t> valid(kPixelSide * kPixelSide);
  for (const FolderImage& image : images) {
    read_square(image, bands, kPixelSide, 0.5, values, valid);
    for (std::size_t i = 0; i < values.size(); ++i)
      if (valid[i % valid.size()] == 0) values[i] = 0;
    features.add(values, image.label);
  }
  return features;
}

void probe_features(const std::string& name,
                    const nn::LabelledFeatures& known,
                    const nn::LabelledFeatures& asked,
                    const ProbeOptions& options,
                    ProbeResult& result) {
  nn::LinearProbeOptions linear;
  linear.threads = options.threads;
  result.rows.push_back({name,
                         "nearest neighbours",
                         0,
                         {nn::accuracy(nn::nearest_neighbour_classes(known, asked, result.classes,
                                                                     options.neighbours, options.temperature),
                                       asked.labels)}});
  result.rows.push_back(
      {name,
       "linear",
       0,
       {nn::accuracy(nn::linear_probe_classes(known, asked, result.classes, linear), asked.labels)}});
  for (const int shots : options.shots) {
    ProbeRow row{name, "low-shot", shots, {}};
    for (int draw = 0; draw < options.draws; ++draw) {
      const auto drawn = nn::draw_shots(known.labels, result.classes, shots,
                                        options.seed + 1000 + static_cast<std::uint64_t>(draw));
      row.draws.push_back(nn::accuracy(nn::linear_probe_classes(known.subset(drawn), asked, result.classes,
                                                                nn::low_shot_options(options.threads)),
                                       asked.labels));
    }
    result.rows.push_back(std::move(row));
  }
}

void probe_by_tuning(const ProbeOptions& options,
                     const nn::BackboneCard& card,
                     const LabelledPictures& pictures,
                     ProbeResult& result,
                     Events& events,
                     const std::stop_token& stop) {
  ImageWindows known(pictures.known, window_of(card), 0, options.seed, false);
  ImageWindows asked(pictures.asked, window_of(card), 0, options.seed, false);
  std::vector<std::int64_t> labels, wanted;
  for (const FolderImage& image : pictures.known) labels.push_back(image.label);
  for (const FolderImage& image : pictures.asked) wanted.push_back(image.label);
  nn::FineTuneOptions tuning;
  tuning.epochs = options.epochs;
  tuning.layer_decay = options.layer_decay;
  tuning.learning_rate = options.learning_rate;
  tuning.seed = options.seed;
  tuning.threads = options.threads;
  tuning.device = options.device;
  const auto tune = [&](const char* features, const char* protocol, bool last_block, bool scratch) {
    tuning.last_block_only = last_block;
    tuning.from_scratch = scratch;
    const auto found = nn::fine_tuned_classes(
        options.backbone, known, labels, asked, result.classes, tuning,
        [&](double share) { events.progress(share, fmt::format("{}, {}", features, protocol)); }, stop);
    if (stop.stop_requested()) throw Error(Fault::cancelled, "Cancelled while the backbone was tuned.");
    result.rows.push_back({features, protocol, 0, {nn::accuracy(found, wanted)}});
  };
  events.stage("fine-tuning");
  tune("pretrained", "last block tuned", true, false);
  tune("pretrained", "fine-tuned", false, false);
  if (options.baselines) tune("untrained", "fine-tuned", false, true);
}

}  // namespace

double ProbeRow::mean() const {
  return std::accumulate(draws.begin(), draws.end(), 0.0) / static_cast<double>(draws.size());
}

double ProbeRow::deviation() const {
  if (draws.size() < 2) return 0;
  double sum = 0;
  for (const double draw : draws) sum += (draw - mean()) * (draw - mean());
  return std::sqrt(sum / static_cast<double>(draws.size() - 1));
}

std::string ProbeResult::to_json() const {
  nlohmann::ordered_json json = {{"backbone", backbone}, {"method", method},
                                 {"classes", classes},   {"known", known},
                                 {"tested", tested},     {"rows", nlohmann::ordered_json::array()}};
  for (const ProbeRow& row : rows) {
    nlohmann::ordered_json labels = row.shots;
    if (row.shots == 0) labels = "all";
    json["rows"].push_back({{"features", row.features},
                            {"protocol", row.protocol},
                            {"labels_a_class", labels},
                            {"accuracy", row.mean()},
                            {"deviation", row.deviation()},
                            {"draws", row.draws}});
  }
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

std::string ProbeResult::to_text() const {
  std::string text = fmt::format("{} ({}): {} classes, {} known pictures, {} tested\n", backbone, method,
                                 classes, known, tested);
  text += fmt::format("  {:<12}{:<20}{:>14}{:>12}{:>10}\n", "features", "protocol", "labels a class",
                      "accuracy", "spread");
  for (const ProbeRow& row : rows) {
    text += fmt::format("  {:<12}{:<20}{:>14}{:>10.1f} %{:>10}\n", row.features, row.protocol,
                        row.shots == 0 ? "all" : std::to_string(row.shots), 100 * row.mean(),
                        row.draws.size() > 1 ? fmt::format("{:.1f}", 100 * row.deviation()) : "");
  }
  return text;
}

ProbeResult probe_backbone(const ProbeOptions& asked_for, Events& events, std::stop_token stop) {
  events.stage("reading the backbone");
  const auto backbone = nn::load_backbone(asked_for.backbone, asked_for.device, asked_for.threads);
  const nn::BackboneCard& card = backbone->card();
  if (!card.terrain.empty()) {
    throw Error(Fault::contradiction,
                fmt::format("{} sees terrain, and pictures have none: probe a backbone of images alone.",
                            asked_for.backbone));
  }
  events.stage("looking at pictures");
  const LabelledPictures pictures = open_pictures(asked_for, card, events, stop);
  const ProbeOptions options = with_possible_shots(asked_for, pictures, events);
  ProbeResult result{options.backbone,
                     card.method,
                     pictures.classes(),
                     static_cast<std::int64_t>(pictures.known.size()),
                     static_cast<std::int64_t>(pictures.asked.size()),
                     {}};
  events.stage("embedding");
  const auto probe = [&](const std::string& name, const nn::Backbone& asked) {
    probe_features(name, features_of(asked, pictures.known, events, stop),
                   features_of(asked, pictures.asked, events, stop), options, result);
  };
  probe("pretrained", *backbone);
  if (options.baselines) {
    probe("untrained", *nn::untrained_backbone(card, options.seed, options.device, options.threads));
    probe_features("pixels", pixel_features(pictures.known, card.optical.size()),
                   pixel_features(pictures.asked, card.optical.size()), options, result);
  }
  if (options.fine_tune) probe_by_tuning(options, card, pictures, result, events, stop);
  return result;
}

}  // namespace scarp::pipelines
