// SPDX-License-Identifier: Apache-2.0
#include <mutex>

#include <cpl_conv.h>
#include <cpl_error.h>
#include <gdal.h>

#include "geo/error.h"
#include "geo/gdal_messages.h"
#include "geo/raster_source_gdal.h"

namespace scarp::geo {

struct GdalMessages::Handler {
  static void CPL_STDCALL keep(CPLErr level, CPLErrorNum, const char* text) {
    auto* messages = static_cast<GdalMessages*>(CPLGetErrorHandlerUserData());
    if (level < CE_Failure || messages == nullptr) return;
    if (!messages->failed_) messages->first_error_ = text;
    messages->failed_ = true;
  }
};

GdalMessages::GdalMessages() {
  CPLPushErrorHandlerEx(&Handler::keep, this);
}
GdalMessages::~GdalMessages() {
  CPLPopErrorHandler();
}

std::string GdalMessages::as_reason() const {
  return first_error_.empty() ? "" : " (" + first_error_ + ")";
}

void ensure_gdal() {
  static std::once_flag once;
  std::call_once(once, [] {
    CPLSetErrorHandler(CPLQuietErrorHandler);
    // Code inside a VRT file would run with the user's rights.
    CPLSetConfigOption("GDAL_VRT_ENABLE_PYTHON", "NO");
    CPLSetConfigOption("CPL_DEBUG", "OFF");
    // Threads are ours: GDAL's own would compete with the pipeline's workers.
    CPLSetConfigOption("GDAL_NUM_THREADS", nullptr);
    constexpr GIntBig kBlockCacheBytes = 256LL << 20;
    if (CPLGetConfigOption("GDAL_CACHEMAX", nullptr) == nullptr) GDALSetCacheMax64(kBlockCacheBytes);
    GDALAllRegister();
  });
}

void set_up_gdal() {
  ensure_gdal();
}

void set_gdal_option(const std::string& key, const std::string& value) {
  ensure_gdal();
  if (key == "GDAL_VRT_ENABLE_PYTHON") {
    throw Error(Fault::bad_argument,
                "GDAL_VRT_ENABLE_PYTHON cannot be changed: code inside rasters is never run");
  }
  CPLSetConfigOption(key.c_str(), value.c_str());
}

std::string gdal_version() {
  return GDALVersionInfo("RELEASE_NAME");
}

}  // namespace scarp::geo
