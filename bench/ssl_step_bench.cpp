// SPDX-License-Identifier: Apache-2.0
// Time of one step of pretraining on random images that are already there:
//   ssl_step_bench WORK WIDTH DEPTH HEADS PATCH SIDE CHANNELS DECODER_WIDTH DECODER_DEPTH BATCH THREADS BF16
//   STEPS
// WORK is mae, hpm, msn70 (target and anchors at 70 %), msn0 (the same with nothing masked), encoder75,
// encoder0 (forward and backward of the encoder alone, 75 % or nothing masked), masks (the masks of one step
// of hpm, built from scores). Prints one JSON object:
// processor seconds and seconds of the fastest step. ssl_twin.py runs it in turns with the same work in eager
// PyTorch.
#include <chrono>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <limits>
#include <malloc.h>
#include <string>
#include <vector>

#include <ATen/CPUGeneratorImpl.h>
#include <torch/torch.h>

#include "nn/torch/hard_patches_mining.h"
#include "nn/torch/masked_siamese.h"
#include "nn/training/adamw.h"
#include "nn/training/autocast.h"
#include "nn/training/parameter_average.h"

namespace {

using namespace scarp::nn;

struct Sizes {
  std::string work;
  std::int64_t width, depth, heads, patch, side, channels, decoder_width, decoder_depth, batch, threads, bf16,
      steps;

