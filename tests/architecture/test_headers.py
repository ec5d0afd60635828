# SPDX-License-Identifier: Apache-2.0
"""Every header compiles alone. Headers of LibTorch modules are slow to read: they are compiled in the full check (SCARP_SLOW=1)."""
import concurrent.futures
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


def complaint_of(header):
    torch = os.environ.get("LIBTORCH_ROOT", "")
    extra = ["-idirafter", torch + "/include", "-idirafter", torch + "/include/torch/csrc/api/include"] if torch else []
    command = ["g++", "-std=c++20", "-fsyntax-only", f"-I{ROOT}", *SYSTEM, *extra, "-x", "c++", "-"]
    result = subprocess.run(command, input=f'#include "{header.relative_to(ROOT)}"\n', capture_output=True, text=True)
    return f"{header}: {result.stderr[:400]}" if result.returncode else ""


@pytest.mark.skipif(shutil.which("g++") is None and os.environ.get("CI") != "true", reason="no g++ here: nothing could compile a header")
def test_every_header_compiles_alone():
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        complaints = [text for text in pool.map(complaint_of, headers()) if text]
    assert not complaints, "\n".join(complaints)
