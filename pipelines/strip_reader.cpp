// SPDX-License-Identifier: Apache-2.0
#include "pipelines/strip_reader.h"

#include "pipelines/stack_copy.h"
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

geo::Window StripReader::strip_window(std::int64_t lattice_row) const {
  return geo::enclosing(plan_.tile(lattice_row, lattice_.col).window,
                        plan_.tile(lattice_row, lattice_.col_end() - 1).window);
}

std::shared_ptr<const Strip> StripReader::next() {
  auto strip = std::make_shared<Strip>();
  strip->lattice_row = next_++;
  geo::Window wanted = strip_window(strip->lattice_row);
  resize_stack_tile(stack_.options(), wanted, strip->pixels);
  if (previous_) {
    const geo::Window kept = geo::intersection(wanted, previous_->pixels.window);
    copy_stack_part(previous_->pixels, strip->pixels, kept);
    if (!kept.empty()) wanted = {kept.row_end(), wanted.col, wanted.row_end() - kept.row_end(), wanted.cols};
  }
  stack_.read(wanted, fresh_);
  to_model_units(factors_, fresh_.terrain);
  copy_stack_part(fresh_, strip->pixels, wanted);
  previous_ = strip;
  return strip;
}

}  // namespace scarp::pipelines
