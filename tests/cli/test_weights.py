# SPDX-License-Identifier: Apache-2.0
"""scarp model info and convert on files of weights from elsewhere."""
import json
import os
import pathlib
import struct
import zipfile

import pytest
from conftest import scarp

GOLDEN = pathlib.Path(os.environ.get("SCARP_GOLDEN_DIR", "../shared/golden"))
golden = pytest.mark.skipif(not GOLDEN.exists() and os.environ.get("CI") != "true", reason="no golden vectors in SCARP_GOLDEN_DIR")


def safetensors(path, tensors):
    """One float a tensor: {name: shape of ones}."""
    header, data = {}, b""
    for name, value in tensors.items():
        header[name] = {"dtype": "F32", "shape": [1], "data_offsets": [len(data), len(data) + 4]}
        data += struct.pack("<f", value)
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return path


def tensor(name, storage, count, offset, size, stride):
    """The pickled key and value of a vector of floats in a storage of `count` elements."""
    def text(value):
        return b"X" + struct.pack("<I", len(value)) + value.encode()

    def number(value):
        return b"J" + struct.pack("<i", value)
    claim = b"(" + text("storage") + b"ctorch\nFloatStorage\n" + text(storage) + text("cpu") + number(count) + b"tQ"
    arguments = claim + number(offset) + b"(" + number(size) + b"t(" + number(stride) + b"t\x89ccollections\nOrderedDict\n)R"
    return text(name) + b"ctorch._utils\n_rebuild_tensor_v2\n(" + arguments + b"tR"


def torch_zip(path, tensors, storages, packed=(), before=b""):
    """An archive of torch.save; entries in `packed` are deflated. `before` is pickled first, and forgotten."""
    with zipfile.ZipFile(path, "w") as archive:
        entries = {"data.pkl": b"\x80\x02" + before + b"}(" + b"".join(tensors) + b"u.", "version": b"3\n",
                   **{f"data/{key}": data for key, data in storages.items()}}
        for name, data in entries.items():
            info = zipfile.ZipInfo("archive/" + name)
            info.compress_type = zipfile.ZIP_DEFLATED if name in packed else zipfile.ZIP_STORED
            archive.writestr(info, data)
    return path


def header(path):
    with open(path, "rb") as file:
        return json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))


@golden
def test_every_hostile_file_is_answered_with_one_sentence_and_code_3(tmp_path):
    entries = json.loads((GOLDEN / "checkpoints/hostile/manifest.json").read_text())["files"]
    for entry in entries:
        file = GOLDEN / "checkpoints/hostile" / entry["file"]
        reject = entry["expect"] == "reject"
        done = scarp("model", "info", file, code=3 if reject else 0)
        if not reject:
            continue
        lines = done.stderr.strip().splitlines()
        assert len(lines) == 1 and entry["file"] in lines[0], entry
        assert entry["kind"] in lines[0] or "unknown format" in lines[0] or "truncated" in lines[0], (entry, lines)
    assert not list(pathlib.Path().glob("PWNED")) and len(entries) == 202


@golden
def test_info_tells_kind_layout_and_shape_of_a_foreign_file():
    report = json.loads(scarp("model", "info", GOLDEN / "hf/vitmae_eps6/model.safetensors", "--json").stdout)
    assert (report["kind"], report["layout"], report["container"]) == ("mae", "hf-vitmae", "safetensors")
    assert report["vit"] == {"width": 64, "depth": 2, "patch": 4, "channels": 3, "positions": 17, "decoder_depth": 2}
    run = json.loads(scarp("model", "info", GOLDEN / "checkpoints/hpm_run.pth", "--json").stdout)
    assert (run["kind"], run["state_dict"], run["container"]) == ("hpm", "ema_state_dict", "PyTorch zip")
    msn = json.loads(scarp("model", "info", GOLDEN / "checkpoints/msn_released.pth.tar", "--json").stdout)
    assert (msn["kind"], msn["prefix"]) == ("msn", "module.")
    old = json.loads(scarp("model", "info", GOLDEN / "checkpoints/legacy_mae.pth", "--json").stdout)
    assert old["container"] == "PyTorch before 1.6" and len(old["tensors"]) == 18


def test_info_counts_values_that_are_not_finite(tmp_path):
    path = safetensors(tmp_path / "a.safetensors", {"w": float("nan"), "b": 1.0})
    assert json.loads(scarp("model", "info", path, "--json").stdout)["not_finite"] == {"w": 1}
    assert "1 values in \"w\"" in scarp("model", "info", path).stdout


