// SPDX-License-Identifier: Apache-2.0
#include <optional>
#include <span>
#include <vector>

#include "pipelines/vector/feature_spool.h"
#include "pipelines/vector/flatgeobuf_feature.h"
#include "pipelines/vector/flatgeobuf_header.h"
#include "pipelines/vector/flatgeobuf_index.h"
#include "pipelines/vector/packed_feature.h"
#include "pipelines/vector/partial_file.h"
#include "pipelines/vector/vector_writer.h"
#include "pipelines/vector/writer_checks.h"

namespace scarp::vector {
namespace {

/// Features in memory; more of them lie in a file beside the output until its index is known.
constexpr std::size_t kSpoolBytes = std::size_t{128} << 20;

class FlatGeobufWriter final : public VectorWriter {
 public:
  FlatGeobufWriter(const std::string& path, const geo::Crs& crs, const VectorWriterOptions& options)
      : target_(path),
        options_(cleaned(options)),
        file_(path, options.overwrite),
        output_(std::in_place, file_.path(), path),
        spool_(std::in_place, file_.path() + ".spool", path, options.memory_bytes.value_or(kSpoolBytes)) {
    header_.layer = options_.layer;
    header_.crs = crs;
    header_.provenance = options_.provenance;
    if (options_.several_parts) header_.geometry = FlatGeobufGeometry::multipolygon;
  }

  using VectorWriter::add;
  void add(const ShapeView& shape, const ObjectAttributes& attributes) override {
    require_open(output_.has_value(), target_);
    require_parts(shape, options_.several_parts, target_);
    fields_.clear();
    put_flatgeobuf_fields(fields_, values_, attributes);
    packed_.clear();
    pack_feature(packed_, shape, fields_.bytes());
    spool_->add(packed_.bytes());
    const Bounds bounds = bounds_of(shape.points);
    if (features_.size() == 0) header_.extent = bounds;
    header_.extent.include(bounds);
    features_.add(bounds, packed_.size());
  }

  void finish() override {
    require_open(output_.has_value(), target_);
    const std::vector<std::uint32_t> order = hilbert_order(features_, header_.extent);
    header_.features = features_.size();
    if (header_.features > 0) header_.node_size = kFlatGeobufNodeSize;
    ByteBuffer header;
    put_flatgeobuf_header(header, header_);
    output_->write_at(0, header.bytes());
    const std::uint64_t index = header.size();
    if (header_.features > 0) {
      const std::vector<std::uint32_t> sizes =
          write_features(order, index + flatgeobuf_index_bytes(header_.features));
      FileTail tail(*output_, index);
      write_flatgeobuf_index(tail, features_, order, sizes);
      tail.flush();
    }
    spool_.reset();
    output_->close();
    output_.reset();
    file_.publish();
  }

  std::int64_t count() const override { return static_cast<std::int64_t>(features_.size()); }

 private:
  /// @return their sizes in this order
  std::vector<std::uint32_t> write_features(std::span<const std::uint32_t> order, std::uint64_t place) {
    std::vector<std::uint32_t> sizes;
    sizes.reserve(order.size());
    FileTail tail(*output_, place);
    UnpackedFeature feature;
    ByteBuffer bytes;
    spool_->take_in_order(features_, order, [&](std::span<const std::uint8_t> packed) {
      feature.unpack(packed);
      put_flatgeobuf_feature(bytes, feature.shape(), options_.several_parts, feature.fields());
      tail.put(bytes.bytes());
      sizes.push_back(static_cast<std::uint32_t>(bytes.size()));
    });
    tail.flush();
    return sizes;
  }

  std::string target_;
  VectorWriterOptions options_;
  PartialFile file_;                 ///< before what is written into its folder
  std::optional<PlainFile> output_;  ///< empty once finished
  std::optional<FeatureSpool> spool_;
  FlatGeobufHeader header_;
  FeaturePlaces features_;
  AttributeValues values_;
  ByteBuffer fields_;
  ByteBuffer packed_;
};

}  // namespace

std::unique_ptr<VectorWriter> make_flatgeobuf_writer(const std::string& path,
                                                     const geo::Crs& crs,
                                                     const VectorWriterOptions& options) {
  return std::make_unique<FlatGeobufWriter>(path, crs, options);
}

}  // namespace scarp::vector
