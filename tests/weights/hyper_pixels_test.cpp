// SPDX-License-Identifier: Apache-2.0
#include "nn/hyper_pixels.h"

#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "nn/error.h"

namespace scarp::nn {
namespace {

using Picture = std::vector<std::string>;

constexpr char kLetters[] = "?.o#tsB";  // of CellKind, in its order

/// Labels of a window drawn with # for landslide, ? for unknown; a gradient everywhere the same unless
/// changed.
struct Window {
  int side;
  std::vector<std::uint8_t> labels;
  std::vector<float> east, north;
  std::vector<std::uint8_t> valid;

  Window(const Picture& drawn, double rise_east, double rise_north) : side(static_cast<int>(drawn.size())) {
    for (const std::string& row : drawn) {
      for (const char c : row) labels.push_back(c == '#' ? 1 : c == '?' ? 255 : 0);
    }
    east.assign(labels.size(), static_cast<float>(rise_east));
    north.assign(labels.size(), static_cast<float>(rise_north));
    valid.assign(labels.size(), 1);
  }
  UpSlope up() const { return {east, north, valid}; }
};

std::vector<CellKind> cells_of(const Window& window,
                               const HyperPixelOptions& options,
                               bool with_ground = true) {
  const int across = window.side / options.stride;
  std::vector<CellKind> cells(static_cast<std::size_t>(across * across));
  const UpSlope up = window.up();
  classify_cells(window.side, window.labels, 1, with_ground ? &up : nullptr, options, cells);
  return cells;
}

Picture drawn(const std::vector<CellKind>& cells) {
  const auto across = static_cast<std::size_t>(std::lround(std::sqrt(static_cast<double>(cells.size()))));
  Picture rows(across, std::string(across, ' '));
  for (std::size_t i = 0; i < cells.size(); ++i)
    rows[i / across][i % across] = kLetters[static_cast<std::size_t>(cells[i])];
  return rows;
}

constexpr HyperPixelOptions kPixels = {.stride = 1};

const Picture kRound = {
    "............", "............", "....####....", "...######...", "..########..", "..########..",
    "..########..", "..########..", "...######...", "....####....", "............", "............",
};

TEST(HyperPixels, OfARoundLandslideOnGroundThatRisesEastAreBackWallInTheEastSideWallBesideItAndToeInTheWest) {
  EXPECT_THAT(drawn(cells_of({kRound, 0.3, 0}, kPixels)),
              testing::ElementsAre("............", "...oooooo...", "..oottssoo..", ".oott##sBoo.",
                                   ".ott####BBo.", ".ot######Bo.", ".ot######Bo.", ".ott####BBo.",
                                   ".oott##sBoo.", "..oottssoo..", "...oooooo...", "............"));
}

TEST(HyperPixels, OfARoundLandslideOnGroundThatRisesNorthAreBackWallInTheNorth) {
  const Picture cells = drawn(cells_of({kRound, 0, 0.3}, kPixels));
  EXPECT_EQ(cells[2], "..ooBBBBoo..");
  EXPECT_EQ(cells[5], ".os######so.");
  EXPECT_EQ(cells[6], ".ot######to.");
  EXPECT_EQ(cells[9], "..oottttoo..");
}

TEST(HyperPixels, WithoutElevationTheWholeInnerBandIsSideWall) {
  const Picture cells = drawn(cells_of({kRound, 0.3, 0}, kPixels, false));
  EXPECT_EQ(cells[2], "..oossssoo..");
  EXPECT_EQ(cells[5], ".os######so.");
}

TEST(HyperPixels, OnFlatGroundTheWholeInnerBandIsSideWall) {
  EXPECT_EQ(cells_of({kRound, 0.01, 0}, kPixels), cells_of({kRound, 0, 0}, kPixels, false));
}

TEST(HyperPixels, WhereTheGroundContradictsItselfTheWholeInnerBandIsSideWall) {
  Window ridge(kRound, 0.3, 0);
  for (std::size_t i = 0; i < ridge.east.size(); ++i)
    if (i % 12 >= 6) ridge.east[i] = -0.3F;
  EXPECT_EQ(cells_of(ridge, kPixels), cells_of(ridge, kPixels, false));
}

TEST(HyperPixels, TakeNoNoticeOfGradientsThatAreInvalidOrNotFinite) {
  Window window(kRound, 0.3, 0);
  const auto expected = cells_of(window, kPixels);
  for (std::size_t i = 0; i < window.labels.size(); i += 3) {
    window.north[i] = std::numeric_limits<float>::quiet_NaN();
    window.north[i + 1] = 1e6F;
    window.valid[i + 1] = 0;
  }
  EXPECT_EQ(cells_of(window, kPixels), expected);
}

TEST(HyperPixels, TwoLandslidesHaveTheirOwnDirectionsUp) {
  Window window({"..........",  //
                 ".####.....",  //
                 ".####.....",  //
                 ".####.....",  //
                 ".####.....",  //
                 ".....####.",  //
                 ".....####.",  //
                 ".....####.",  //
                 ".....####.",  //
                 ".........."},
                0.3, 0);
  for (std::size_t i = 50; i < 100; ++i) window.east[i] = -0.3F;
  const Picture cells = drawn(cells_of(window, kPixels));
  EXPECT_EQ(cells[2], "ot##Bo....");
  EXPECT_EQ(cells[7], "....oB##to");
}

TEST(HyperPixels, OfALandslideThatTheWindowCutsHaveNoWallAlongTheCut) {
  EXPECT_THAT(drawn(cells_of({{"####....",  //
                               "####....",  //
                               "####....",  //
                               "####....",  //
                               "###.....",  //
                               "........",  //
                               "........",  //
                               "........"},
                              0.3,
                              0},
                             kPixels)),
              testing::ElementsAre("###Bo...",  //
                                   "###Bo...",  //
                                   "###Bo...",  //
                                   "##BBo...",  //
                                   "ttsoo...",  //
                                   "oooo....",  //
                                   "........",  //
                                   "........"));
}

TEST(HyperPixels, HaveNoWallWhereNothingIsLabelledBeyond) {
  EXPECT_THAT(drawn(cells_of({{"????????",  //
                               "?####...",  //
                               "?####...",  //
                               "?####...",  //
                               "????????",  //
                               "........",  //
                               "........",  //
                               "........"},
                              0.3,
                              0},
                             kPixels)),
              testing::ElementsAre("????????",  //
                                   "?###Bo..",  //
                                   "?###Bo..",  //
                                   "?###Bo..",  //
                                   "????????",  //
                                   "........",  //
                                   "........",  //
                                   "........"));
}

TEST(HyperPixels, WithoutLandslidesAreBackground) {
  EXPECT_THAT(cells_of({Picture(4, "...."), 0.3, 0}, kPixels), testing::Each(CellKind::background));
}

TEST(HyperPixels, InsideALandslideThatFillsTheWindowAreInterior) {
  EXPECT_THAT(cells_of({Picture(4, "####"), 0.3, 0}, kPixels), testing::Each(CellKind::interior));
}

TEST(HyperPixels, WithoutLabelsAreUnused) {
  EXPECT_THAT(cells_of({Picture(4, "????"), 0.3, 0}, kPixels), testing::Each(CellKind::unused));
}

// Blocks of 4 x 4, of landslide: 16 of 16 pixels, 8 of 16, 7 of 16, 1 of 16 (above one in twenty); below them
// 4 of 8 labelled ones, 4 of 7 (too few labelled), none, none.
TEST(HyperPixels, AreToldByTheShareOfTheirLabelledPixels) {
  Picture labels = {"#############...",  //
                    "###########.....",  //
                    "####............",  //
                    "####............",  //
                    "########........",  //
                    ".......?........",  //
                    "????????........",  //
                    "????????........"};
  while (labels.size() < 16) labels.push_back("................");
  const Picture cells = drawn(cells_of({labels, 0, 0}, {.stride = 4}));
  EXPECT_EQ(cells[0], "#s??");
  EXPECT_EQ(cells[1], "s?oo");
}

TEST(HyperPixels, KeepABandAsDeepAsAsked) {
  const Picture cells = drawn(cells_of({kRound, 0, 0}, {.stride = 1, .band = 2}));
  EXPECT_EQ(cells[0], "..oooooooo..");
  EXPECT_EQ(cells[5], "oosss##sssoo");
}

TEST(HyperPixels, OfOtherClassesAreBackground) {
  Window window(kRound, 0.3, 0);
  const auto expected = cells_of(window, kPixels);
  for (std::uint8_t& label : window.labels)
    if (label == 0) label = 2;
  EXPECT_EQ(cells_of(window, kPixels), expected);
}

/// Blobs with gradients that differ from pixel to pixel, some unknown and some invalid.
Window random_window(int side, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> unit(0, 1);
  Window window(Picture(static_cast<std::size_t>(side), std::string(static_cast<std::size_t>(side), '.')), 0,
                0);
  for (int blob = 0; blob < 4; ++blob) {
    const double row = side * unit(random), col = side * unit(random),
                 radius = side * (0.1 + 0.2 * unit(random));
    const double up = 6.28 * unit(random);
    for (int i = 0; i < side * side; ++i) {
      const auto at = static_cast<std::size_t>(i);
      if (std::hypot(i / side - row, i % side - col) > radius) continue;
      window.labels[at] = unit(random) < 0.02 ? 255 : 1;
      window.east[at] = static_cast<float>(std::cos(up + unit(random)));
      window.north[at] = static_cast<float>(std::sin(up + unit(random)));
      window.valid[at] = unit(random) < 0.9;
    }
  }
  return window;
}

/// Everything a quarter turn counter-clockwise: what was the last column is the first row.
template <typename T>
std::vector<T> turned(const std::vector<T>& values, int side) {
  std::vector<T> result;
  for (int row = 0; row < side; ++row)
    for (int col = 0; col < side; ++col)
      result.push_back(values[static_cast<std::size_t>(col * side + side - 1 - row)]);
  return result;
}

TEST(HyperPixels, TurnWithTheWindow) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Window window = random_window(64, seed);
    const HyperPixelOptions options{.stride = 4, .band = 1 + static_cast<int>(seed % 2)};
    const auto cells = cells_of(window, options);
    window.labels = turned(window.labels, 64);
    window.valid = turned(window.valid, 64);
    const auto east = turned(window.east, 64), north = turned(window.north, 64);
    window.north = east;
    for (std::size_t i = 0; i < north.size(); ++i) window.east[i] = -north[i];
    ASSERT_EQ(drawn(cells_of(window, options)), drawn(turned(cells, 16))) << "seed " << seed;
  }
}

