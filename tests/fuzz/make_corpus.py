#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of the fuzzers: small sound files of every kind, made from the formats' descriptions. make_corpus.py FOLDER"""
import io
import json
import pathlib
import struct
import sys
import zipfile

OUT = pathlib.Path(sys.argv[1])


def put(target, name, content):
    folder = OUT / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def safetensors(header, data=b""):
    text = header if isinstance(header, str) else json.dumps(header, separators=(",", ":"))
    return struct.pack("<Q", len(text.encode())) + text.encode() + data


def entry(dtype, shape, begin, end):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


# --- pickles, opcode by opcode -------------------------------------------------------------------------------------------
def text(value):
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def number(value):
    return b"K" + bytes([value]) if 0 <= value < 256 else b"J" + struct.pack("<i", value)


def numbers(values):
    return b"(" + b"".join(number(v) for v in values) + b"t"


EMPTY = b"ccollections\nOrderedDict\n)R"


def tensor(key, storage, count, offset, shape, stride, view=None):
    tail = b"" if view is None else (b"N" if view == () else b"(" + text(view[0]) + number(view[1]) + number(view[2]) + b"t")
    return (b"ctorch._utils\n_rebuild_tensor_v2\n((" + text("storage") + b"ctorch\n" + storage.encode() + b"\n" + text(key)
            + text("cpu") + number(count) + tail + b"tQ" + number(offset) + numbers(shape) + numbers(stride) + b"\x89" + EMPTY
            + b"tR")


def pickle(body, protocol=2):
    return b"\x80" + bytes([protocol]) + body + b"."


def state_dict(legacy=False):
    view = () if legacy else None
    return pickle(EMPTY + b"q\x00(" + text("w") + tensor("0", "FloatStorage", 4, 0, [2, 2], [2, 1], view)
                  + text("b") + tensor("0", "FloatStorage", 4, 2, [2], [1], view)
                  + text("n") + tensor("1", "LongStorage", 1, 0, [], [], view) + b"u}" + text("_metadata") + b"}sb")


W = struct.pack("<4f", 1, 2, 3, 4)
N = struct.pack("<q", 7)


