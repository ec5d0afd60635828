// SPDX-License-Identifier: Apache-2.0
#include "pipelines/training/report_focus.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "pipelines/pages/map_picture.h"

namespace scarp::pipelines {
namespace {

constexpr int kLeastSide = 256, kGap = 6;
constexpr Colour kWallColour = {255, 60, 60};

/// The value below which a share of the values lies; 0 of none.
float value_at_share(std::vector<float> values, double share) {
  if (values.empty()) return 0;
  const auto at = static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + at, values.end());
  return values[static_cast<std::size_t>(at)];
}

std::uint8_t stretched(float value, float low, float high) {
  const float share = high > low ? std::clamp((value - low) / (high - low), 0.0F, 1.0F) : 0.5F;
  return static_cast<std::uint8_t>(std::lround(255 * share));
}

geo::Picture black_picture(int side) {
  const auto pixels = static_cast<std::size_t>(side) * static_cast<std::size_t>(side);
  return {side, side, std::vector<std::uint8_t>(3 * pixels, 0)};
}

/// The first three channels as red, green and blue, or the first as grey; nothing drawn without an image.
geo::Picture image_of(const nn::FocusSample& sample, int side) {
  geo::Picture picture = black_picture(side);
  const std::size_t pixels = sample.valid.size(), channels = sample.optical.size() / pixels;
  for (std::size_t c = 0; c < 3 && channels > 0; ++c) {
    const auto band = sample.optical.begin() + static_cast<std::ptrdiff_t>((channels >= 3 ? c : 0) * pixels);
    std::vector<float> known;
    for (std::size_t i = 0; i < pixels; ++i)
      if (sample.valid[i]) known.push_back(band[static_cast<std::ptrdiff_t>(i)]);
    const float low = value_at_share(known, 0.02), high = value_at_share(known, 0.98);
    for (std::size_t i = 0; i < pixels; ++i)
      if (sample.valid[i])
        picture.rgb[3 * i + c] = stretched(band[static_cast<std::ptrdiff_t>(i)], low, high);
  }
  return picture;
}

/// From black over blue and orange to white, between the map's 1st and 99th percentile.
geo::Picture heat_of(const nn::FocusMap& map, int side) {
  static constexpr std::array<Colour, 4> kHeat = {
      {{0, 0, 0}, {40, 50, 160}, {255, 150, 30}, {255, 255, 255}}};
  geo::Picture picture = black_picture(side);
  const float low = value_at_share(map.values, 0.01), high = value_at_share(map.values, 0.99);
  for (std::size_t i = 0; i < map.values.size(); ++i) {
    const float place = 3 * static_cast<float>(stretched(map.values[i], low, high)) / 255;
    const auto from = static_cast<std::size_t>(std::min(2.0F, place));
    const float share = place - static_cast<float>(from);
    for (std::size_t c = 0; c < 3; ++c) {
      picture.rgb[3 * i + c] = static_cast<std::uint8_t>(std::lround(
          std::lerp(static_cast<float>(kHeat[from][c]), static_cast<float>(kHeat[from + 1][c]), share)));
    }
  }
  return picture;
}

geo::Picture row_of(const nn::FocusSample& sample, int side) {
  std::vector<geo::Picture> row = {image_of(sample, side)};
  draw_classes(row.front(), sample.near_walls, side, side, std::array{ClassColour{1, kWallColour}}, 0.7);
  for (const nn::FocusMap& map : sample.maps) row.push_back(heat_of(map, side));
  for (geo::Picture& picture : row) picture = enlarged(picture, kLeastSide);
  return side_by_side(row, kGap);
}

std::vector<std::string> shares_row(const std::string& name,
                                    double outline,
                                    double walls,
                                    const nn::Focus& focus) {
  const auto times = [](double share, double ground) {
    return ground > 0 ? fmt::format("{:.2f}", share / ground) : std::string("-");
  };
  return {name, fmt::format("{:.3f}", outline), times(outline, focus.outline_ground),
          fmt::format("{:.3f}", walls), times(walls, focus.wall_ground)};
}

}  // namespace

void add_focus(HtmlReport& report, const nn::Focus& focus) {
  if (focus.shares.empty()) return;
  report.add_heading("Where the network looks");
  report.add_paragraph(
      fmt::format("Share of the energy (sum of squares) of each map near outlines of landslides, and near "
                  "their back and side "
                  "walls, over labelled pixels of {} validation samples; and how many times the share of the "
                  "ground there that "
                  "is. A map that is the same everywhere has 1 time.",
                  focus.samples));
  std::vector<std::vector<std::string>> rows = {
      shares_row("ground", focus.outline_ground, focus.wall_ground, focus)};
  for (const nn::FocusShare& share : focus.shares)
    rows.push_back(shares_row(share.name, share.outline, share.walls, focus));
  report.add_table("Energy within two pixels", {"map", "of outlines", "times", "of walls", "times"}, rows);
  for (const nn::FocusSample& sample : focus.pictures) {
    std::string caption = "The image with back and side walls in red";
    for (const nn::FocusMap& map : sample.maps) caption += "; " + map.name;
    report.add_picture(caption, row_of(sample, focus.side));
  }
}

nlohmann::ordered_json focus_json(const nn::Focus& focus) {
  nlohmann::ordered_json maps = nlohmann::ordered_json::array();
  for (const nn::FocusShare& share : focus.shares)
    maps.push_back({{"name", share.name}, {"outline", share.outline}, {"walls", share.walls}});
  return {{"samples", focus.samples},
          {"ground", {{"outline", focus.outline_ground}, {"walls", focus.wall_ground}}},
          {"maps", maps}};
}

}  // namespace scarp::pipelines
