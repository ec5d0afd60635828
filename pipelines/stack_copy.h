// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "geo/aligned_stack.h"

namespace scarp::pipelines {

/// Gives `tile` the window and room for all planes of a stack with these options.
void resize_stack_tile(const geo::StackOptions& options, const geo::Window& window, geo::StackTile& tile);

/// Copies the pixels of `part`, a window inside both tiles, plane by plane.
void copy_stack_part(const geo::StackTile& from, geo::StackTile& to, const geo::Window& part);

}  // namespace scarp::pipelines
