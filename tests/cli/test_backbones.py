# SPDX-License-Identifier: Apache-2.0
"""Pretrained backbones in the detector: pretrain, train, map and compare, a few steps of a tiny network on a synthetic scene."""
import json
import shutil
import signal
import subprocess

import pytest
from conftest import PROGRAM, refused, scarp

PRETRAIN = """
name: tiny-vit
scenes:
  - {{name: one, optical: {scene}/hrsi.tif, dem: {scene}/dem.tif}}
bands: []
terrain: [slope, relative_elevation_17]
network: {{backbone: vit-t8, width: 32, depth: 1, heads: 2}}
decoder: {{width: 16, depth: 1, heads: 2}}
windows: {{side: 32}}
training: {{epochs: 1, batch: 8, device: cpu, precision: fp32}}
"""
TRAIN = """
name: tiny
scenes:
  - {{name: one, optical: {scene}/hrsi.tif, dem: {scene}/dem.tif, labels: {scene}/labels.gpkg}}
terrain: [relative_elevation_17, slope]
network: {{width: 0.125}}
samples: {{side: 64, block: 64}}
tile: {{size: 64, overlap: 16}}
validation: {{share: 0.3, margin: 0}}
training: {{epochs: 1, batch: 2, device: cpu, precision: fp32}}
"""


@pytest.fixture(scope="module")
def place(scene, tmp_path_factory):
    folder = tmp_path_factory.mktemp("backbones")
    (folder / "vit.yaml").write_text(PRETRAIN.format(scene=scene))
    (folder / "run.yaml").write_text(TRAIN.format(scene=scene))
    scarp("pretrain", "mae", folder / "vit.yaml", "-o", folder / "vit", "-q")
    return folder


def test_the_model_alone_maps_and_says_what_it_was_made_of(place, scene, tmp_path):
    shutil.copytree(place / "vit", tmp_path / "vit")
    shutil.copy(place / "run.yaml", tmp_path)
    scarp("train", tmp_path / "run.yaml", "-o", tmp_path / "run", "-q",
          "--set", "network.terrain_backbone=vit/backbone.safetensors")
    shutil.rmtree(tmp_path / "vit")
    model = tmp_path / "run" / "model.safetensors"
    assert "terrain: tiny-vit: vit 32-1-2, patches of 8 px" in scarp("model", "info", model).stdout
    card = json.loads(scarp("model", "info", model, "--json").stdout)
    assert card["network"]["terrain_backbone"]["width"] == 32
    assert "optical_backbone" not in card["network"]
    scarp("detect", scene / "hrsi.tif", scene / "dem.tif", "-m", model, "-o", tmp_path / "map.gpkg", "-q")
    assert (tmp_path / "map.gpkg").exists()


@pytest.mark.parametrize("settings, code, words", [
    (["terrain=[slope]"], 3, ["it sees the channels slope, relative_elevation_17, this model has slope"]),
    (["terrain_unit=pixels"], 3, ["lengths in metres", "terrain_unit"]),
    (["tile.size=128"], 2, ["tile.size is 128", "samples.side, 64"]),
    (["network.terrain_backbone=none.safetensors"], 3, ["none.safetensors"]),
])
def test_what_does_not_fit_is_said_before_anything_is_written(place, tmp_path, settings, code, words):
    shutil.copy(place / "run.yaml", tmp_path)
    options = [part for setting in settings for part in ("--set", setting)]
    refused(tmp_path, code, words, "train", tmp_path / "run.yaml", "-o", tmp_path / "run", "--set",
            f"network.terrain_backbone={place}/vit/backbone.safetensors", *options)


def test_one_command_pretrains_and_compares(place, tmp_path):
    plan = tmp_path / "plan.yaml"
    plan.write_text(f"base: {place}/run.yaml\npretrain:\n  - {{name: vit, method: mae, run: {place}/vit.yaml}}\n"
                    "set: ['network.terrain_backbone=backbone:vit']\nreference: drawn\nconfigurations:\n"
                    "  - {name: drawn, set: ['network.backbone_weights=drawn']}\n  - {name: pretrained}\n")
    scarp("ablate", plan, "-o", tmp_path / "out", "-q")
    table = (tmp_path / "out" / "table.md").read_text()
    assert "drawn" in table and "pretrained" in table
    assert (tmp_path / "out" / "backbones" / "vit" / "backbone.safetensors").exists()
    log = (tmp_path / "out" / "logs" / "pretrained-f0-s1.json").read_text()
    assert "backbone:vit" in log and str(tmp_path) not in log
    before = (tmp_path / "out" / "backbones" / "vit" / "backbone.safetensors").stat().st_mtime_ns
    scarp("ablate", plan, "-o", tmp_path / "out", "-q")
    assert (tmp_path / "out" / "backbones" / "vit" / "backbone.safetensors").stat().st_mtime_ns == before
    changed = write(tmp_path / "changed.yaml", plan, "name: vit,", "name: vit, set: ['training.epochs=2'],")
    (tmp_path / "out" / "logs" / "pretrained-f0-s1.json").unlink()
    refused(tmp_path, 2, ["backbones/vit was pretrained with other settings"], "ablate", changed, "-o", tmp_path / "out")
    refused(tmp_path, 2, ["backbone:moon", "vit"], "ablate", write(tmp_path / "other.yaml", plan, "backbone:vit", "backbone:moon"), "-o", tmp_path / "x")


def test_a_plan_that_is_cancelled_while_it_pretrains_goes_on_by_the_same_command(place, tmp_path):
    plan = tmp_path / "plan.yaml"
    plan.write_text(f"base: {place}/run.yaml\npretrain:\n  - {{name: vit, run: {place}/vit.yaml, set: ['training.epochs=40']}}\n"
                    "set: ['network.terrain_backbone=backbone:vit']\nconfigurations:\n  - {name: pretrained}\n")
    run = subprocess.Popen([PROGRAM, "ablate", plan, "-o", tmp_path / "out", "--events"],
                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    for line in run.stdout:
        if "s left" in json.loads(line).get("detail", ""):
            run.send_signal(signal.SIGINT)
            break
    last = json.loads(run.communicate()[0].splitlines()[-1])
    assert (run.returncode, last["exit_code"]) == (130, 130)
    assert last["text"].startswith("Cancelled: the same command goes on") and "--resume" not in last["text"]
    scarp("ablate", plan, "-o", tmp_path / "out", "-q")
    assert (tmp_path / "out" / "backbones" / "vit" / "summary.json").exists()


def write(path, plan, old, new):
    path.write_text(plan.read_text().replace(old, new))
    return path
