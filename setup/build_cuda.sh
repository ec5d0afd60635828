#!/bin/sh
# build_cuda.sh FOLDER   Compiles the kernels into FOLDER/libscarp_cuda.so, for GPUs of compute capability 8.0 and 9.0 (later ones
# compile them anew when they first run them). The program opens it where it lies beside it; without it the same is computed by LibTorch.
# Needs nvcc (CUDA Toolkit 12 or later; NVCC names one); without it says so and goes on, but fails where CI is true.
set -eu
FOLDER=$1
cd "$(dirname "$0")/.."
NVCC=${NVCC-$(command -v nvcc || ls /usr/local/cuda/bin/nvcc 2>/dev/null || true)}
if [ -z "$NVCC" ]; then
  echo "The CUDA kernels are left out: there is no nvcc on PATH or in /usr/local/cuda/bin"
  [ "${CI:-}" != true ] || exit 1
  exit 0
fi
mkdir -p "$FOLDER"
"$NVCC" -std=c++20 -O2 -I. -Werror all-warnings -gencode arch=compute_80,code=sm_80 -gencode arch=compute_90,code=sm_90 \
  -gencode arch=compute_90,code=compute_90 -Xcompiler -fPIC,-fvisibility=hidden,-Wall -shared \
  -o "$FOLDER/libscarp_cuda.so.new" nn/cuda/ring_contrast.cu
mv "$FOLDER/libscarp_cuda.so.new" "$FOLDER/libscarp_cuda.so"
echo "The CUDA kernels are $FOLDER/libscarp_cuda.so"
