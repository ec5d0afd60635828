// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "pipelines/events.h"
#include "pipelines/training/run_settings.h"

namespace scarp::pipelines {

/// Deals the labelled blocks of every scene of use `split` to folds and writes the folds file that the key
/// validation.folds names.
/// @param folds  2 or more
/// @throws Error (already_exists, unwritable), datasets::Error
void make_folds(const RunSettings& settings,
                int folds,
                const std::string& file,
                bool overwrite,
                Events& events);

}  // namespace scarp::pipelines
