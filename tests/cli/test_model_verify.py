# SPDX-License-Identifier: Apache-2.0
"""scarp model verify on golden files, and on one with a weight that was moved."""
import json
import os
import pathlib
import struct

import pytest

from conftest import scarp

GOLDEN = pathlib.Path(os.environ.get("SCARP_GOLDEN_DIR", "../shared/golden"))
pytestmark = pytest.mark.skipif(not GOLDEN.exists() and os.environ.get("CI") != "true", reason="no golden vectors")


def verify(*paths, code=0):
    return json.loads(scarp("model", "verify", *paths, code=code).stdout)


def test_a_golden_file_is_met_and_every_result_is_listed():
    report = verify(GOLDEN / "block" / "d64_h4_l17.safetensors")
    assert report["passed"]
    names = {tensor["name"] for tensor in report["files"][0]["tensors"]}
    assert {"out/y", "out64/y", "grad/x", "grad/attn.qkv.weight"} <= names


def test_weights_and_their_inputs_are_paired():
    folder = GOLDEN / "hf" / "vitmsn_eps6"
    report = verify(folder / "model.safetensors", folder / "io.safetensors")
    assert [file["kind"] for file in report["files"]] == ["hf", "hf"]


def test_a_moved_weight_fails(tmp_path):
    source = (GOLDEN / "block" / "d64_h4_l17.safetensors").read_bytes()
    length = struct.unpack("<Q", source[:8])[0]
    begin = 8 + length + json.loads(source[8:8 + length])["weights/mlp.fc2.bias"]["data_offsets"][0]
    moved = tmp_path / "moved.safetensors"
    moved.write_bytes(source[:begin] + struct.pack("<f", 0.5) + source[begin + 4:])
    assert not verify(moved, code=3)["passed"]


def test_an_unknown_kind_fails_and_says_so():
    file = verify(GOLDEN / "checkpoints" / "edge" / "names.safetensors", code=3)["files"][0]
    assert file["kind"] is None and "no kind" in file["problem"]
