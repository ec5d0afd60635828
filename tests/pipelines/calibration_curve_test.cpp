// SPDX-License-Identifier: Apache-2.0
#include "pipelines/evaluation/calibration_curve.h"

#include <random>

#include <gtest/gtest.h>

#include "pipelines/error.h"

namespace scarp::pipelines {
namespace {

TEST(CalibrationCurve, HasTheErrorOfAConstructedExample) {
  CalibrationCurve curve(2);
  for (int i = 0; i < 3; ++i) curve.add(0.25, i == 0);  // mean 0.25, share 1/3
  curve.add(1.0, false);                                // the last bin holds 1
  EXPECT_EQ(curve.pixels(), 4);
  EXPECT_EQ(curve.bins()[0].pixels, 3);
  EXPECT_DOUBLE_EQ(curve.bins()[0].frequency, 1.0 / 3);
  EXPECT_DOUBLE_EQ(curve.bins()[1].confidence, 1);
  EXPECT_NEAR(curve.expected_error(), (0.25 + 1.0) / 4, 1e-12);
}

TEST(CalibrationCurve, FindsLittleErrorInProbabilitiesThatAreTrue) {
  std::mt19937 random(7);
  std::uniform_real_distribution<double> uniform;
  CalibrationCurve curve;
  for (int i = 0; i < 200000; ++i) {
    const double p = uniform(random);
    curve.add(p, uniform(random) < p);
  }
  EXPECT_LT(curve.expected_error(), 0.01);
}

TEST(CalibrationCurve, IsZeroWithoutPixels) {
  EXPECT_EQ(CalibrationCurve().expected_error(), 0);
  EXPECT_EQ(CalibrationCurve().bins().size(), 15U);
}

TEST(CalibrationCurve, RefusesNoBins) {
  try {
    CalibrationCurve curve(0);
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), Fault::usage);
    EXPECT_NE(std::string(error.what()).find("at least one bin"), std::string::npos);
  }
}

}  // namespace
}  // namespace scarp::pipelines
