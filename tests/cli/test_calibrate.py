# SPDX-License-Identifier: Apache-2.0
"""scarp calibrate: a temperature fitted on the validation blocks of a run file, kept in a copy of the model."""
import json

import numpy as np
import pytest
from conftest import refused, scarp
from osgeo import gdal

RUN = """
name: tiny
scenes:
  - {{optical: {scene}/hrsi.tif, dem: {scene}/dem.tif, labels: {scene}/labels.gpkg}}
terrain: [{terrain}]
network: {{width: 0.125}}
tile: {{size: 128, overlap: 64}}
samples: {{side: 64, block: 64}}
validation: {{share: 0.25, margin: 0}}
training: {{epochs: 3, batch: 4, device: cpu, precision: fp32}}
"""


@pytest.fixture(scope="module")
def trained(scene, tmp_path_factory):
    folder = tmp_path_factory.mktemp("calibrate")
    (folder / "run.yaml").write_text(RUN.format(scene=scene, terrain="slope, relative_elevation_17"))
    (folder / "other.yaml").write_text(RUN.format(scene=scene, terrain="slope"))
    scarp("train", folder / "run.yaml", "-o", folder / "run", "-q")
    scarp("calibrate", folder / "run" / "model.safetensors", folder / "run.yaml", "-o", folder / "calibrated.safetensors", "-q")
    return folder


def card(path):
    return json.loads(scarp("model", "info", path, "--json").stdout)


def test_the_copy_has_a_temperature_and_says_what_it_does(trained):
    told = card(trained / "calibrated.safetensors")
    assert told["temperature"] > 0 and told["calibration"]["pixels"] > 0 and told["calibration"]["blocks"] > 0
    assert 0 <= told["calibration"]["ece_after"] <= 1
    assert "calibration error" in scarp("model", "info", trained / "calibrated.safetensors").stdout


def test_calibrating_again_changes_next_to_nothing(trained, tmp_path):
    scarp("calibrate", trained / "calibrated.safetensors", trained / "run.yaml", "-o", tmp_path / "again.safetensors", "-q")
    assert card(tmp_path / "again.safetensors")["temperature"] == pytest.approx(card(trained / "calibrated.safetensors")["temperature"],
                                                                               rel=1e-3)


def test_the_classes_of_a_map_stay_the_same(scene, trained, tmp_path):
    maps = {}
    for name, model in (("before", trained / "run" / "model.safetensors"), ("after", trained / "calibrated.safetensors")):
        scarp("detect", scene / "hrsi.tif", scene / "dem.tif", "-m", model, "--class-raster", tmp_path / f"{name}.tif", "-q")
        maps[name] = gdal.Open(str(tmp_path / f"{name}.tif")).ReadAsArray()
    assert np.mean(maps["before"] != maps["after"]) < 1e-4


def test_a_run_file_of_another_model_is_refused(trained, tmp_path):
    refused(tmp_path, 3, ["terrain channels", "run file"], "calibrate", trained / "calibrated.safetensors", trained / "other.yaml",
            "-o", tmp_path / "new.safetensors")


def test_ground_without_validation_is_refused(trained, tmp_path):
    refused(tmp_path, 3, ["no labelled pixel"], "calibrate", trained / "calibrated.safetensors", trained / "run.yaml",
            "--set", "validation.share=0", "-o", tmp_path / "new.safetensors")


def test_a_model_is_never_overwritten_unasked(trained):
    refused(trained, 2, ["calibrated.safetensors"], "calibrate", trained / "run" / "model.safetensors", trained / "run.yaml",
            "-o", trained / "calibrated.safetensors")
