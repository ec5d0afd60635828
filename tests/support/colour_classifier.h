// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

namespace scarp::test {

/// A normal distribution of red, green and blue: quadratic discriminant analysis of one class.
class ColourGaussian {
 public:
  void add(const std::array<double, 3>& x) {
    count_ += 1;
    for (std::size_t i = 0; i < 3; ++i) {
      sum_[i] += x[i];
      for (std::size_t j = 0; j < 3; ++j) squares_[i][j] += x[i] * x[j];
    }
  }
  void finish() {
    std::array<std::array<double, 3>, 3> c{};
    for (std::size_t i = 0; i < 3; ++i) mean_[i] = sum_[i] / count_;
    for (std::size_t i = 0; i < 3; ++i) {
      for (std::size_t j = 0; j < 3; ++j)
        c[i][j] = squares_[i][j] / count_ - mean_[i] * mean_[j] + (i == j ? 0.5 : 0);
    }
    const auto minor = [&](std::size_t i, std::size_t j) {
      const std::size_t a = (i + 1) % 3, b = (i + 2) % 3, d = (j + 1) % 3, e = (j + 2) % 3;
      return c[a][d] * c[b][e] - c[a][e] * c[b][d];
    };
    const double determinant = c[0][0] * minor(0, 0) + c[0][1] * minor(0, 1) + c[0][2] * minor(0, 2);
    for (std::size_t i = 0; i < 3; ++i) {
      for (std::size_t j = 0; j < 3; ++j) inverse_[i][j] = minor(j, i) / determinant;
    }
    log_determinant_ = std::log(determinant);
  }
  double log_density(const std::array<double, 3>& x) const {
    double quadratic = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      for (std::size_t j = 0; j < 3; ++j) quadratic += (x[i] - mean_[i]) * inverse_[i][j] * (x[j] - mean_[j]);
    }
    return -0.5 * (quadratic + log_determinant_);
  }

 private:
  double count_ = 0, log_determinant_ = 0;
  std::array<double, 3> sum_{}, mean_{};
  std::array<std::array<double, 3>, 3> squares_{}, inverse_{};
};

/// Learns colours of the classes 0 and 1 and tells 1 from 0 on the same pixels: the best F1 over all
/// thresholds, which flatters the classifier. 255 is left out.
inline double best_colour_f1(const std::vector<std::uint8_t>& rgb, const std::vector<std::uint8_t>& truth) {
  const std::size_t n = truth.size();
  const auto colour = [&](std::size_t i) {
    return std::array<double, 3>{static_cast<double>(rgb[i]), static_cast<double>(rgb[n + i]),
                                 static_cast<double>(rgb[2 * n + i])};
  };
  std::array<ColourGaussian, 2> classes;
  for (std::size_t i = 0; i < n; ++i) {
    if (truth[i] < 2) classes[truth[i]].add(colour(i));
  }
  for (ColourGaussian& one : classes) one.finish();
  std::vector<std::pair<double, bool>> scores;
  double positives = 0;
  for (std::size_t i = 0; i < n; ++i) {
    if (truth[i] > 1) continue;
    scores.emplace_back(classes[1].log_density(colour(i)) - classes[0].log_density(colour(i)), truth[i] == 1);
    positives += truth[i];
  }
  std::sort(scores.begin(), scores.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  double found = 0, best = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    found += scores[i].second ? 1 : 0;
    best = std::max(best, 2 * found / (static_cast<double>(i + 1) + positives));
  }
  return best;
}

}  // namespace scarp::test
