// SPDX-License-Identifier: Apache-2.0
#include "pipelines/vector/error_scope_gdal.h"

#include <utility>

#include <cpl_error.h>

namespace scarp::vector {
namespace {

void CPL_STDCALL keep_gdal_error(CPLErr level, CPLErrorNum, const char* message) {
  if (level != CE_Failure && level != CE_Fatal) return;
  static_cast<GdalErrorScope*>(CPLGetErrorHandlerUserData())->keep(message);
}

}  // namespace

GdalErrorScope::GdalErrorScope(std::function<bool()> no_room) : no_room_(std::move(no_room)) {
  CPLErrorReset();
  CPLPushErrorHandlerEx(keep_gdal_error, this);
}

GdalErrorScope::~GdalErrorScope() {
  CPLPopErrorHandler();
}

void GdalErrorScope::keep(const char* message) {
  if (!first_.empty()) return;
  first_ = message;
  found_no_room_ = no_room_ && no_room_();
}

}  // namespace scarp::vector
