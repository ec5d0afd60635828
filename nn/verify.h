// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

namespace scarp::nn {

/// One output, loss or gradient of a golden file against what is computed here from its weights and inputs.
struct VerifiedTensor {
  std::string name;     ///< as in the file
  std::string measure;  ///< "forward", "loss", "gradient", "trajectory", "optimiser", "exact"
  double error = 0;     ///< in single precision: largest difference; of losses relative above 1, of gradients
                        ///< relative to the tensor's largest entry; infinite where the shapes differ or a
                        ///< number is not one
  double error_double = 0;  ///< the same computed in double precision
  double tolerance = 0;     ///< of both; in single precision more where the reference itself errs more
  bool passed = false;
};

struct VerifiedFile {
  std::string path;
  std::string kind;     ///< "mae", "hpm", "msn", ...; empty: unknown
  std::string problem;  ///< why it could not be computed or compared; empty: it could
  std::vector<VerifiedTensor> tensors;
  std::vector<std::string> left_out;  ///< results that this kind has and the file has not
  bool passed =
      false;  ///< the kind is known, every result of the file was compared, none is above its tolerance
};

/// Reads golden files (safetensors with weights, inputs and results), computes, compares. The kind of a file
/// is told from its tensors and its `config`, never from its path. A file of weights alone (Hugging Face,
/// timm, native names) is computed with the inputs of every file among `paths` that fits it, or where there
/// is none, of the files in its folder; the best fit counts.
/// @param paths  at least one
/// @return one entry a path, in order; files that cannot be read are entries with a problem
std::vector<VerifiedFile> verify_files(std::span<const std::string> paths);

/// The entries as one JSON document: {"passed": ..., "files": [...]}. Infinite errors are the string
/// "infinite".
std::string verification_json(std::span<const VerifiedFile> files);

}  // namespace scarp::nn
