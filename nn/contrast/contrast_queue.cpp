// SPDX-License-Identifier: Apache-2.0
#include "nn/torch/contrast_queue.h"

#include <sstream>

#include <torch/torch.h>

#include "nn/error.h"

namespace scarp::nn {
namespace {

constexpr const char* kEmbeddings = "queue.embeddings";
constexpr const char* kNext = "queue.next";
constexpr const char* kCount = "queue.count";

void restore(const NamedTensors& tensors, const char* name, const std::string& what, at::Tensor& target) {
  const auto found = tensors.find(name);
  if (found == tensors.end())
    throw Error(Fault::mismatch,
                what + ": has no " + name + ": it is no checkpoint of a contrastive training");
  if (found->second.sizes() != target.sizes()) {
    std::ostringstream text;
    text << what << ": " << name << " has the shape " << found->second.sizes() << ", the queues of this run "
         << target.sizes() << ": resume with the options it was begun with";
    throw Error(Fault::mismatch, text.str());
  }
  target.copy_(found->second);
}

}  // namespace

ContrastQueues::ContrastQueues(std::int64_t categories,
                               std::int64_t length,
                               std::int64_t width,
                               at::Device device)
    : length_(length) {
  TORCH_CHECK(categories >= 1 && length >= 1 && width >= 1,
              "ContrastQueues: categories, length and width must be positive, are ", categories, ", ", length,
              " and ", width);
  const auto whole = torch::TensorOptions().dtype(torch::kInt64).device(device);
  slots_ = torch::zeros({categories * length + 1, width}, torch::TensorOptions().device(device));
  next_ = torch::zeros({categories}, whole);
  count_ = torch::zeros({categories}, whole);
}

// Every embedding gets its place by counting those of its category before it. Where more come than a ring
// holds, the last ones stay: earlier ones are written beside the rings, as are those of no category.
void ContrastQueues::enqueue(const at::Tensor& embeddings, const at::Tensor& labels) {
  const torch::NoGradGuard no_grad;
  const std::int64_t categories = next_.size(0), width = slots_.size(1);
  TORCH_CHECK(embeddings.dim() == 2 && embeddings.size(1) == width && labels.dim() == 1 &&
                  labels.size(0) == embeddings.size(0),
              "ContrastQueues: expected embeddings [n, ", width, "] and labels [n], got ", embeddings.sizes(),
              " and ", labels.sizes());
  if (labels.size(0) == 0) return;
  const auto names = torch::arange(categories, next_.options());
  const auto member = (labels.unsqueeze(1) == names).to(torch::kInt64);  // [n, categories]
  const auto arriving = member.sum(0);                                   // [categories]
  const auto rank = member.cumsum(0) - 1;
  const auto slot = (next_ + rank).remainder(length_) + names * length_;
  const auto stays = (member > 0).logical_and(rank >= arriving - length_);
  const auto beside = torch::full({}, categories * length_, next_.options());
  const auto place = torch::where(stays, slot, beside).amin(1);  // [n]
  const auto unit = torch::nn::functional::normalize(embeddings.to(slots_.scalar_type()),
                                                     torch::nn::functional::NormalizeFuncOptions().dim(1));
  slots_.index_copy_(0, place, unit);
  next_.copy_((next_ + arriving).remainder(length_));
  count_.copy_((count_ + arriving).clamp_max(length_));
}

at::Tensor ContrastQueues::rings() const {
  return slots_.slice(0, 0, slots_.size(0) - 1).view({next_.size(0), length_, slots_.size(1)});
}

ContrastSet ContrastQueues::filled(std::int64_t least) const {
  const std::int64_t categories = next_.size(0);
  const auto slots = torch::arange(length_, next_.options());
  const auto ready = (count_ >= least).all();
  const auto valid = (slots.unsqueeze(0) < count_.unsqueeze(1)).logical_and(ready);
  return {rings().flatten(0, 1), torch::arange(categories, next_.options()).repeat_interleave(length_),
          valid.view(-1)};
}

void ContrastQueues::save(NamedTensors& tensors) const {
  tensors[kEmbeddings] = rings().clone().cpu();
  tensors[kNext] = next_.clone().cpu();
  tensors[kCount] = count_.clone().cpu();
}

void ContrastQueues::load(const NamedTensors& tensors, const std::string& what) {
  auto embeddings = rings();
  restore(tensors, kEmbeddings, what, embeddings);
  restore(tensors, kNext, what, next_);
  restore(tensors, kCount, what, count_);
}

}  // namespace scarp::nn
