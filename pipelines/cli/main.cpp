// SPDX-License-Identifier: Apache-2.0
#include <climits>
#include <malloc.h>

#include "nn/device.h"
#include "pipelines/cli/program.h"

int main(int argc, char** argv) {
#ifdef SCARP_WITH_NN
  scarp::nn::load_accelerators();
#endif
  // The same large planes are taken and given back for every tile: without this each is mapped and cleared
  // anew by the system.
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, INT_MAX);
  return scarp::cli::run_program(argc, argv);
}