TEST(HyperPixels, OfRandomWindowsAreWallsAlongOutlinesOnly) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const auto cells = cells_of(random_window(64, seed), {.stride = 4});
    const auto kind = [&](int row, int col) { return cells[static_cast<std::size_t>(row * 16 + col)]; };
    for (int row = 0; row < 16; ++row) {
      for (int col = 0; col < 16; ++col) {
        bool beside_other = false;
        for (int r = std::max(0, row - 1); r <= std::min(15, row + 1); ++r)
          for (int c = std::max(0, col - 1); c <= std::min(15, col + 1); ++c)
            beside_other |= kind(r, c) == CellKind::background || kind(r, c) == CellKind::outer_band;
        EXPECT_FALSE(beside_other && kind(row, col) == CellKind::interior) << seed;
      }
    }
  }
}

void expect_refused(const Window& window, const HyperPixelOptions& options, const std::string& sentence) {
  const UpSlope up = window.up();
  std::vector<CellKind> cells(16);
  try {
    classify_cells(window.side, window.labels, 1, &up, options, cells);
    ADD_FAILURE() << "not refused: " << sentence;
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), Fault::bad_argument);
    EXPECT_THAT(error.what(), testing::HasSubstr(sentence));
  }
}

TEST(HyperPixels, RefuseWhatDoesNotFit) {
  Window window(Picture(8, "........"), 0, 0);
  expect_refused(window, {.stride = 0}, "the stride must be at least 1, is 0");
  expect_refused(window, {.stride = 3}, "a window of 8 pixels has no whole cells of 3; choose a multiple");
  expect_refused(window, {.stride = 4}, "16 cells for a window that has 4");
  expect_refused(window, {.stride = 2, .band = 0}, "the band must be at least 1 cell, is 0");
  expect_refused(window, {.stride = 2, .background_share = 0.6},
                 "shares must rise from background to landslide");
  expect_refused(window, {.stride = 2, .labelled_share = 0}, "the labelled share must lie above 0");
  window.north.pop_back();
  expect_refused(window, {.stride = 2}, "gradients of another size than the window's 64 pixels");
  window.labels.pop_back();
  expect_refused(window, {.stride = 2}, "63 labels for a window of 64 pixels");
}

}  // namespace
}  // namespace scarp::nn
