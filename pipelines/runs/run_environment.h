// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "pipelines/runs/input_hashes_gdal.h"

namespace scarp::pipelines {

/// What a run knows of itself.
struct RunFacts {
  std::string torch;      ///< version of LibTorch; empty: the run had no network
  std::string device;     ///< "cpu", "cuda:0"
  std::string precision;  ///< "fp32", "bf16"
  int threads = 1;        ///< of the network
};

/// Everything outside the run file on which the numbers of a run may depend, as one JSON object: versions of
/// the program, its compiler and its libraries; the processor and its instruction sets; device, precision,
/// threads; what every input held. No name of a user or of a machine.
/// @param seconds  wall time of the start, since 1970; written as UTC
std::string environment_json(const RunFacts& facts, std::span<const FileHash> inputs, double seconds);

/// Writes it. @throws Error (unwritable), geo::Error (already_exists) unless `overwrite`
void write_environment(const std::string& path,
                       const RunFacts& facts,
                       std::span<const FileHash> inputs,
                       double seconds,
                       bool overwrite);

}  // namespace scarp::pipelines
