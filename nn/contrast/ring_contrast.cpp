// SPDX-License-Identifier: Apache-2.0
#include "nn/contrast/ring_contrast.h"

#include <ATen/Parallel.h>
#include <c10/core/DeviceGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <torch/torch.h>

#include "nn/contrast/ring_row.h"
#include "nn/cuda/load_plugin.h"

namespace scarp::nn {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Of each anchor: its loss, whether it has a positive, the derivative of its loss by its embedding.
struct AnchorRows {
  at::Tensor loss;          ///< [k] float
  at::Tensor has_positive;  ///< [k] bool
  at::Tensor gradient;      ///< [k, D] float
};

/// What both devices are given: contiguous, of the types that ring_row.h reads.
struct RingCall {
  at::Tensor embeddings, labels, anchors, ring, ring_labels, ring_valid;
  double temperature;
};

/// Values of some rows among as many zeros as there are anchors.
at::Tensor spread(const at::Tensor& values, const at::Tensor& places, std::int64_t count) {
  auto sizes = values.sizes().vec();
  sizes[0] = count;
  return torch::zeros(sizes, values.options()).index_copy_(0, places, values);
}

// Anchors that hold no cell, of which windows with few landslides have many, are left out: on the processor
// asking how many there are costs nothing.
AnchorRows on_processor(const RingCall& call) {
  const auto held = (call.labels.index_select(0, call.anchors) >= 0).nonzero().flatten();
  const auto anchors = call.anchors.index_select(0, held);
  const auto labels_of = call.labels.index_select(0, anchors);
  const auto anchors_of = call.embeddings.index_select(0, anchors) / call.temperature;  // [h, D]
  auto rows = torch::matmul(anchors_of, call.ring.transpose(0, 1)).contiguous();        // [h, m]
  const std::int64_t count = rows.size(0), slots = rows.size(1);
  auto losses = torch::empty({count});
  auto positives = torch::empty({count}, torch::kBool);
  const RingKeys<float> keys{call.ring.const_data_ptr<float>(),
                             call.ring_labels.const_data_ptr<std::int64_t>(),
                             call.ring_valid.const_data_ptr<bool>(), slots, call.ring.size(1)};
  float* row = rows.mutable_data_ptr<float>();
  float* loss = losses.mutable_data_ptr<float>();
  bool* has_positive = positives.mutable_data_ptr<bool>();
  const std::int64_t* labels = labels_of.const_data_ptr<std::int64_t>();
  at::parallel_for(0, count, 16, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t i = first; i < last; ++i) {
      const RowLoss<float> result = contrast_row(OneLane(), keys, labels[i], row + i * slots);
      loss[i] = result.loss;
      has_positive[i] = result.has_positive;
    }
  });
  const auto gradient = torch::matmul(rows, call.ring) / call.temperature;
  const std::int64_t all = call.anchors.size(0);
  return {spread(losses, held, all), spread(positives, held, all), spread(gradient, held, all)};
}

void* current_stream(at::Device device) {
  return c10::impl::VirtualGuardImpl(device.type()).getStream(device).native_handle();
}

AnchorRows on_gpu(const RingCall& call) {
  const c10::DeviceGuard guard(call.embeddings.device());
  const std::int64_t count = call.anchors.size(0), slots = call.ring.size(0), width = call.ring.size(1);
  const auto options = call.embeddings.options().requires_grad(false);
  AnchorRows out{torch::empty({count}, options), torch::empty({count}, options.dtype(torch::kBool)),
                 torch::empty({count, width}, options)};
  auto rows = torch::empty({count, slots}, options);
  const ScarpRingContrast arguments{call.embeddings.const_data_ptr<float>(),
                                    call.labels.const_data_ptr<std::int64_t>(),
                                    call.anchors.const_data_ptr<std::int64_t>(),
                                    count,
                                    width,
                                    call.ring.const_data_ptr<float>(),
                                    call.ring_labels.const_data_ptr<std::int64_t>(),
                                    call.ring_valid.const_data_ptr<bool>(),
                                    slots,
                                    static_cast<float>(call.temperature),
                                    rows.mutable_data_ptr<float>(),
                                    out.loss.mutable_data_ptr<float>(),
                                    out.has_positive.mutable_data_ptr<bool>(),
                                    out.gradient.mutable_data_ptr<float>()};
  const char* error = cuda_plugin()->ring_contrast(&arguments, current_stream(call.embeddings.device()));
  TORCH_CHECK(error == nullptr, "contrast_loss on ", call.embeddings.device(), ": ", error);
  return out;
}

class RingContrast : public torch::autograd::Function<RingContrast> {
 public:
  static variable_list forward(AutogradContext* context, const at::Tensor& embeddings, const RingCall& call) {
    const AnchorRows rows = embeddings.is_cpu() ? on_processor(call) : on_gpu(call);
    context->save_for_backward({rows.gradient, call.anchors});
    context->saved_data["rows"] = embeddings.size(0);
    context->mark_non_differentiable({rows.has_positive});
    return {rows.loss, rows.has_positive};
  }

  static variable_list backward(AutogradContext* context, const variable_list& outer) {
    const auto saved = context->get_saved_variables();
    const auto &gradient = saved[0], &anchors = saved[1];
    const std::int64_t rows = context->saved_data["rows"].toInt();
    auto whole = torch::zeros({rows, gradient.size(1)}, gradient.options());
    whole.index_add_(0, anchors, gradient * outer[0].unsqueeze(1));
    return {whole, {}};
  }
};

}  // namespace

ContrastLoss ring_contrast_loss(const at::Tensor& embeddings,
                                const at::Tensor& labels,
                                const at::Tensor& anchors,
                                double temperature,
                                const ContrastSet& ring) {
  const bool ours = embeddings.is_cpu() || (embeddings.is_cuda() && cuda_plugin() != nullptr);
  if (!ours || embeddings.scalar_type() != torch::kFloat32 ||
      ring.embeddings.scalar_type() != torch::kFloat32)
    return {};
  const auto whole = [](const at::Tensor& x) { return x.detach().to(torch::kInt64).contiguous(); };
  const RingCall call{embeddings.detach().contiguous(),
                      whole(labels),
                      whole(anchors),
                      ring.embeddings.detach().contiguous(),
                      whole(ring.labels),
                      ring.valid.contiguous(),
                      temperature};
  const variable_list found = RingContrast::apply(embeddings, call);
  const auto& per_anchor = found[0];
  const auto& has_positive = found[1];
  return {per_anchor.sum() / has_positive.sum().clamp_min(1), per_anchor, has_positive};
}

}  // namespace scarp::nn
