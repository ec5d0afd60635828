// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "pipelines/vector/error_scope_gdal.h"
#include "pipelines/vector/partial_file.h"
#include "pipelines/vector/vector_writer.h"

class GDALDataset;
class GDALDriver;
class OGRLayer;

namespace scarp::vector {

bool is_driver(GDALDriver& driver, const char* name);

/// For a dataset that is given up: what fails in closing it is of no interest, and must not be printed.
struct CloseQuietly {
  void operator()(GDALDataset* dataset) const;
};

/// A new file of one layer with the fields of kAttributeFields.
class NewLayer {
 public:
  /// @param target  the name that the file will have, for messages
  /// @param file    where it is made; outlives this
  /// @throws Error (bad_argument) for layer names, options and a CRS that the format cannot hold,
  /// (unwritable,
  ///         out_of_space)
  NewLayer(std::string target,
           const PartialFile& file,
           GDALDriver& driver,
           const geo::Crs& crs,
           const VectorWriterOptions& options);

  GDALDataset* dataset() const { return dataset_.get(); }
  OGRLayer* layer() const { return layer_; }  ///< null once closed
  /// @throws Error (unwritable, out_of_space) if something cannot be written
  void close();
  /// Collects errors of GDAL for `fail`.
  GdalErrorScope errors() const;
  /// @throws Error (unwritable, out_of_space) always: the file cannot be `what` ("written")
  [[noreturn]] void fail(const char* what, const GdalErrorScope& errors) const;

 private:
  std::string target_;
  const PartialFile& file_;
  GDALDriver& driver_;
  std::unique_ptr<GDALDataset, CloseQuietly> dataset_;
  OGRLayer* layer_ = nullptr;
};

}  // namespace scarp::vector
