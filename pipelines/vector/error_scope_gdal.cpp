// SPDX-License-Identifier: Apache-2.0
#include "pipelines/vector/error_scope_gdal.h"

#include <cpl_error.h>

namespace scarp::vector {
namespace {

void CPL_STDCALL keep_gdal_error(CPLErr level, CPLErrorNum, const char* message) {
  if (level != CE_Failure && level != CE_Fatal) return;
  static_cast<GdalErrorScope*>(CPLGetErrorHandlerUserData())->keep(message);
}

}  // namespace

GdalErrorScope::GdalErrorScope() {
  CPLErrorReset();
  CPLPushErrorHandlerEx(keep_gdal_error, this);
}

GdalErrorScope::~GdalErrorScope() {
  CPLPopErrorHandler();
}

void GdalErrorScope::keep(const char* message) {
  if (first_.empty()) first_ = message;
}

}  // namespace scarp::vector
