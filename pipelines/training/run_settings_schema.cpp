// SPDX-License-Identifier: Apache-2.0
#include "pipelines/training/run_settings_schema.h"

#include "pipelines/training/run_settings_table.h"

namespace scarp::pipelines {

std::string run_settings_schema() {
  RunSettings defaults;
  return schema_of(bound(run_settings_keys(), defaults), "Scarp run file", {"scenes"});
}

}  // namespace scarp::pipelines
