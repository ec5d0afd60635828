// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace scarp::pipelines {

/// Points of one curve, joined in their order. A point that is not finite interrupts the line.
struct CurveSeries {
  std::string name;
  std::vector<double> x;
  std::vector<double> y;  ///< as many as x
  bool dots = false;      ///< a dot at each point, for few points
};

/// A plot of curves. Axes without a range (second <= first) take that of the finite points.
struct CurvePlot {
  std::string title;
  std::string x_label;
  std::string y_label;
  std::vector<CurveSeries> series;  ///< told apart by colour and dash, at most eight patterns
  std::pair<double, double> x_range = {0, 0};
  std::pair<double, double> y_range = {0, 0};
  bool diagonal = false;  ///< a thin line y = x: what a perfect calibration would be
};

/// The plot as an inline SVG element that scales with the page and takes its colours from the page's style
/// (classes `axis`, `grid`, `c0`..`c7`, see report_html.cpp). Texts are escaped. The same plot gives the same
/// text.
/// @throws Error (usage) if a series has not as many x as y
std::string curve_svg(const CurvePlot& plot);

/// A short horizontal line in the dash of series `index`, 30 x 8 units: for a legend.
std::string curve_sample(std::size_t index);

/// About `count` round numbers (1, 2 or 5 times a power of ten apart) within [low, high].
std::vector<double> round_ticks(double low, double high, int count);

}  // namespace scarp::pipelines
