# SPDX-License-Identifier: Apache-2.0
"""scarp train: a few steps of a tiny network; the run folder, cancelling and going on, and what is wrong in a run file."""
import json
import resource
import signal
import struct
import subprocess

import pytest
import yaml
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
training: {{epochs: 2, batch: 4, device: cpu, precision: fp32}}
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
            "report.html", "checkpoints/best.safetensors", "environment.json", "summary.json"} <= set(files_in(folder))
    assert any(name.startswith("tensorboard/events.out.tfevents") for name in files_in(folder))
    environment = json.loads((folder / "environment.json").read_text())
    assert {file["path"].split("/")[-1] for file in environment["inputs"]} >= {"hrsi.tif", "dem.tif", "labels.gpkg"}
    assert json.loads((folder / "summary.json").read_text())["precision"] == "fp32"
    looks = json.loads((folder / "summary.json").read_text())["focus"]
    assert looks["samples"] >= 1 and 0 < looks["ground"]["outline"] < 1
    assert {"gradient, optical", "gradient, terrain"} < {map["name"] for map in looks["maps"]}
    assert "Where the network looks" in (folder / "report.html").read_text()
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
    while not (event.get("event") == "progress" and not event["detail"].startswith("pass 1,") and event["detail"].startswith("pass")):
        event = json.loads(run.stdout.readline())
    run.send_signal(signal.SIGTERM)
    said = run.communicate()[1]
    assert run.returncode == 130, said
    assert "cancelling: SIGTERM" in said and "--resume" in said
    assert "model.safetensors" not in files_in(tmp_path / "part")
    scarp(*longer, "-o", tmp_path / "part", "--resume", "-q")
    assert (tmp_path / "part" / "model.safetensors").read_bytes() == (tmp_path / "whole" / "model.safetensors").read_bytes()
    scarp(*longer, "-o", tmp_path / "part", "--resume", "-q")  # nothing is left to do, nothing is lost
    assert (tmp_path / "part" / "model.safetensors").read_bytes() == (tmp_path / "whole" / "model.safetensors").read_bytes()


def test_an_existing_run_needs_resume_or_overwrite(trained, run_file):
    refused(trained[0], 2, [trained[0], "--overwrite"], "train", run_file, "-o", trained[0])


@pytest.mark.parametrize("setting, words", [
    ("training.epochz=3", ["training.epochz", "training.epochs"]),
    ("training.epochs=many", ["training.epochs", "many"]),
    ("training.epochs=0", ["epochs"]),
    ("training.batch=1", ["training.batch must be at least 2 (batch norm), is 1"]),
    ("training.toe_weight=0.5", ["training.toe_weight is 0.5", "gradient_east", "leave toe_weight at 1"]),
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


def test_labels_of_other_ground_are_refused(run_file, scene, tmp_path):
    subprocess.run(["ogr2ogr", "-q", "-f", "GeoJSON", tmp_path / "far.json", scene / "labels.gpkg", "landslides"], check=True)
    moved = (tmp_path / "far.json").read_text()
    layer = json.loads(moved)
    for feature in layer["features"]:
        feature["geometry"] = {"type": "Polygon", "coordinates": [[[0, 0], [0, 0.01], [0.01, 0], [0, 0]]]}
    layer.pop("crs", None)
    (tmp_path / "far.json").write_text(json.dumps(layer))
    refused(tmp_path / "run", 3, ["far.json", "elsewhere"], "train", run_file, "-o", tmp_path / "run", "--set",
            f"scenes.0.labels={tmp_path}/far.json", "--set", "scenes.0.labelled_area=all")


def label_raster(scene, path, value, corner=None):
    """One band of float on the scene's grid, `corner` in its last pixel."""
    flat = gdal.Translate("", str(scene / "hrsi.tif"), format="MEM", bandList=[1], noData="none", outputType=gdal.GDT_Float32)
    flat.GetRasterBand(1).Fill(value)
    if corner is not None:
        flat.GetRasterBand(1).WriteRaster(255, 255, 1, 1, struct.pack("f", corner))
    gdal.GetDriverByName("GTiff").CreateCopy(str(path), flat)
    return ["--set", f"scenes.0.labels={path}", "--set", "scenes.0.labelled_area=all"]


def test_ground_without_a_landslide_is_refused(run_file, scene, tmp_path):
    labels = label_raster(scene, tmp_path / "none.tif", 0)
    refused(tmp_path / "run", 3, ["landslide", "nothing to learn"], "train", run_file, "-o", tmp_path / "run", *labels)


@pytest.mark.parametrize("value, code, words", [(7, 3, ["class id 7", "classes does not name", "one"]),
                                                (1.5, 2, ["odd.tif holds 1.5", "whole numbers from 0 to 254"]),
                                                (-9999, 2, ["odd.tif holds -9999", "255 where nothing is known"])])
def test_a_label_raster_with_unknown_values_is_refused_before_anything_is_trained(run_file, scene, tmp_path, value, code, words):
    labels = label_raster(scene, tmp_path / "odd.tif", 1, value)
    refused(tmp_path / "run", code, words, "train", run_file, "-o", tmp_path / "run", *labels)
    assert not (tmp_path / "run").exists()


def test_a_scene_without_a_landslide_beside_others_trains(run_file, scene, tmp_path):
    bare = label_raster(scene, tmp_path / "none.tif", 0)[1].split("=")[1]
    both = yaml.safe_load(run_file.read_text())
    both["scenes"].append({**both["scenes"][0], "name": "bare", "labels": bare, "labelled_area": "all", "use": "training"})
    both["training"]["epochs"] = 1
    both["contrast"] = {"weight": 0.1, "warmup": 8, "queue": 64}
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(both))
    scarp("train", tmp_path / "run.yaml", "-o", tmp_path / "run", "-q")
    assert (tmp_path / "run" / "model.safetensors").exists()


def test_what_a_model_is_sure_of_teaches_another(trained, run_file, scene, tmp_path):
    model = trained[0] / "model.safetensors"
    scarp("detect", scene / "hrsi.tif", scene / "dem.tif", "-m", model, "--sure-labels", tmp_path / "sure.tif", "--sure", "0.5",
          "--sure-outside", f"{scene}/labels.gpkg:landslides", "-q")
    sure = gdal.Open(str(tmp_path / "sure.tif"))
    values = {*sure.GetRasterBand(1).ReadRaster()}
    assert sure.GetRasterBand(1).GetNoDataValue() == 255 and values <= {0, 1, 255} and len(values) > 1
    run = yaml.safe_load(run_file.read_text())
    run["scenes"].append({**run["scenes"][0], "name": "sure", "labels": str(tmp_path / "sure.tif"), "labelled_area": "all", "use": "training"})
    run["training"]["epochs"] = 1
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(run))
    scarp("train", tmp_path / "run.yaml", "-o", tmp_path / "run", "-q")
    assert (tmp_path / "run" / "model.safetensors").exists()