  explicit Sizes(char** arguments) : work(arguments[1]) {
    std::int64_t* fields[] = {&width,         &depth,         &heads, &patch,   &side, &channels,
                              &decoder_width, &decoder_depth, &batch, &threads, &bf16, &steps};
    for (int i = 0; i < 12; ++i) *fields[i] = std::atoll(arguments[2 + i]);
  }
  VisionTransformerOptions encoder() const {
    VisionTransformerOptions options;
    options.channels = channels;
    options.patch = patch;
    options.grid = {side / patch, side / patch};
    options.width = width;
    options.depth = depth;
    options.heads = heads;
    options.attention = choose_attention(attention(), at::kCPU, bf16 != 0 ? at::kBFloat16 : at::kFloat);
    return options;
  }
  std::vector<AttentionProbe> attention() const {
    const std::int64_t patches = (side / patch) * (side / patch);
    const auto encoder = [&](double dropped, bool training) -> AttentionProbe {
      return {batch, heads, 1 + kept_patches(patches, dropped), width / heads, depth, training};
    };
    const auto decoders = [&](std::int64_t count, bool training) -> AttentionProbe {
      return {batch, decoder_width / 32, 1 + patches, 32, count * decoder_depth, training};
    };
    if (work == "mae") return {encoder(0.75, true), decoders(1, true)};
    if (work == "hpm") return {encoder(0.75, true), decoders(2, true), encoder(0, false), decoders(1, false)};
    if (work == "msn70") return {encoder(0.7, true), encoder(0, false)};
    if (work == "msn0") return {encoder(0, true), encoder(0, false)};
    return {encoder(work == "encoder75" ? 0.75 : 0, true)};
  }
  MaskedAutoencoderOptions autoencoder() const {
    MaskedAutoencoderOptions options;
    options.encoder = encoder();
    options.decoder_width = decoder_width;
    options.decoder_depth = decoder_depth;
    options.decoder_heads = decoder_width / 32;
    options.normalise_targets = true;
    return options;
  }
  at::Tensor images() const { return torch::randn({batch, channels, side, side}); }
  Precision precision() const { return bf16 != 0 ? Precision::bf16 : Precision::fp32; }
};

NamedParameters trained(const torch::nn::Module& network) {
  NamedParameters parameters;
  for (const auto& item : network.named_parameters()) {
    if (item.value().requires_grad()) parameters.emplace_back(item.key(), item.value());
  }
  return parameters;
}

using Step = std::function<void()>;

Step mae_step(const Sizes& sizes) {
  MaskedAutoencoder network(sizes.autoencoder());
  initialise(*network, Initialisation::masked_autoencoder, at::make_generator<at::CPUGeneratorImpl>(1));
  auto optimiser = std::make_shared<AdamW>(trained(*network), AdamW::Options{0.9, 0.95, 1e-8, 0.05});
  return [=, images = sizes.images()]() mutable {
    optimiser->zero_gradients();
    const auto masking = random_masking(torch::rand({sizes.batch, network->options.grid.patches()}), 0.75);
    at::Tensor loss;
    {
      const Autocast autocast(at::kCPU, sizes.precision());
      loss = network(images, masking);
    }
    loss.backward();
    optimiser->step(1e-4);
  };
}

Step hpm_step(const Sizes& sizes) {
  HardPatchesMiner student(sizes.autoencoder()), teacher(sizes.autoencoder());
  initialise(*student, Initialisation::masked_autoencoder, at::make_generator<at::CPUGeneratorImpl>(1));
  copy_state(*teacher, *student);
  auto optimiser = std::make_shared<AdamW>(trained(*student), AdamW::Options{0.9, 0.95, 1e-8, 0.05});
  return [=, images = sizes.images()]() mutable {
    optimiser->zero_gradients();
    const std::int64_t patches = student->options.grid.patches(), kept = kept_patches(patches, 0.75);
    at::Tensor loss;
    {
      const Autocast autocast(at::kCPU, sizes.precision());
      Masking masking;
      {
        const torch::NoGradGuard no_grad;
        const auto hard = hardest(teacher->scores(images), hard_patches(patches - kept, 99, 200));
        masking = hard_masking(torch::rand({sizes.batch, patches}), hard, kept);
      }
      const auto losses = student->losses(images, masking);
      loss = losses.reconstruction + relative_loss(losses.predicted, losses.patches);
    }
    loss.backward();
    optimiser->step(1e-4);
    average_parameters(*teacher, *student, 0.999);
  };
}

Step msn_step(const Sizes& sizes, double dropped) {
  SiameseOptions options;
  options.encoder = sizes.encoder();
  options.encoder.positions = PositionKind::learned;
  options.hidden = 512;
  options.outputs = 128;
  SiameseEncoder anchor(options), target(options);
  initialise(*anchor, Initialisation::siamese, at::make_generator<at::CPUGeneratorImpl>(1));
  copy_state(*target, *anchor);
  auto prototypes = torch::randn({256, options.outputs}).requires_grad_();
  auto parameters = trained(*anchor);
  parameters.emplace_back("prototypes", prototypes);
  auto optimiser = std::make_shared<AdamW>(parameters, AdamW::Options{0.9, 0.999, 1e-8, 0.04});
  return [=, images = sizes.images()]() mutable {
    optimiser->zero_gradients();
    const std::int64_t patches = options.encoder.grid.patches();
    at::Tensor loss;
    {
      const Autocast autocast(at::kCPU, sizes.precision());
      const auto z = anchor->anchors(
          {{images}, torch::randperm(patches).narrow(0, 0, kept_patches(patches, dropped)), {}});
      const auto z_target = [&] {
        const torch::NoGradGuard no_grad;
        return target->target(images);
      }();
      loss = siamese_loss(z, z_target, prototypes, {}).total;
    }
    loss.backward();
    anchor->clear_rounding_gradients();
    optimiser->step(1e-4);
    average_parameters(*target, *anchor, 0.996);
  };
}

Step encoder_step(const Sizes& sizes, double ratio) {
  VisionTransformer network(sizes.encoder());
  return [=, images = sizes.images()]() mutable {
    const std::int64_t patches = network->options.grid.patches();
    const auto masking = random_masking(torch::rand({sizes.batch, patches}), ratio);
    const Autocast autocast(at::kCPU, sizes.precision());
    network->forward_features(images, masking.visible()).sum().backward();
    network->zero_grad();
  };
}

Step mask_step(const Sizes& sizes) {
  const std::int64_t patches = sizes.encoder().grid.patches(), kept = kept_patches(patches, 0.75);
  return [=, scores = torch::randn({sizes.batch, patches})] {
    const torch::NoGradGuard no_grad;
    const auto hard = hardest(scores, hard_patches(patches - kept, 99, 200));
    const auto masking = hard_masking(torch::rand({sizes.batch, patches}), hard, kept);
    if (masking.hidden().size(1) != patches - kept) std::abort();
  };
}

Step step_of(const Sizes& sizes) {
  if (sizes.work == "masks") return mask_step(sizes);
  if (sizes.work == "mae") return mae_step(sizes);
  if (sizes.work == "hpm") return hpm_step(sizes);
  if (sizes.work == "msn70") return msn_step(sizes, 0.7);
  if (sizes.work == "msn0") return msn_step(sizes, 0);
  if (sizes.work == "encoder75") return encoder_step(sizes, 0.75);
  if (sizes.work == "encoder0") return encoder_step(sizes, 0);
  std::fprintf(stderr, "unknown work %s\n", sizes.work.c_str());
  std::exit(2);
}

}  // namespace

int main(int count, char** arguments) {
  mallopt(M_MMAP_MAX, 0);  // as the program does
  mallopt(M_TRIM_THRESHOLD, INT_MAX);
  if (count != 14) {
    std::fprintf(stderr, "see the head of ssl_step_bench.cpp for the thirteen arguments\n");
    return 2;
  }
  const Sizes sizes(arguments);
  at::set_num_threads(static_cast<int>(sizes.threads));
  torch::manual_seed(1);
  const Step step = step_of(sizes);
  step();  // warms up
  double seconds = std::numeric_limits<double>::infinity(), processor = seconds;
  for (std::int64_t i = 0; i < sizes.steps; ++i) {
    const auto start = std::chrono::steady_clock::now();
    const auto clock = std::clock();
    step();
    processor = std::min(processor, static_cast<double>(std::clock() - clock) / CLOCKS_PER_SEC);
    seconds =
        std::min(seconds, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  std::printf("{\"processor_seconds\": %.6f, \"seconds\": %.6f}\n", processor, seconds);
  return 0;
}
