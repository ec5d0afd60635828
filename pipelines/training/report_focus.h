// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "nn/focus.h"
#include "pipelines/pages/report_html.h"

namespace scarp::pipelines {

/// The section of a training's report on where its network looks: a table of shares and pictures of the maps.
/// Nothing without shares.
void add_focus(HtmlReport& report, const nn::Focus& focus);

/// {"samples", "ground": {"outline", "walls"}, "maps": [{"name", "outline", "walls"}]}
nlohmann::ordered_json focus_json(const nn::Focus& focus);

}  // namespace scarp::pipelines
