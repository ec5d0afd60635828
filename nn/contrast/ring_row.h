// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>

#if defined(__CUDACC__)
#define SCARP_HOST_DEVICE __host__ __device__
#else
#define SCARP_HOST_DEVICE
#endif

namespace scarp::nn {

/// What an anchor is held against, as plain memory of the processor or of a GPU.
template <typename Real>
struct RingKeys {
  const Real* embeddings;      ///< [slots, width], of length 1
  const std::int64_t* labels;  ///< [slots]
  const bool* valid;           ///< [slots] a slot that was never filled takes no part
  std::int64_t slots;
  std::int64_t width;
};

template <typename Real>
struct RowLoss {
  Real loss;  ///< 0 without a positive or without a negative
  bool has_positive;
};

/// The group of lanes that works on one anchor: a lane alone on the processor, a warp on a GPU. Every lane
/// runs the same code; `sum` and `largest` give each of them the answer over all, `wait` until all have
/// written.
struct OneLane {
  SCARP_HOST_DEVICE int lane() const { return 0; }
  SCARP_HOST_DEVICE int count() const { return 1; }
  template <typename T>
  SCARP_HOST_DEVICE T sum(T value) const {
    return value;
  }
  template <typename T>
  SCARP_HOST_DEVICE T largest(T value) const {
    return value;
  }
  SCARP_HOST_DEVICE void wait() const {}
};

/// visit(slot) at each slot of this lane that is valid.
template <typename Lanes, typename Real, typename Visit>
SCARP_HOST_DEVICE void each_slot(const Lanes& lanes, const RingKeys<Real>& keys, Visit&& visit) {
  for (std::int64_t slot = lanes.lane(); slot < keys.slots; slot += lanes.count()) {
    if (keys.valid[slot]) visit(slot);
  }
}

/// A sum of softplus(x) = max(x, 0) + log(1 + exp(-|x|)), with one logarithm for many terms: their factors
/// are multiplied first.
class SoftplusSum {
 public:
  /// @return the derivative of softplus at x
  template <typename Real>
  SCARP_HOST_DEVICE Real add(Real x) {
    const Real small = std::exp(-std::fabs(x));
    if (x > 0) sum_ += x;
    factors_ *= 1.0 + small;
    if (factors_ > 1e300) fold();
    return (x >= 0 ? Real(1) : small) / (1 + small);
  }
  SCARP_HOST_DEVICE double value() {
    fold();
    return sum_;
  }

 private:
  SCARP_HOST_DEVICE void fold() {
    sum_ += std::log(factors_);
    factors_ = 1;
  }
  double sum_ = 0, factors_ = 1;
};

/// One anchor's term of contrast_loss, which says where the formula comes from: over its positives P, the
/// slots of its label, and its negatives N
///   l = mean over j in P of softplus(L - s_j),   L = log sum over k in N of exp(s_k),
/// and its derivative by each s. Sums in double precision; lanes share the slots, lane by lane.
/// @param row  [slots] the similarities s; becomes the derivatives
template <typename Lanes, typename Real>
SCARP_HOST_DEVICE RowLoss<Real> contrast_row(const Lanes& lanes,
                                             const RingKeys<Real>& keys,
                                             std::int64_t label,
                                             Real* row) {
  double positives = 0;
  Real most = static_cast<Real>(-INFINITY);  // of the negatives
  each_slot(lanes, keys, [&](std::int64_t slot) {
    if (keys.labels[slot] == label) {
      positives += 1;
    } else if (row[slot] > most) {
      most = row[slot];
    }
  });
  positives = lanes.sum(positives);
  most = lanes.largest(most);
  double negatives = 0;
  each_slot(lanes, keys, [&](std::int64_t slot) {
    if (keys.labels[slot] != label) negatives += row[slot] = std::exp(row[slot] - most);
  });
  negatives = lanes.sum(negatives);
  const bool used = positives > 0 && negatives != 0;  // what is not a number shows in the loss
  const Real of_negatives = used ? most + static_cast<Real>(std::log(negatives)) : Real(0);
  SoftplusSum terms;
  double pull = 0;
  if (used) {
    each_slot(lanes, keys, [&](std::int64_t slot) {
      if (keys.labels[slot] != label) return;
      const Real slope = terms.add(of_negatives - row[slot]);
      pull += slope;
      row[slot] = static_cast<Real>(-slope / positives);
    });
  }
  const double loss = lanes.sum(terms.value());
  pull = lanes.sum(pull);
  const Real push = used ? static_cast<Real>(pull / positives / negatives) : Real(0);
  for (std::int64_t slot = lanes.lane(); slot < keys.slots; slot += lanes.count()) {
    if (!used || !keys.valid[slot]) {
      row[slot] = 0;
    } else if (keys.labels[slot] != label) {
      row[slot] *= push;
    }
  }
  return {used ? static_cast<Real>(loss / positives) : Real(0), positives > 0};
}

/// The same with its logits and the derivative by the anchor: what a GPU does for one row of the batch.
/// @param anchor    [width] of length 1
/// @param row       [slots] room to work in
/// @param gradient  [width] becomes the derivative of the row's loss by the anchor
template <typename Lanes, typename Real>
SCARP_HOST_DEVICE RowLoss<Real> contrast_anchor(const Lanes& lanes,
                                                const RingKeys<Real>& keys,
                                                const Real* anchor,
                                                std::int64_t label,
                                                Real temperature,
                                                Real* row,
                                                Real* gradient) {
  for (std::int64_t slot = 0; slot < keys.slots; ++slot) {  // all lanes at one key: its numbers lie together
    Real product = 0;
    for (std::int64_t d = lanes.lane(); d < keys.width; d += lanes.count())
      product += anchor[d] * keys.embeddings[slot * keys.width + d];
    product = lanes.sum(product);
    if (slot % lanes.count() == lanes.lane()) row[slot] = product / temperature;
  }
  const RowLoss<Real> result = contrast_row(lanes, keys, label, row);
  lanes.wait();
  for (std::int64_t d = lanes.lane(); d < keys.width; d += lanes.count()) {
    Real slope = 0;
    for (std::int64_t slot = 0; slot < keys.slots; ++slot)
      slope += row[slot] * keys.embeddings[slot * keys.width + d];
    gradient[d] = slope / temperature;
  }
  return result;
}

}  // namespace scarp::nn
