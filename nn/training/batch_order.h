// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

namespace scarp::nn {

/// The batches of one pass that are left after `done` of them: all samples in a new order every pass, from
/// the seed alone (Fisher & Yates as written by Durstenfeld 1964). What fills no whole batch is left out.
/// @param stream  tells orders from other random numbers of the seed
std::vector<std::vector<std::int64_t>> shuffled_batches(std::uint64_t seed,
                                                        std::int64_t pass,
                                                        std::int64_t stream,
                                                        std::int64_t samples,
                                                        std::int64_t batch,
                                                        std::int64_t done);

}  // namespace scarp::nn
