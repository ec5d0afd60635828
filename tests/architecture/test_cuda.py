# SPDX-License-Identifier: Apache-2.0
"""The kernels compile, and their library opens and answers on a machine without a GPU. What they compute is tested on the processor
(tests/nn/ring_contrast_test.cpp); on a GPU by the same file, where there is one."""
import ctypes
import os
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
NVCC = shutil.which("nvcc") or shutil.which("/usr/local/cuda/bin/nvcc")


class Plugin(ctypes.Structure):
    """ScarpCudaPlugin of nn/cuda/plugin.h"""
    _fields_ = [("version", ctypes.c_int), ("ring_contrast", ctypes.CFUNCTYPE(ctypes.c_char_p, ctypes.c_void_p, ctypes.c_void_p))]


def built(folder, **environment):
    return subprocess.run([ROOT / "setup" / "build_cuda.sh", folder], capture_output=True, text=True,
                          env={**os.environ, **environment})


@pytest.mark.skipif(not NVCC and os.environ.get("CI") != "true", reason="there is no nvcc")
def test_the_library_opens_without_a_gpu(tmp_path):
    run = built(tmp_path)
    assert run.returncode == 0, run.stderr
    library = ctypes.CDLL(str(tmp_path / "libscarp_cuda.so"))
    library.scarp_cuda_plugin.restype = ctypes.POINTER(Plugin)
    plugin = library.scarp_cuda_plugin().contents
    assert plugin.version == 1
    nothing = ctypes.create_string_buffer(112)  # a call with no anchor begins no work
    assert plugin.ring_contrast(ctypes.addressof(nothing), None) is None


def test_without_a_compiler_it_is_said_and_refused_where_ci_is_true(tmp_path):
    assert "are left out: there is no nvcc" in built(tmp_path, NVCC="", CI="").stdout
    assert built(tmp_path, NVCC="", CI="true").returncode != 0
    assert not list(tmp_path.iterdir())