def archive(records, method=zipfile.ZIP_STORED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as file:
        for name, content in records.items():
            info = zipfile.ZipInfo("archive/" + name, (1980, 1, 1, 0, 0, 0))
            info.compress_type = method
            file.writestr(info, content)
    return buffer.getvalue()


RECORDS = {"data.pkl": state_dict(), "byteorder": b"little", "data/0": W, "data/1": N, "version": b"3\n"}
MAGIC = pickle(b"\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19")
LEGACY = (MAGIC + pickle(b"M\xe9\x03") + pickle(b"}(" + text("little_endian") + b"\x88u") + state_dict(legacy=True)
          + pickle(b"](" + text("0") + text("1") + b"e") + struct.pack("<q", 4) + W + struct.pack("<q", 1) + N)

put("safetensors", "two", safetensors({"a": entry("F32", [2], 0, 8), "__metadata__": {"k": "v"}, "b": entry("F16", [], 8, 10)},
                                      b"\0" * 10))
put("safetensors", "empty", safetensors({}))
put("safetensors", "types", safetensors({t: entry(t, [0, 3], 0, 0) for t in ["BOOL", "U8", "BF16", "F64", "I64", "F8_E5M2"]}))
put("safetensors", "vit", safetensors({
    "embeddings.cls_token": entry("F32", [1, 1, 1], 0, 4), "embeddings.patch_embeddings.projection.weight": entry("F32", [1, 1, 1, 1], 4, 8),
    "encoder.layer.0.attention.attention.query.weight": entry("F32", [1, 1], 8, 12),
    "encoder.layer.0.layernorm_before.weight": entry("F32", [1], 12, 16)}, b"\0" * 16))
put("safetensors", "escapes", safetensors('{"\\u00e9\\n":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}} ', b"x"))

put("torch_file", "zip", archive(RECORDS))
put("torch_file", "zip_deflated", archive(RECORDS, zipfile.ZIP_DEFLATED))
put("torch_file", "zip_big", archive({**RECORDS, "byteorder": b"big"}))
put("torch_file", "legacy", LEGACY)

put("pickle", "state_dict", state_dict())
put("pickle", "legacy", state_dict(legacy=True))
put("pickle", "view", pickle(b"}" + text("v") + tensor("0", "FloatStorage", 4, 0, [2], [1], ("1", 1, 3)) + b"s"))
put("pickle", "run", pickle(b"}(" + text("epoch") + number(3) + text("args") + b"cargparse\nNamespace\n)\x81}" + text("lr") + b"G"
                            + struct.pack(">d", 0.1) + b"sb" + text("model") + state_dict()[2:-1] + b"u"))
put("pickle", "protocol4", b"\x80\x04\x95" + struct.pack("<Q", 20) + b"}\x94\x8c\x01a\x94]\x94(K\x01K\x02e\x85\x94s0}\x94.")
put("pickle", "protocol0", b"(dp0\nS'a'\np1\n(lp2\nI1\naL2L\naF0.5\nas.")
put("pickle", "typed", pickle(b"ctorch._utils\n_rebuild_tensor_v3\n((" + text("storage") + b"ctorch\nUntypedStorage\n" + text("0")
                              + text("cpu") + number(8) + b"tQ" + number(0) + numbers([2]) + numbers([1]) + b"\x89" + EMPTY
                              + b"ctorch\nuint32\ntR"))
put("pickle", "parameter", pickle(b"ctorch._utils\n_rebuild_parameter\n(" + tensor("0", "HalfStorage", 1, 0, [1], [1]) + b"\x88"
                                  + EMPTY + b"tR"))
put("pickle", "sets", pickle(b"c__builtin__\nset\n](K\x01e\x85R\x8f(K\x02\x90(K\x03\x91\x87"))

CARD = {"format": 1, "name": "m", "description": "d", "licence": "Apache-2.0", "scarp_version": "0.1.0",
        "network": {"encoder": "resnet18", "width": 0.5, "fusion_strides": [2, 4], "attention_reduction": 32, "input_stride": 1,
                    "dropout": 0.1},
        "optical": [{"name": "red", "unit": "1", "mean": 0.5, "deviation": 1}], "terrain": [], "terrain_unit": "metres",
        "classes": [{"id": 0, "name": "background", "colour": [0, 0, 0]}, {"id": 1, "name": "landslide", "colour": [255, 0, 0]}],
        "gsd_m": {"min": 1, "max": 10}, "tile_px": 64, "overlap_px": 16, "temperature": 1, "training": {"epochs": 2}}
put("model_card", "short", json.dumps(CARD))
put("model_card", "object", "{}")

BACKBONE = {"name": "b", "description": "d", "licence": "MIT", "scarp_version": "0.1.0", "method": "mae", "width": 16, "depth": 2, "heads": 2,
            "patch": 8, "side_px": 32, "learned_positions": False, "ground_ratio": 1.5, "grouped": True,
            "optical": [{"name": "red", "unit": "1", "mean": 0.5, "deviation": 1}],
            "terrain": [{"name": "slope", "unit": "degree", "mean": 5, "deviation": 2.5}], "terrain_unit": "pixels", "gsd_min_m": 1,
            "gsd_max_m": 10, "training": {"steps": 3}}
put("backbone_card", "grouped", json.dumps(BACKBONE))
put("backbone_card", "pictures", json.dumps({**BACKBONE, "method": "msn", "grouped": False, "terrain": [], "terrain_unit": "metres",
                                             "learned_positions": True, "gsd_min_m": 0, "gsd_max_m": 0}))

put("run_file", "scenes", "name: a\nscenes:\n  - optical: o.tif\n    dem: d.tif\n    labels: l.gpkg\nbands: [red, green, blue]\n")
put("run_file", "training", "training: {epochs: 2, batch: 4, learning_rate: 1.0e-3}\nnetwork: {encoder: resnet18, width: 0.5}\n")
put("run_file", "anchors", "a: &x [1, 2]\nb: *x\n? {c: d}\n: |\n  text\n")
put("run_file", "empty", "")
