// SPDX-License-Identifier: Apache-2.0
#include "pipelines/pages/report_curve.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include <fmt/format.h>

#include "pipelines/error.h"
#include "pipelines/pages/report_html.h"

namespace scarp::pipelines {
namespace {

// The drawing in SVG units; the page scales it.
constexpr double kWidth = 480;
constexpr double kHeight = 320;
constexpr double kLeft = 62;
constexpr double kRight = 468;
constexpr double kTop = 12;
constexpr double kBottom = 268;
constexpr std::array<std::string_view, 8> kDashes = {"",    "7 3",  "2 3", "9 3 2 3",
                                                     "5 5", "12 4", "1 4", "12 3 2 3 2 3"};

using Range = std::pair<double, double>;

/// The given range if it is one, else that of the finite values, widened where they are all the same.
Range range_of(const CurvePlot& plot, const Range& given, const std::vector<double> CurveSeries::*values) {
  if (given.second > given.first) return given;
  Range range = {INFINITY, -INFINITY};
  for (const CurveSeries& series : plot.series) {
    for (const double value : series.*values) {
      if (!std::isfinite(value)) continue;
      range = {std::min(range.first, value), std::max(range.second, value)};
    }
  }
  if (range.first > range.second) return {0, 1};
  if (range.first == range.second) {
    const double margin = std::max(0.5 * std::abs(range.first), 1e-9);
    return {range.first - margin, range.second + margin};
  }
  return range;
}

struct Frame {
  Range x;
  Range y;
  double across(double value) const {
    return kLeft + (value - x.first) / (x.second - x.first) * (kRight - kLeft);
  }
  double down(double value) const {
    return kBottom - (value - y.first) / (y.second - y.first) * (kBottom - kTop);
  }
};

std::string axes_svg(const CurvePlot& plot, const Frame& frame) {
  std::string out;
  for (const double tick : round_ticks(frame.x.first, frame.x.second, 6)) {
    const double x = frame.across(tick);
    out +=
        fmt::format(R"(<line class="grid" x1="{0:.1f}" y1="{1}" x2="{0:.1f}" y2="{2}"/>)", x, kTop, kBottom);
    out +=
        fmt::format(R"(<text x="{:.1f}" y="{}" text-anchor="middle">{:.6g}</text>)", x, kBottom + 17, tick);
  }
  for (const double tick : round_ticks(frame.y.first, frame.y.second, 5)) {
    const double y = frame.down(tick);
    out +=
        fmt::format(R"(<line class="grid" x1="{0}" y1="{1:.1f}" x2="{2}" y2="{1:.1f}"/>)", kLeft, y, kRight);
    out +=
        fmt::format(R"(<text x="{}" y="{:.1f}" text-anchor="end">{:.6g}</text>)", kLeft - 6, y + 4.5, tick);
  }
  out +=
      fmt::format(R"(<path class="axis" fill="none" d="M{0} {1}V{2}H{3}"/>)", kLeft, kTop, kBottom, kRight);
  out += fmt::format(R"(<text x="{}" y="{}" text-anchor="middle">{}</text>)", 0.5 * (kLeft + kRight),
                     kHeight - 10, escape_html(plot.x_label));
  out += fmt::format(R"svg(<text transform="translate(15 {}) rotate(-90)" text-anchor="middle">{}</text>)svg",
                     0.5 * (kTop + kBottom), escape_html(plot.y_label));
  return out;
}

std::string dash_attribute(std::size_t index) {
  const std::string_view dash = kDashes[index % kDashes.size()];
  return dash.empty() ? std::string() : fmt::format(" stroke-dasharray=\"{}\"", dash);
}

std::string series_svg(const CurveSeries& series, std::size_t index, const Frame& frame) {
  std::string path;
  std::string dots;
  bool pen_down = false;
  for (std::size_t i = 0; i < series.x.size(); ++i) {
    if (!std::isfinite(series.x[i]) || !std::isfinite(series.y[i])) {
      pen_down = false;
      continue;
    }
    // A point outside a given range stays in the drawing, at its border.
    const double x = std::clamp(frame.across(series.x[i]), kLeft, kRight);
    const double y = std::clamp(frame.down(series.y[i]), kTop, kBottom);
    path += fmt::format("{}{:.1f} {:.1f}", pen_down ? "L" : "M", x, y);
    if (series.dots) dots += fmt::format(R"(<circle class="dot" cx="{:.1f}" cy="{:.1f}" r="4"/>)", x, y);
    pen_down = true;
  }
  return fmt::format(R"(<g class="c{}"><path class="curve"{} d="{}"/>{}</g>)", index % kDashes.size(),
                     dash_attribute(index), path, dots);
}

}  // namespace

std::vector<double> round_ticks(double low, double high, int count) {
  if (!(high > low) || !std::isfinite(high - low) || count < 1) return {};
  const double rough = (high - low) / count;
  const double decade = std::pow(10.0, std::floor(std::log10(rough)));
  const double leading = rough / decade;
  const double step = decade * (leading <= 1.5 ? 1 : leading <= 3.5 ? 2 : leading <= 7.5 ? 5 : 10);
  std::vector<double> ticks;
  const double first = std::ceil(low / step - 1e-9);
  for (int i = 0; i <= 2 * count + 2;
       ++i) {  // a bounded loop: far from zero, adding one step may change nothing
    const double tick = (first + i) * step;
    if (tick > high + 1e-9 * step) break;
    ticks.push_back(first + i == 0 ? 0.0 : tick);
  }
  return ticks;
}

std::string curve_sample(std::size_t index) {
  return fmt::format(R"(<path class="curve"{} d="M0 4H30"/>)", dash_attribute(index));
}

std::string curve_svg(const CurvePlot& plot) {
  for (const CurveSeries& series : plot.series) {
    if (series.x.size() != series.y.size()) {
      throw Error(Fault::usage, fmt::format("curve \"{}\" of a report has {} x and {} y values", series.name,
                                            series.x.size(), series.y.size()));
    }
  }
  const Frame frame{range_of(plot, plot.x_range, &CurveSeries::x),
                    range_of(plot, plot.y_range, &CurveSeries::y)};
  std::string out = fmt::format(R"(<svg viewBox="0 0 {} {}" role="img" aria-label="{}">)", kWidth, kHeight,
                                escape_html(plot.title));
  out += axes_svg(plot, frame);
  if (plot.diagonal) {
    const double low = std::max(frame.x.first, frame.y.first);
    const double high = std::min(frame.x.second, frame.y.second);
    out += fmt::format(R"(<line class="ideal" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>)",
                       frame.across(low), frame.down(low), frame.across(high), frame.down(high));
  }
  for (std::size_t i = 0; i < plot.series.size(); ++i) out += series_svg(plot.series[i], i, frame);
  return out + "</svg>\n";
}

}  // namespace scarp::pipelines