def small_checkpoints():
    """As on a full disk: no file may grow beyond a tenth of a checkpoint."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))


def test_a_full_disk_is_said_and_leaves_no_half_checkpoint(run_file, tmp_path):
    run = tmp_path / "run"
    said = subprocess.run([PROGRAM, "train", run_file, "-o", run, "-q"], capture_output=True, text=True, preexec_fn=small_checkpoints)
    assert said.returncode == 4 and ".safetensors: cannot be written" in said.stderr, said.stderr
    assert not [name for name in files_in(run) if "safetensors" in name]


def test_folds_are_made_and_trained_on(run_file, tmp_path):
    scarp("folds", run_file, "-k", "2", "-o", tmp_path / "folds.csv", "--set", "samples.block=32", "--set", "scenes.0.labelled_area=all")
    lines = (tmp_path / "folds.csv").read_text().splitlines()
    assert lines[0] == "scene,row,column,rows,columns,fold" and {line[-1] for line in lines[1:]} == {"1", "2"}
    settings = ["--set", f"validation.folds={tmp_path}/folds.csv", "--set", "samples.block=32", "--set", "scenes.0.labelled_area=all"]
    scarp("train", run_file, "-o", tmp_path / "run", "--fold", "2", "--set", "training.epochs=1", *settings, "-q")
    refused(tmp_path / "none", 2, ["3", "2 folds"], "train", run_file, "-o", tmp_path / "none", "--fold", "3", *settings)
    refused(tmp_path / "none", 2, ["validation.folds"], "train", run_file, "-o", tmp_path / "none", "--fold", "1")
    refused(tmp_path / "none", 3, ["other data"], "train", run_file, "-o", tmp_path / "none", "--fold", "1", *settings,
            "--set", "samples.block=48")


def test_a_comparison_goes_on_from_its_logs(run_file, tmp_path):
    plan = tmp_path / "plan.yaml"
    plan.write_text(f"""
title: Image or terrain
protocol: One pass.
base: {run_file}
set: [training.epochs=1]
seeds: [1, 2]
reference: both
configurations: [{{name: both}}, {{name: terrain, set: ["bands=[]"], seeds: [1]}}]
""")
    folder = tmp_path / "compare"
    scarp("ablate", plan, "-o", folder, "-j", "2", "-q")
    logs = sorted(path.name for path in (folder / "logs").iterdir())
    assert logs == ["both-f0-s1.json", "both-f0-s2.json", "terrain-f0-s1.json"]
    first = (folder / "logs" / "both-f0-s1.json").read_text()
    (folder / "logs" / "both-f0-s2.json").unlink()
    scarp("ablate", plan, "-o", folder, "-q")
    assert (folder / "logs" / "both-f0-s1.json").read_text() == first
    table = (folder / "table.md").read_text()
    assert "| both | 2 |" in table and "| terrain | 1 |" in table
    plan.write_text(plan.read_text().replace("epochs=1", "epochs=2"))
    refused(tmp_path / "compare" / "logs", 2, ["other settings", "both-f0-s1.json"], "ablate", plan, "-o", folder)


def test_a_run_side_by_side_has_the_weights_of_a_run_alone(run_file, tmp_path):
    (tmp_path / "plan.yaml").write_text(f"base: {run_file}\nseeds: [1, 2]\nconfigurations: [{{name: tiny}}]\n")
    scarp("ablate", tmp_path / "plan.yaml", "-o", tmp_path / "both", "-j", "2", "-q")
    scarp("ablate", tmp_path / "plan.yaml", "-o", tmp_path / "one", "-j", "1", "-q")
    for seed in (1, 2):
        model = f"runs/tiny-f0-s{seed}/model.safetensors"
        assert (tmp_path / "both" / model).read_bytes() == (tmp_path / "one" / model).read_bytes()
