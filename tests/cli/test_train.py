# SPDX-License-Identifier: Apache-2.0
"""scarp train: a few steps of a tiny network; the run folder, cancelling and going on, and what is wrong in a run file."""
import json
import signal
import subprocess

import pytest
from conftest import PROGRAM, events_of, files_in, refused, scarp
from osgeo import gdal

RUN = """
name: tiny
scenes:
  - {{name: one, optical: {scene}/hrsi.tif, dem: {scene}/dem.tif, labels: {scene}/labels.gpkg}}
terrain: [slope, relative_elevation_17]
network: {{width: 0.125}}
tile: {{size: 128, overlap: 64}}
samples: {{side: 64, block: 64}}
validation: {{share: 0.25, margin: 0}}
training: {{epochs: 2, batch: 4, device: cpu}}
"""


@pytest.fixture(scope="module")
def run_file(scene, tmp_path_factory):
    path = tmp_path_factory.mktemp("run") / "run.yaml"
    path.write_text(RUN.format(scene=scene))
    return path


@pytest.fixture(scope="module")
def trained(run_file):
    folder = run_file.parent / "trained"
    return folder, scarp("train", run_file, "-o", folder, "--events")


def test_the_run_folder_holds_model_metrics_and_report(trained):
    folder, run = trained
    assert {"checkpoints", "checkpoints/last.safetensors", "config.resolved.yaml", "metrics.jsonl", "model.safetensors",
            "report.html"} <= set(files_in(folder))
    assert not [name for name in files_in(folder) if "tmp" in name or "partial" in name]
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert len(lines) >= 2
    results = {event["kind"]: event["path"] for event in events_of(run) if event["event"] == "result"}
    assert results["model"] == str(folder / "model.safetensors")
    assert {"loss"} <= {event["name"] for event in events_of(run) if event["event"] == "metric"}


def test_the_model_says_what_it_was_made_from_and_maps(trained, scene, tmp_path):
    model = trained[0] / "model.safetensors"
    card = json.loads(scarp("model", "info", model, "--json").stdout)
    assert card["name"] == "tiny" and [channel["name"] for channel in card["terrain"]] == ["slope", "relative_elevation_17"]
    scarp("detect", scene / "hrsi.tif", scene / "dem.tif", "-m", model, "--class-raster", tmp_path / "c.tif", "-q")
    assert gdal.Open(str(tmp_path / "c.tif")).RasterXSize == 256


def test_set_replaces_a_key_of_the_file(run_file, tmp_path):
    scarp("train", run_file, "-o", tmp_path / "run", "--set", "training.epochs=1", "--set", "name=other", "-q")
    resolved = (tmp_path / "run" / "config.resolved.yaml").read_text()
    assert "epochs: 1" in resolved and "name: other" in resolved


def test_the_same_run_gives_the_same_weights(trained, run_file, tmp_path):
    scarp("train", run_file, "-o", tmp_path / "run", "-q")
    assert (tmp_path / "run" / "model.safetensors").read_bytes() == (trained[0] / "model.safetensors").read_bytes()


def test_a_cancelled_run_goes_on_to_the_same_weights(run_file, tmp_path):
    longer = ["train", run_file, "--set", "training.epochs=10"]
    scarp(*longer, "-o", tmp_path / "whole", "-q")
    run = subprocess.Popen([PROGRAM, *longer, "-o", tmp_path / "part", "--events"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    event = {}
    while not (event.get("event") == "progress" and not event["detail"].startswith("pass 1,")):
        event = json.loads(run.stdout.readline())
    run.send_signal(signal.SIGTERM)
    said = run.communicate()[1]
    assert run.returncode == 130, said
    assert "cancelling: SIGTERM" in said and "--resume" in said
    assert "model.safetensors" not in files_in(tmp_path / "part")
    scarp(*longer, "-o", tmp_path / "part", "--resume", "-q")
    assert (tmp_path / "part" / "model.safetensors").read_bytes() == (tmp_path / "whole" / "model.safetensors").read_bytes()


def test_an_existing_run_needs_resume_or_overwrite(trained, run_file):
    refused(trained[0], 2, [trained[0], "--overwrite"], "train", run_file, "-o", trained[0])


@pytest.mark.parametrize("setting, words", [
    ("training.epochz=3", ["training.epochz", "training.epochs"]),
    ("training.epochs=many", ["training.epochs", "many"]),
    ("training.epochs=0", ["epochs"]),
    ("samples.side=50", ["samples.side", "50", "32"]),
    ("terrain=[slop]", ["slop"]),
    ("training", ["KEY=VALUE"]),
])
def test_a_wrong_setting_is_named(run_file, tmp_path, setting, words):
    refused(tmp_path, 2, words, "train", run_file, "-o", tmp_path / "run", "--set", setting)
    assert files_in(tmp_path) == []


@pytest.mark.parametrize("text, words", [(None, ["run.yaml"]), ("scenes: [\n", ["run.yaml", "line"]), ("- a\n", ["run.yaml", "map"]),
                                         ("name: x\n", ["scenes"])])
def test_a_run_file_that_is_none_is_named(tmp_path, text, words):
    if text is not None:
        (tmp_path / "run.yaml").write_text(text)
    refused(tmp_path, 2, words, "train", tmp_path / "run.yaml", "-o", tmp_path / "run")


@pytest.mark.parametrize("key, value, words", [
    ("optical", "absent.tif", ["absent.tif"]),
    ("dem", "absent.tif", ["absent.tif"]),
    ("labels", "absent.gpkg", ["absent.gpkg"]),
])
def test_a_scene_that_cannot_be_read_is_named(run_file, tmp_path, key, value, words):
    (tmp_path / "other").mkdir()
    refused(tmp_path / "other", 3, words, "train", run_file, "-o", tmp_path / "run", "--set", f"scenes.0.{key}={value}")
    assert not [name for name in files_in(tmp_path) if name.endswith(".safetensors")]
