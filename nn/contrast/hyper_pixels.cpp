// SPDX-License-Identifier: Apache-2.0
#include "nn/hyper_pixels.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "nn/contrast/cell_shares.h"
#include "nn/error.h"

namespace scarp::nn {
namespace {

constexpr double kWallCosine = 0.70710678118654752;  // 45 degrees
constexpr double kTie = 1e-9;            // what lies on a limit falls on the same side, however it is turned
constexpr double kLeastSlope = 0.0175;   // tan(1 degree): flatter ground points nowhere
constexpr double kLeastAgreement = 0.1;  // of a landslide's unit gradients: length of their mean
constexpr double kLeastRise = 0.01;      // of the share, a cell: less is no outline

struct Direction {
  double east = 0, north = 0;
  bool known() const { return east != 0 || north != 0; }
};

Direction unit(double east, double north, double least) {
  const double length = std::sqrt(east * east + north * north);
  return length > least ? Direction{east / length, north / length} : Direction{};
}

/// The cells of one landslide, connected by their sides, from `start` on.
void flood(const CellShares& shares, int start, std::vector<char>& seen, std::vector<int>& found) {
  found.assign(1, start);
  seen[static_cast<std::size_t>(start)] = 1;
  const auto visit = [&](int row, int col) {
    if (!shares.inside(row, col) || !shares.landslide(row, col)) return;
    const int cell = row * shares.cells() + col;
    char& mark = seen[static_cast<std::size_t>(cell)];
    if (mark) return;
    mark = 1;
    found.push_back(cell);
  };
  for (std::size_t i = 0; i < found.size(); ++i) {
    const int row = found[i] / shares.cells(), col = found[i] % shares.cells();
    visit(row - 1, col);
    visit(row + 1, col);
    visit(row, col - 1);
    visit(row, col + 1);
  }
}

/// A window's labels and gradients, for the mean direction up of some of its cells.
struct Ground {
  int side, stride, landslide_class;
  std::span<const std::uint8_t> labels;
  const UpSlope& up;

  Direction upward(std::span<const int> cells) const {
    double east = 0, north = 0;
    std::int64_t count = 0;
    for (const int cell : cells) add(cell, east, north, count);
    const auto pixels = static_cast<double>(std::max<std::int64_t>(1, count));
    return unit(east / pixels, north / pixels, kLeastAgreement);
  }

 private:
  void add(int cell, double& east, double& north, std::int64_t& count) const {
    const int across = side / stride, top = cell / across * stride, left = cell % across * stride;
    for (int row = top; row < top + stride; ++row) {
      for (int col = left; col < left + stride; ++col) {
        const auto i =
            static_cast<std::size_t>(row) * static_cast<std::size_t>(side) + static_cast<std::size_t>(col);
        if (labels[i] != landslide_class || up.valid[i] == 0) continue;
        const double e = up.east[i], n = up.north[i], length = std::sqrt(e * e + n * n);
        if (!std::isfinite(length) || length < kLeastSlope) continue;
        east += e / length;
        north += n / length;
        ++count;
      }
    }
  }
};

bool near_other(const CellShares& shares, int row, int col, int band, bool landslide) {
  for (int r = std::max(0, row - band); r <= std::min(shares.cells() - 1, row + band); ++r) {
    for (int c = std::max(0, col - band); c <= std::min(shares.cells() - 1, col + band); ++c) {
      if (!shares.labelled(r, c)) continue;
      if (landslide ? !shares.landslide(r, c) : !shares.background(r, c)) return true;
    }
  }
  return false;
}

/// Away from the landslide: down the plane fitted to the shares of the labelled cells around, near ones
/// first.
Direction outward(const CellShares& shares, int row, int col, int reach) {
  double weight = 0, x = 0, y = 0, s = 0, xx = 0, xy = 0, yy = 0, xs = 0, ys = 0;
  for (int r = std::max(0, row - reach); r <= std::min(shares.cells() - 1, row + reach); ++r) {
    for (int c = std::max(0, col - reach); c <= std::min(shares.cells() - 1, col + reach); ++c) {
      if (!shares.labelled(r, c)) continue;
      const double dx = c - col, dy = row - r, share = shares.share(r, c);
      const double w = (reach + 1 - std::abs(dx)) * (reach + 1 - std::abs(dy));
      weight += w, x += w * dx, y += w * dy, s += w * share;
      xx += w * dx * dx, xy += w * dx * dy, yy += w * dy * dy, xs += w * dx * share, ys += w * dy * share;
    }
  }
  xx -= x * x / weight, xy -= x * y / weight, yy -= y * y / weight, xs -= x * s / weight,
      ys -= y * s / weight;
  const double determinant = xx * yy - xy * xy;
  if (determinant < 1e-6 * (xx + yy) * (xx + yy)) return {};  // cells in one line
  return unit(-(yy * xs - xy * ys) / determinant, -(xx * ys - xy * xs) / determinant, kLeastRise);
}

/// What belongs to the inner band of one landslide: its kind by the outline's direction there, and by height.
class InnerBand {
 public:
  InnerBand(std::span<const int> slide, int across, const Direction& up) : across_(across), up_(up) {
    for (const int cell : slide) {
      lowest_ = std::min(lowest_, height(cell));
      highest_ = std::max(highest_, height(cell));
    }
  }

