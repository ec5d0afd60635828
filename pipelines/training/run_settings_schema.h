// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace scarp::pipelines {

/// A JSON schema (draft 2020-12) of run files, made from the one table of their keys: types, choices,
/// defaults and meanings; no other key is allowed. Editors that know YAML complete and check a run file with
/// it.
std::string run_settings_schema();

}  // namespace scarp::pipelines
