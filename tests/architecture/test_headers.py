# SPDX-License-Identifier: Apache-2.0
"""Every header compiles alone. Headers of LibTorch modules are slow to read: they are compiled in the full check (SCARP_SLOW=1)."""
import os
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SYSTEM = ["-isystem", "/usr/include/gdal", "-isystem", "/usr/include/opencv4"]


def headers():
    slow = bool(os.environ.get("SCARP_SLOW"))
    for room in ["geo", "nn", "datasets", "pipelines"]:
        for path in sorted((ROOT / room).rglob("*.h")):
            text = path.read_text()
            needs_torch = any(f"#include <{p}" in text for p in ("torch/", "ATen/", "c10/")) or "nn/torch/" in text
            internal = path.relative_to(ROOT).parts[0] == "nn" and len(path.relative_to(ROOT).parts) > 2
            if not (needs_torch or internal) or slow:
                yield path


@pytest.mark.skipif(shutil.which("g++") is None, reason="no g++ here")
def test_every_header_compiles_alone(tmp_path):
    failures = []
    for header in headers():
        source = tmp_path / "alone.cpp"
        source.write_text(f'#include "{header.relative_to(ROOT)}"\n')
        torch = os.environ.get("LIBTORCH_ROOT", "")
        extra = ["-idirafter", torch + "/include", "-idirafter", torch + "/include/torch/csrc/api/include"] if torch else []
        result = subprocess.run(["g++", "-std=c++20", "-fsyntax-only", f"-I{ROOT}", *SYSTEM, *extra, str(source)],
                                capture_output=True, text=True)
        if result.returncode:
            failures.append(f"{header}: {result.stderr[:400]}")
    assert not failures, "\n".join(failures)
