# SPDX-License-Identifier: Apache-2.0
"""scarp model info against the file itself, read as any safetensors reader would."""
import json
import math
import pathlib
import struct

from conftest import MODEL, scarp


def header(path):
    with open(path, "rb") as file:
        return json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))


def test_the_card_tells_bands_classes_and_pixel_sizes():
    card = json.loads(scarp("model", "info", MODEL, "--json").stdout)
    assert card["name"] == MODEL and card["licence"]
    assert [channel["name"] for channel in card["optical"]] and card["terrain"]
    assert card["classes"][0]["id"] == 0 and len(card["classes"]) >= 2
    assert pathlib.Path(card["path"]).name == f"{MODEL}.safetensors"


def test_weights_are_counted_as_the_file_has_them():
    card = json.loads(scarp("model", "info", MODEL, "--json").stdout)
    counted = 0
    for name, tensor in header(card["path"]).items():
        if name != "__metadata__" and not name.endswith(("running_mean", "running_var", "num_batches_tracked")):
            counted += math.prod(tensor["shape"])
    assert card["parameters"] == counted


def test_a_path_is_as_good_as_a_name():
    card = json.loads(scarp("model", "info", MODEL, "--json").stdout)
    assert json.loads(scarp("model", "info", card["path"], "--json").stdout) == card


def test_the_text_names_the_same():
    text = scarp("model", "info", MODEL).stdout
    assert text.splitlines()[0] == MODEL and "pixel size" in text and "weights" in text


def test_a_sub_verb_is_needed():
    assert "info" in scarp("model", code=2).stderr or "subcommand" in scarp("model", code=2).stderr.lower()