def test_storages_that_tensors_share_by_turns_are_read_piece_by_piece(tmp_path):
    data = {key: struct.pack("<6f", *range(first, first + 6)) for key, first in (("a", 0), ("b", 10))}
    tensors = [tensor("norm.weight", "a", 6, 1, 2, 1), tensor("norm.bias", "b", 6, 0, 3, 2),
               tensor("blocks.0.norm1.weight", "a", 6, 5, 1, 9), tensor("blocks.0.norm1.bias", "b", 6, 2, 2, 0)]
    for packed in ((), ("data/a", "data/b")):
        file = torch_zip(tmp_path / "a.pt", tensors, data, packed)
        scarp("model", "convert", file, tmp_path / "b.safetensors", "--not-strict", "--overwrite")
        held, bytes_ = header(tmp_path / "b.safetensors"), (tmp_path / "b.safetensors").read_bytes()
        begin = 8 + struct.unpack("<Q", bytes_[:8])[0]
        values = {name: struct.unpack(f"<{entry['shape'][0]}f", bytes_[begin + entry["data_offsets"][0]:begin + entry["data_offsets"][1]])
                  for name, entry in held.items() if name != "__metadata__"}
        assert values == {"norm.weight": (1, 2), "norm.bias": (10, 12, 14), "blocks.0.norm1.weight": (5,), "blocks.0.norm1.bias": (12, 12)}


def test_a_storage_without_elements_may_be_packed(tmp_path):
    file = torch_zip(tmp_path / "a.pt", [tensor("w", "a", 1, 0, 1, 1), tensor("b", "b", 0, 0, 0, 1)],
                     {"a": struct.pack("<f", 2), "b": b""}, ("data/a", "data/b"))
    said = json.loads(scarp("model", "info", file, "--json").stdout)
    assert {entry["name"]: entry["shape"] for entry in said["tensors"]} == {"w": [1], "b": [0]}


@pytest.mark.parametrize("packed", [True, False])
def test_small_files_cannot_ask_for_much_reading(tmp_path, packed):
    million = 1 << 20
    if packed:  # two storages of 20 MiB, unpacked by turns
        tensors = [tensor(f"t{i}", "ab"[i % 2], 5 * million, 0, 1, 1) for i in range(8)]
        file = torch_zip(tmp_path / "a.pt", tensors, {"a": bytes(20 * million), "b": bytes(20 * million)}, ("data/a", "data/b"))
    else:  # two elements at both ends of 4 MiB
        tensors = [tensor(f"t{i}", "a", million, 0, 2, million - 1) for i in range(40)]
        file = torch_zip(tmp_path / "a.pt", tensors, {"a": bytes(4 * million)})
    assert "limit exceeded: its tensors take more than 16 times" in scarp("model", "info", file, code=3).stderr


def test_a_small_file_cannot_unpack_a_large_pickle(tmp_path):
    file = torch_zip(tmp_path / "a.pt", [tensor("w", "0", 1, 0, 1, 1)], {"0": bytes(4)}, ("data.pkl",), b"N0" * (3 << 20))
    assert "limit exceeded: a pickle that takes more than 16 times" in scarp("model", "info", file, code=3).stderr


def test_a_name_from_a_foreign_file_cannot_steer_the_terminal(tmp_path):
    path = safetensors(tmp_path / "a.safetensors", {"\x1b[31m": 1.0})
    assert "\x1b" not in scarp("model", "info", path).stdout


@golden
def test_convert_reports_and_writes_what_it_says(tmp_path):
    out = tmp_path / "out.safetensors"
    report = json.loads(scarp("model", "convert", GOLDEN / "hf/vitmae_eps6/model.safetensors", out, "--layout", "timm", "--channels",
                              "5", "--channel-init", "zero", "--grid", "6x8", "--dtype", "f16", "--json").stdout)
    tensors = header(out)
    assert sorted(report["loaded"]) == sorted(name for name in tensors if name != "__metadata__")
    assert tensors["patch_embed.proj.weight"] == {**tensors["patch_embed.proj.weight"], "shape": [64, 5, 4, 4], "dtype": "F16"}
    assert tensors["pos_embed"]["shape"] == [1, 49, 64]
    assert [change["tensor"] for change in report["resized"]] == ["patch_embed.proj.weight", "pos_embed"]
    assert "decoder_embed.weight" in report["dropped"] and "model.safetensors" in tensors["__metadata__"]["licence"]


@golden
def test_convert_does_not_replace_a_file_unasked(tmp_path):
    out = tmp_path / "out.pt"
    source = GOLDEN / "hf/vitmsn_native.safetensors"
    scarp("model", "convert", source, out)
    assert "--overwrite" in scarp("model", "convert", source, out, code=2).stderr
    scarp("model", "convert", source, out, "--overwrite", "--layout", "hf-vitmsn")
    assert json.loads(scarp("model", "info", out, "--json").stdout)["layout"] == "hf-vitmsn"


def test_convert_names_what_it_does_not_know(tmp_path):
    path = safetensors(tmp_path / "a.safetensors", {"something": 1.0})
    assert "something" in scarp("model", "convert", path, tmp_path / "b.pt", code=3).stderr
    assert not (tmp_path / "b.pt").exists()


def test_a_grid_is_rows_times_columns(tmp_path):
    path = safetensors(tmp_path / "a.safetensors", {"something": 1.0})
    assert "14x14" in scarp("model", "convert", path, tmp_path / "b.pt", "--grid", "7", code=2).stderr


@golden
def test_torch_reads_what_convert_writes(tmp_path):
    torch = pytest.importorskip("torch")
    out = tmp_path / "out.pt"
    scarp("model", "convert", GOLDEN / "hf/vitmae_native.safetensors", out)
    loaded = torch.load(out, weights_only=True)
    assert loaded["blocks.0.attn.qkv.weight"].shape == (192, 64)