  CellKind kind(int cell, const Direction& normal) const {
    if (!up_.known() || !normal.known()) return CellKind::side_wall;
    const double cosine = normal.east * up_.east + normal.north * up_.north;
    if (cosine >= kWallCosine - kTie) return CellKind::back_wall;
    const bool lower_half = 2 * height(cell) < lowest_ + highest_ - kTie;
    return cosine <= -kWallCosine + kTie || lower_half ? CellKind::toe : CellKind::side_wall;
  }

 private:
  double height(int cell) const {
    const int row = cell / across_, col = cell % across_;
    return col * up_.east - row * up_.north;
  }

  int across_;
  Direction up_;
  double lowest_ = std::numeric_limits<double>::infinity(), highest_ = -lowest_;
};

void require(bool condition, const std::string& sentence) {
  if (!condition) throw Error(Fault::bad_argument, "hyper-pixels: " + sentence);
}

void check_sizes(int side,
                 std::span<const std::uint8_t> labels,
                 int landslide_class,
                 const UpSlope* up,
                 const HyperPixelOptions& options,
                 std::size_t cells) {
  options.check();
  require(side >= options.stride && side % options.stride == 0,
          "a window of " + std::to_string(side) + " pixels has no whole cells of " +
              std::to_string(options.stride) + "; choose a multiple of the stride");
  require(landslide_class >= 0 && landslide_class < 255,
          "the class of landslides is " + std::to_string(landslide_class) + "; it must lie in 0 to 254");
  const auto pixels = static_cast<std::size_t>(side) * static_cast<std::size_t>(side);
  const auto across = static_cast<std::size_t>(side / options.stride);
  require(labels.size() == pixels,
          std::to_string(labels.size()) + " labels for a window of " + std::to_string(pixels) + " pixels");
  require(cells == across * across,
          std::to_string(cells) + " cells for a window that has " + std::to_string(across * across));
  require(!up || (up->east.size() == pixels && up->north.size() == pixels && up->valid.size() == pixels),
          "gradients of another size than the window's " + std::to_string(pixels) + " pixels");
}

}  // namespace

void HyperPixelOptions::check() const {
  require(stride >= 1, "the stride must be at least 1, is " + std::to_string(stride));
  require(band >= 1, "the band must be at least 1 cell, is " + std::to_string(band));
  require(background_share >= 0 && background_share < landslide_share && landslide_share <= 1,
          "shares must rise from background to landslide within 0 to 1, are " +
              std::to_string(background_share) + " and " + std::to_string(landslide_share));
  require(labelled_share > 0 && labelled_share <= 1,
          "the labelled share must lie above 0 and up to 1, is " + std::to_string(labelled_share));
}

void classify_cells(int side,
                    std::span<const std::uint8_t> labels,
                    int landslide_class,
                    const UpSlope* up_slope,
                    const HyperPixelOptions& options,
                    std::span<CellKind> cells) {
  check_sizes(side, labels, landslide_class, up_slope, options, cells.size());
  const CellShares shares(side, labels, landslide_class, options);
  const int across = shares.cells();
  std::vector<char> seen(cells.size(), 0);
  std::vector<int> slide;
  for (int start = 0; start < across * across; ++start) {
    const int row = start / across, col = start % across;
    CellKind& cell = cells[static_cast<std::size_t>(start)];
    if (shares.background(row, col)) {
      cell = near_other(shares, row, col, options.band, false) ? CellKind::outer_band : CellKind::background;
    } else if (!shares.landslide(row, col)) {
      cell = CellKind::unused;
    } else if (!seen[static_cast<std::size_t>(start)]) {
      flood(shares, start, seen, slide);
      Direction up;
      if (up_slope) up = Ground{side, options.stride, landslide_class, labels, *up_slope}.upward(slide);
      const InnerBand inner(slide, across, up);
      for (const int at : slide) {
        const int r = at / across, c = at % across;
        const bool band = near_other(shares, r, c, options.band, true);
        cells[static_cast<std::size_t>(at)] =
            band ? inner.kind(at, outward(shares, r, c, options.band + 1)) : CellKind::interior;
      }
    }
  }
}

}  // namespace scarp::nn
