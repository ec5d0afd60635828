// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "geo/raster_source.h"

namespace scarp::geo {

/// A raster at a whole fraction of its resolution: pixel (r, c) is the mean of the valid ones among the
/// factor x factor pixels that begin at (r factor, c factor), and valid if at least half of them are. Cells
/// at the right and lower edge hold what is left. Anchored at the raster's origin: what a pixel holds does
/// not depend on the window that is read.
std::unique_ptr<RasterSource> make_averaged_source(std::unique_ptr<RasterSource> source, int factor);

}  // namespace scarp::geo
