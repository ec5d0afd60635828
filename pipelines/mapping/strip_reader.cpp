// SPDX-License-Identifier: Apache-2.0
#include "pipelines/mapping/strip_reader.h"

#include "pipelines/terrain_units.h"

namespace scarp::pipelines {

StripReader::StripReader(geo::AlignedStack stack,
                         const geo::TilePlan& plan,
                         const geo::Window& lattice,
                         std::vector<float> factors)
    : stack_(std::move(stack)),
      plan_(plan),
      lattice_(lattice),
      factors_(std::move(factors)),
      next_(lattice.row) {}

// Columns and rows beyond the raster are not read: `cut` knows that nothing is there.
geo::Window StripReader::strip_window(std::int64_t lattice_row) const {
  const geo::Window tiles = geo::enclosing(plan_.tile(lattice_row, lattice_.col).window,
                                           plan_.tile(lattice_row, lattice_.col_end() - 1).window);
  return geo::intersection(tiles, stack_.grid().window());
}

std::shared_ptr<const Strip> StripReader::next() {
  const std::int64_t lattice_row = next_++;
  geo::Window wanted = strip_window(lattice_row);
  std::erase_if(bands_, [&](const auto& band) { return band->window.row_end() <= wanted.row; });
  if (!bands_.empty()) {
    const std::int64_t known_end = bands_.back()->window.row_end();
    wanted = {known_end, wanted.col, wanted.row_end() - known_end, wanted.cols};
  }
  if (!wanted.empty()) {
    const std::shared_ptr<geo::StackTile> band = spare_.take();
    stack_.read(wanted, *band);
    to_model_units(factors_, band->terrain);
    bands_.push_back(band);
  }
  return std::make_shared<const Strip>(lattice_row, bands_);
}

}  // namespace scarp::pipelines
