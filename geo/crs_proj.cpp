// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include <cpl_conv.h>
#include <ogr_spatialref.h>
#include <proj.h>

#include "geo/crs.h"
#include "geo/error.h"
#include "geo/gdal_messages.h"
#include "geo/geodesic.h"
#include "geo/raster_source_gdal.h"

namespace scarp::geo {
namespace {

struct CplFree {
  void operator()(char* text) const { CPLFree(text); }
};

OGRSpatialReference reference_of(const std::string& wkt) {
  OGRSpatialReference reference;
  reference.SetAxisMappingStrategy(OAMS_TRADITIONAL_GIS_ORDER);
  if (!wkt.empty()) reference.importFromWkt(wkt.c_str());
  return reference;
}

std::string wkt_of(const OGRSpatialReference& reference) {
  char* text = nullptr;
  const char* const options[] = {"FORMAT=WKT2_2019", nullptr};
  const OGRErr status = reference.exportToWkt(&text, options);
  const std::unique_ptr<char, CplFree> owned(text);
  return status == OGRERR_NONE && text != nullptr ? text : "";
}

std::string shortened(const std::string& text) {
  constexpr std::size_t kLongest = 120;
  return text.size() <= kLongest ? text : text.substr(0, kLongest) + "...";
}

struct CrsFacts {
  std::string wkt;
  bool geographic = false;
  double metres_per_unit = 1;
  Ellipsoid ellipsoid;
};

/// They are asked for object by object, mostly of one CRS: each thread keeps those of the last text, whose
/// reading takes microseconds.
const CrsFacts& facts_of(const std::string& wkt) {
  thread_local CrsFacts last;
  if (last.wkt != wkt) {
    const OGRSpatialReference reference = reference_of(wkt);
    const bool geographic = reference.IsGeographic() != 0;
    last = {wkt,
            geographic,
            geographic ? 1 : reference.GetLinearUnits(),
            {reference.GetSemiMajor(), reference.GetInvFlattening()}};
  }
  return last;
}

}  // namespace

Crs Crs::from_user_input(const std::string& text) {
  ensure_gdal();
  const GdalMessages messages;
  OGRSpatialReference reference;
  const OGRErr status =
      text.empty()
          ? OGRERR_CORRUPT_DATA
          : reference.SetFromUserInput(text.c_str(), OGRSpatialReference::SET_FROM_USER_INPUT_LIMITATIONS);
  Crs crs;
  if (status == OGRERR_NONE) crs.wkt_ = wkt_of(reference);
  if (!crs.known()) {
    throw Error(Fault::bad_argument,
                "\"" + shortened(text) + "\" is not a coordinate reference system that PROJ knows" +
                    messages.as_reason() +
                    "; give an authority code such as EPSG:32632, WKT, or a PROJ string");
  }
  return crs;
}

std::string Crs::name() const {
  if (!known()) return "unknown CRS";
  const OGRSpatialReference reference = reference_of(wkt_);
  const char* name = reference.GetName();
  return name != nullptr ? name : "unnamed CRS";
}

std::string Crs::authority_code() const {
  if (!known()) return "";
  const OGRSpatialReference reference = reference_of(wkt_);
  const char* authority = reference.GetAuthorityName(nullptr);
  const char* code = reference.GetAuthorityCode(nullptr);
  return authority != nullptr && code != nullptr ? std::string(authority) + ":" + code : "";
}

bool Crs::geographic() const {
  return known() && facts_of(wkt_).geographic;
}

double Crs::metres_per_unit() const {
  return known() ? facts_of(wkt_).metres_per_unit : 1;
}

Ellipsoid Crs::ellipsoid() const {
  return known() ? facts_of(wkt_).ellipsoid : Ellipsoid{};
}

bool operator==(const Crs& a, const Crs& b) {
  if (a.wkt_ == b.wkt_) return true;
  if (!a.known() || !b.known()) return false;
  const GdalMessages messages;
  const OGRSpatialReference left = reference_of(a.wkt_);
  const OGRSpatialReference right = reference_of(b.wkt_);
  const char* const options[] = {"IGNORE_DATA_AXIS_TO_SRS_AXIS_MAPPING=YES",
                                 "CRITERION=EQUIVALENT_EXCEPT_AXIS_ORDER_GEOGCRS", nullptr};
  return left.IsSame(&right, options) != 0;
}

Crs geographic_base(const Crs& crs) {
  if (!crs.known()) {
    throw Error(Fault::missing_crs,
                "an unknown coordinate reference system has no ellipsoid to measure on; assign one");
  }
  const OGRSpatialReference reference = reference_of(crs.wkt());
  const std::unique_ptr<OGRSpatialReference> base(reference.CloneGeogCS());
  const std::string wkt = base ? wkt_of(*base) : "";
  if (wkt.empty()) {
    throw Error(Fault::missing_crs, crs.name() +
                                        " is not tied to an ellipsoid, so nothing can be measured in it; use "
                                        "a projected or geographic CRS");
  }
  return Crs::from_user_input(wkt);
}

struct MapTransform::Impl {
  struct Destroy {
    void operator()(OGRCoordinateTransformation* transformation) const {
      OGRCoordinateTransformation::DestroyCT(transformation);
    }
  };
  std::unique_ptr<OGRCoordinateTransformation, Destroy> transformation;  ///< null: identity
};

MapTransform::MapTransform(const Crs& from, const Crs& to) : impl_(std::make_unique<Impl>()) {
  if (!from.known() || !to.known()) {
    throw Error(Fault::missing_crs, "no way from " + from.name() + " to " + to.name() +
                                        ": both need a coordinate reference system; assign the missing one, "
                                        "e.g. with gdal_edit.py -a_srs");
  }
  if (from == to) return;
  ensure_gdal();
  const GdalMessages messages;
  const OGRSpatialReference source = reference_of(from.wkt());
  const OGRSpatialReference target = reference_of(to.wkt());
  impl_->transformation.reset(OGRCreateCoordinateTransformation(&source, &target));
  if (!impl_->transformation) {
    throw Error(Fault::no_overlap, "no way from " + from.name() + " to " + to.name() + messages.as_reason() +
                                       "; do both describe the same planet?");
  }
}

MapTransform::~MapTransform() = default;
MapTransform::MapTransform(MapTransform&&) noexcept = default;
MapTransform& MapTransform::operator=(MapTransform&&) noexcept = default;

MapTransform::MapTransform(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

MapTransform MapTransform::clone() const {
  auto copy = std::make_unique<Impl>();
  if (impl_->transformation) copy->transformation.reset(impl_->transformation->Clone());
  return MapTransform(std::move(copy));
}

bool MapTransform::identity() const {
  return !impl_->transformation;
}

void MapTransform::apply(std::span<double> x, std::span<double> y) const {
  if (x.size() != y.size()) throw Error(Fault::bad_argument, "x and y of map points differ in number");
  if (identity()) return;
  const GdalMessages messages;
  constexpr std::size_t kAtOnce = 1 << 20;
  std::vector<int> success;
  for (std::size_t begin = 0; begin < x.size(); begin += kAtOnce) {
    const std::size_t count = std::min(kAtOnce, x.size() - begin);
    success.assign(count, 0);
    impl_->transformation->Transform(static_cast<int>(count), x.data() + begin, y.data() + begin, nullptr,
                                     success.data());
    for (std::size_t i = 0; i < count; ++i) {
      if (success[i] != 0 && std::isfinite(x[begin + i]) && std::isfinite(y[begin + i])) continue;
      x[begin + i] = y[begin + i] = std::numeric_limits<double>::quiet_NaN();
    }
  }
}

std::string proj_version() {
  const PJ_INFO info = proj_info();
  return info.version;
}

}  // namespace scarp::geo
