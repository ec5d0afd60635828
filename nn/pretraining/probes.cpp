// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <random>

#include <torch/torch.h>

#include "nn/error.h"
#include "nn/probe.h"
#include "nn/torch/errors.h"
#include "nn/training/augmentation.h"

namespace scarp::nn {
namespace {

constexpr double kLowShotPenalty = 0.0025;

at::Tensor matrix_of(const LabelledFeatures& features) {
  if (features.width < 1 ||
      static_cast<std::int64_t>(features.rows.size()) != features.size() * features.width)
    throw Error(Fault::bad_argument, "probe: every image must have features of the same width");
  return torch::from_blob(const_cast<float*>(features.rows.data()), {features.size(), features.width})
      .clone();
}

at::Tensor labels_of(const LabelledFeatures& features, std::int64_t classes) {
  const auto labels = torch::tensor(features.labels, torch::kLong);
  if (features.size() < 1 || labels.min().item<std::int64_t>() < 0 ||
      labels.max().item<std::int64_t>() >= classes)
    throw Error(Fault::bad_argument,
                "probe: there must be known images, with classes from 0 to " + std::to_string(classes - 1));
  return labels;
}

at::Tensor unit_length(const at::Tensor& rows) {
  return rows / rows.norm(2, 1, /*keepdim=*/true).clamp_min(1e-12);
}

struct ScaledFeatures {
  at::Tensor known, asked;
};

ScaledFeatures scaled(const at::Tensor& known, const at::Tensor& asked, FeatureScaling scaling) {
  if (scaling == FeatureScaling::unit_rows) {
    const auto centred = [](const at::Tensor& x) { return unit_length(x - x.mean(1, /*keepdim=*/true)); };
    return {centred(known), centred(asked)};
  }
  const auto [deviation, mean] = torch::std_mean(known, 0, /*unbiased=*/false);
  const auto scale = (deviation.square() + 1e-6).sqrt();
  return {(known - mean) / scale, (asked - mean) / scale};
}

std::vector<std::int64_t> numbers_of(const at::Tensor& x) {
  const auto flat = x.contiguous();
  return {flat.const_data_ptr<std::int64_t>(), flat.const_data_ptr<std::int64_t>() + flat.numel()};
}

/// Of each image in the loss. [images], their sum 1
at::Tensor shares_of(const std::vector<float>& weights, std::int64_t images) {
  if (weights.empty()) return torch::full({images}, 1.0 / static_cast<double>(images));
  const auto given = torch::tensor(weights);
  const auto sum = given.sum();
  if (given.size(0) != images || given.min().item<float>() < 0 || !(sum.item<float>() > 0))
    throw Error(Fault::bad_argument, "probe: there must be a weight for each of the " +
                                         std::to_string(images) +
                                         " known images, none negative and one positive; there are " +
                                         std::to_string(given.size(0)));
  return given / sum;
}

at::Tensor linear_logits(const LabelledFeatures& known,
                         const LabelledFeatures& asked,
                         std::int64_t classes,
                         const LinearProbeOptions& options,
                         const std::vector<float>& weights) {
  set_up_worker_thread(options.threads);
  const auto labels = labels_of(known, classes);
  const ScaledFeatures x = scaled(matrix_of(known), matrix_of(asked), options.scaling);
  auto weight = torch::zeros({classes, known.width}).requires_grad_();
  auto bias = torch::zeros({classes}).requires_grad_(options.intercept);
  const auto share = shares_of(weights, known.size());
  std::vector<at::Tensor> trained = {weight};
  if (options.intercept) trained.push_back(bias);
  torch::optim::LBFGS solver(trained, torch::optim::LBFGSOptions(1)
                                          .max_iter(options.iterations)
                                          .tolerance_grad(1e-6)
                                          .history_size(10)
                                          .line_search_fn("strong_wolfe"));
  solver.step([&] {
    solver.zero_grad();
    const auto each =
        torch::nll_loss(torch::linear(x.known, weight, bias).log_softmax(1), labels, {}, at::Reduction::None);
    const auto loss = (each * share).sum() + options.penalty / 2 * weight.square().sum();
    loss.backward();
    return loss;
  });
  const torch::NoGradGuard no_grad;
  return torch::linear(x.asked, weight, bias);
}

}  // namespace

void LabelledFeatures::add(const std::vector<float>& features, std::int64_t label) {
  if (width == 0) width = static_cast<std::int64_t>(features.size());
  rows.insert(rows.end(), features.begin(), features.end());
  labels.push_back(label);
}

LabelledFeatures LabelledFeatures::subset(const std::vector<std::int64_t>& indices) const {
  LabelledFeatures part{width, {}, {}};
  for (const std::int64_t i : indices) {
    part.labels.push_back(labels.at(static_cast<std::size_t>(i)));
    part.rows.insert(part.rows.end(), rows.begin() + i * width, rows.begin() + (i + 1) * width);
  }
  return part;
}

double accuracy(const std::vector<std::int64_t>& found, const std::vector<std::int64_t>& wanted) {
  if (found.empty() || found.size() != wanted.size())
    throw Error(Fault::bad_argument, "accuracy: expected as many answers as questions, and at least one");
  std::int64_t right = 0;
  for (std::size_t i = 0; i < found.size(); ++i) right += found[i] == wanted[i] ? 1 : 0;
  return static_cast<double>(right) / static_cast<double>(found.size());
}

std::vector<std::int64_t> nearest_neighbour_classes(const LabelledFeatures& known,
                                                    const LabelledFeatures& asked,
                                                    std::int64_t classes,
                                                    int neighbours,
                                                    double temperature) {
  return with_our_errors("nearest neighbours", [&] {
    const torch::NoGradGuard no_grad;
    const auto labels = labels_of(known, classes);
    const auto likeness = torch::matmul(unit_length(matrix_of(asked)), unit_length(matrix_of(known)).t());
    const auto nearest = likeness.topk(std::min<std::int64_t>(neighbours, known.size()), 1);
    const auto votes = (std::get<0>(nearest) / temperature).exp();
    auto sums = torch::zeros({asked.size(), classes});
    sums.scatter_add_(1, labels.index_select(0, std::get<1>(nearest).flatten()).view(votes.sizes()), votes);
    return numbers_of(sums.argmax(1));
  });
}

std::vector<std::int64_t> linear_probe_classes(const LabelledFeatures& known,
                                               const LabelledFeatures& asked,
                                               std::int64_t classes,
                                               const LinearProbeOptions& options) {
  return with_our_errors("linear probe", [&] {
    return numbers_of(linear_logits(known, asked, classes, options, {}).argmax(1));
  });
}

std::vector<float> linear_probe_chances(const LabelledFeatures& known,
                                        const LabelledFeatures& asked,
                                        std::int64_t classes,
                                        const LinearProbeOptions& options,
                                        const std::vector<float>& weights) {
  return with_our_errors("linear probe", [&] {
    const auto chances = linear_logits(known, asked, classes, options, weights).softmax(1).contiguous();
    return std::vector<float>(chances.const_data_ptr<float>(),
                              chances.const_data_ptr<float>() + chances.numel());
  });
}

LinearProbeOptions low_shot_options(int threads) {
  LinearProbeOptions options;
  options.scaling = FeatureScaling::unit_rows;
  options.intercept = false;
  options.penalty = kLowShotPenalty;
  options.threads = threads;
  return options;
}

std::vector<std::int64_t> draw_shots(const std::vector<std::int64_t>& labels,
                                     std::int64_t classes,
                                     int shots,
                                     std::uint64_t seed) {
  std::vector<std::vector<std::int64_t>> members(static_cast<std::size_t>(classes));
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] < 0 || labels[i] >= classes)
      throw Error(Fault::bad_argument, "label " + std::to_string(labels[i]) +
                                           " is none of the classes 0 to " + std::to_string(classes - 1));
    members[static_cast<std::size_t>(labels[i])].push_back(static_cast<std::int64_t>(i));
  }
  std::vector<std::int64_t> drawn;
  for (std::size_t c = 0; c < members.size(); ++c) {
    auto& own = members[c];
    if (shots < 0 || own.size() < static_cast<std::size_t>(shots)) {
      throw Error(Fault::bad_argument, "class number " + std::to_string(c) + " has " +
                                           std::to_string(own.size()) + " images, fewer than the " +
                                           std::to_string(shots) + " asked for");
    }
    std::mt19937_64 random = sample_generator(seed, shots, static_cast<std::int64_t>(c));
    for (std::size_t i = 0; i < static_cast<std::size_t>(shots); ++i)
      std::swap(own[i], own[i + static_cast<std::size_t>(random() % (own.size() - i))]);
    drawn.insert(drawn.end(), own.begin(), own.begin() + shots);
  }
  return drawn;
}

}  // namespace scarp::nn
