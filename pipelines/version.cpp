// SPDX-License-Identifier: Apache-2.0
#include "pipelines/version.h"

namespace scarp::pipelines {

std::string version() {
  return SCARP_VERSION;
}

}  // namespace scarp::pipelines
