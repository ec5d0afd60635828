// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "nn/learner.h"
#include "tests/support/golden_tensors.h"
#include "tests/support/toy_training.h"

namespace scarp::test {

struct Outcome {
  nn::NamedTensors tensors;  // of the last checkpoint
  std::vector<nn::TrainingEvent> events;
};

/// A training that is stopped after `stop_after` fills of a training sample (-1: never).
inline Outcome trained(const std::string& path,
                       const nn::TrainingOptions& options,
                       bool resume = false,
                       std::int64_t stop_at_step = -1,
                       const nn::ModelCard& card = toy_card()) {
  ToySamples samples(20), validation(3, 64, 99);
  Outcome outcome;
  std::stop_source stop;
  nn::train(
      card, options, samples, &validation, {path, "", resume},
      [&](const nn::TrainingEvent& event) {
        outcome.events.push_back(event);
        if (stop_at_step >= 0 && event.step >= stop_at_step) stop.request_stop();
      },
      stop.get_token());
  outcome.tensors = all_tensors(path);
  return outcome;
}

inline void expect_same_tensors(const nn::NamedTensors& a, const nn::NamedTensors& b) {
  ASSERT_EQ(a.size(), b.size());
  for (const auto& [name, tensor] : a) {
    ASSERT_TRUE(b.contains(name)) << name;
    EXPECT_TRUE(same_bits(tensor, b.at(name))) << name;
  }
}

}  // namespace scarp::test
