#!/bin/sh
# fetch_libtorch.sh PREFIX [cpu|cuda]   Unpacks the PyTorch wheel as a C++ SDK: PREFIX/torch/{include,lib,version.py} and
# PREFIX/nvidia/... Needs python3 with pip; the interpreter's version need not match the wheel's. A complete PREFIX is left as it is.
set -eu
PREFIX=$1
KIND=${2:-cpu}
HERE=$(cd "$(dirname "$0")" && pwd)
STAMP="$PREFIX/complete-$KIND"
[ ! -f "$STAMP" ] || exit 0
echo "Fetching LibTorch 2.11.0 ($KIND) into $PREFIX"
TMP=$(mktemp -d)
trap 'rm -rf "$TMP"' EXIT
get() { python3 -m pip download -q --no-deps --only-binary=:all: --disable-pip-version-check -d "$TMP" "$@"; }
# cp311 is arbitrary: only the C++ part is used. Platform flags for torch only: the nvidia wheels are py3-none.
get --python-version 3.11 --platform manylinux_2_28_x86_64 torch==2.11.0
if [ "$KIND" = cpu ]; then
  get nvidia-cuda-runtime==13.0.96 nvidia-cuda-cupti==13.0.85
else
  get -r "$HERE/nvidia-wheels.txt"
fi
python3 - "$TMP" "$PREFIX" "$KIND" <<'PY'
import fnmatch, pathlib, sys, zipfile
tmp, prefix, kind = sys.argv[1:]
keep = ["torch/include/*", "torch/version.py", "*.dist-info/licenses/*", "*.dist-info/METADATA"]
if kind == "cpu":
    keep += ["torch/lib/lib%s" % n for n in ("c10.so", "torch_cpu.so", "gomp.so.1")]
    keep += ["nvidia/cu13/lib/libcudart.so.13", "nvidia/cu13/lib/libcupti.so.13"]
else:
    keep += ["torch/lib/*.so*", "nvidia/*"]
drop = ["torch/lib/libtorch_python.so", "torch/lib/libshm.so"]
for wheel in pathlib.Path(tmp).glob("*.whl"):
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if any(fnmatch.fnmatch(name, k) for k in keep) and name not in drop:
                archive.extract(name, prefix)
PY
touch "$STAMP"
