// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <gtest/gtest.h>

#include "datasets/error.h"

namespace scarp::test {

/// Runs `code`, expects a datasets::Error with this fault whose text holds `part`.
template <typename Code>
void expect_datasets_fault(datasets::Fault fault, const std::string& part, Code code) {
  try {
    code();
    ADD_FAILURE() << "no error was thrown; one with \"" << part << "\" was expected";
  } catch (const datasets::Error& error) {
    EXPECT_EQ(static_cast<int>(error.fault()), static_cast<int>(fault)) << error.what();
    EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
  }
}

}  // namespace scarp::test
