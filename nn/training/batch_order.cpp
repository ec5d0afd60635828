// SPDX-License-Identifier: Apache-2.0
#include "nn/training/batch_order.h"

#include <numeric>
#include <random>
#include <utility>

#include "nn/training/augmentation.h"

namespace scarp::nn {

std::vector<std::vector<std::int64_t>> shuffled_batches(std::uint64_t seed,
                                                        std::int64_t pass,
                                                        std::int64_t stream,
                                                        std::int64_t samples,
                                                        std::int64_t batch,
                                                        std::int64_t done) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(samples));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  std::mt19937_64 random = sample_generator(seed, pass, stream);
  for (std::size_t i = order.size(); i > 1; --i)
    std::swap(order[i - 1], order[static_cast<std::size_t>(random() % i)]);
  std::vector<std::vector<std::int64_t>> batches;
  for (; done < samples / batch; ++done) {
    const auto first = order.begin() + done * batch;
    batches.emplace_back(first, first + batch);
  }
  return batches;
}

}  // namespace scarp::nn
