# SPDX-License-Identifier: Apache-2.0
"""scarp pretrain, embed and probe: a few steps of a tiny network on a synthetic scene and on folders of pictures."""
import csv
import json
import math
import signal
import subprocess

import numpy
import pytest
from conftest import PROGRAM, ROOT, events_of, files_in, refused, scarp, write_raster
from osgeo import gdal
from schema import faults
import yaml

NETWORK = """
network: {backbone: vit-t8, width: 32, depth: 2, heads: 2}
decoder: {width: 16, depth: 1, heads: 2}
siamese: {focal_views: 2, prototypes: 16, head_hidden: 32, head_outputs: 16}
windows: {side: 32}
training: {epochs: 2, batch: 8, device: cpu, precision: fp32, attention: explicit}
"""
METHODS = ["mae", "hpm", "msn"]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("pretrain")


@pytest.fixture(scope="module")
def scene_run(scene, place):
    path = place / "scene.yaml"
    path.write_text(f"name: tiny\nscenes:\n  - {{name: one, optical: {scene}/hrsi.tif, dem: {scene}/dem.tif}}\n"
                    f"terrain: [relative_elevation_17, slope]\n{NETWORK}")
    return path


def picture(path, seed, driver="JPEG", size=(40, 48), bands=3):
    """A picture of stripes; its class is their direction."""
    random = numpy.random.default_rng(seed)
    rows, cols = numpy.mgrid[0:size[0], 0:size[1]]
    wave = rows if seed % 2 else cols
    values = 120 + 60 * numpy.sin(wave * (0.5 + 0.2 * random.random()) + 6 * random.random()) + random.normal(0, 8, size)
    memory = gdal.GetDriverByName("MEM").Create("", size[1], size[0], bands, gdal.GDT_Byte)
    for band in range(bands):
        memory.GetRasterBand(band + 1).WriteArray(numpy.clip(values, 0, 255).astype(numpy.uint8))
    path.parent.mkdir(parents=True, exist_ok=True)
    gdal.GetDriverByName(driver).CreateCopy(str(path), memory)


@pytest.fixture(scope="module")
def pictures(place):
    folder = place / "pictures"
    for i in range(24):
        picture(folder / ("across" if i % 2 else "along") / f"{i:02}.jpg", i)
    picture(folder / "along" / "grey.PNG", 100, "PNG", bands=1)
    whole = (folder / "along" / "00.jpg").read_bytes()
    (folder / "along" / "cut.jpg").write_bytes(whole[:len(whole) // 2])
    (folder / "along" / "text.jpg").write_text("no picture")
    return folder


@pytest.fixture(scope="module")
def picture_run(pictures, place):
    path = place / "pictures.yaml"
    path.write_text(f"name: stripes\nimages: [{pictures}]\n{NETWORK}")
    return path


@pytest.fixture(scope="module")
def runs(scene_run, place):
    """A run of each method on the scene, image and terrain."""
    return {method: (place / method, scarp("pretrain", method, scene_run, "-o", place / method, "--events"))
            for method in METHODS}


@pytest.mark.parametrize("method", METHODS)
def test_the_run_folder_holds_backbone_metrics_and_report(runs, method):
    folder, run = runs[method]
    assert {"backbone.safetensors", "checkpoints/last.safetensors", "config.resolved.yaml", "metrics.jsonl", "report.html",
            "environment.json", "summary.json"} <= set(files_in(folder))
    assert any(name.startswith("tensorboard/events.out.tfevents") for name in files_in(folder))
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert all(math.isfinite(line["loss"]) and line["images_a_second"] > 0 for line in lines)
    assert {"mae": "terrain", "hpm": "pair_accuracy", "msn": "spread"}[method] in lines[-1]
    assert {"loss", "images_a_second"} <= {event["name"] for event in events_of(run) if event["event"] == "metric"}
    report = (folder / "report.html").read_text()
    assert "Nearest neighbours" in report and ("Reconstructions" in report) == (method != "msn")
    assert ("hard" in report) == (method == "hpm")
    environment = json.loads((folder / "environment.json").read_text())
    assert {file["path"].split("/")[-1] for file in environment["inputs"]} == {"hrsi.tif", "dem.tif"}


@pytest.mark.parametrize("method", METHODS)
def test_the_backbone_says_what_it_sees(runs, method):
    said = json.loads(scarp("model", "info", runs[method][0] / "backbone.safetensors", "--json").stdout)
    assert said["kind"] == method and said["backbone"]["method"] == method
    assert [channel["name"] for channel in said["backbone"]["terrain"]] == ["relative_elevation_17", "slope"]
    assert said["backbone"]["grouped"] == (method == "mae")
    checkpoint = json.loads(scarp("model", "info", runs[method][0] / "checkpoints" / "last.safetensors", "--json").stdout)
    assert checkpoint["kind"] == method


def test_the_backbone_is_converted(runs, tmp_path):
    scarp("model", "convert", runs["hpm"][0] / "backbone.safetensors", tmp_path / "timm.safetensors", "--layout", "timm")
    said = json.loads(scarp("model", "info", tmp_path / "timm.safetensors", "--json").stdout)
    assert said["vit"]["channels"] == 5 and said["vit"]["width"] == 32


def test_the_same_run_gives_the_same_weights(runs, scene_run, tmp_path):
    scarp("pretrain", "hpm", scene_run, "-o", tmp_path / "run", "-q")
    assert (tmp_path / "run" / "backbone.safetensors").read_bytes() == (runs["hpm"][0] / "backbone.safetensors").read_bytes()


def test_cancelled_and_resumed_ends_as_if_it_had_not_been(scene_run, tmp_path):
    more = ["--set", "training.epochs=12"]
    scarp("pretrain", "mae", scene_run, "-o", tmp_path / "whole", "-q", *more)
    run = subprocess.Popen([PROGRAM, "pretrain", "mae", scene_run, "-o", tmp_path / "cut", "--events", *more],
                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    for line in run.stdout:
        if "s left" in json.loads(line).get("detail", ""):
            run.send_signal(signal.SIGINT)
            break
    run.communicate()
    assert run.returncode == 130
    assert not (tmp_path / "cut" / "backbone.safetensors").exists()
    scarp("pretrain", "mae", scene_run, "-o", tmp_path / "cut", "--resume", "-q", *more)
    assert (tmp_path / "cut" / "backbone.safetensors").read_bytes() == (tmp_path / "whole" / "backbone.safetensors").read_bytes()
    steps = [json.loads(line)["step"] for line in (tmp_path / "cut" / "metrics.jsonl").read_text().splitlines()]
    assert steps == sorted(steps) and steps[0] <= 10
    summary = (tmp_path / "cut" / "summary.json").read_bytes()
    scarp("pretrain", "mae", scene_run, "-o", tmp_path / "cut", "--resume", "-q", *more)  # nothing is left to do
    assert (tmp_path / "cut" / "summary.json").read_bytes() == summary
    assert (tmp_path / "cut" / "backbone.safetensors").read_bytes() == (tmp_path / "whole" / "backbone.safetensors").read_bytes()


def test_broken_pictures_are_counted_named_and_left_out(picture_run, place):
    run = scarp("pretrain", "mae", picture_run, "-o", place / "stripes", "--events")
    warnings = [event["text"] for event in events_of(run) if event["event"] == "warning"]
    assert len(warnings) == 1 and "2 of 27 pictures" in warnings[0]
    assert "cut.jpg" in warnings[0] and "text.jpg" in warnings[0] and "grey" not in warnings[0]
    assert json.loads((place / "stripes" / "summary.json").read_text())["windows_a_pass"] == 25


def test_a_folder_of_broken_pictures_alone_is_refused(tmp_path):
    (tmp_path / "all").mkdir()
    for name in ["a.jpg", "b.png"]:
        (tmp_path / "all" / name).write_text("no picture")
    (tmp_path / "run.yaml").write_text(f"images: [all]\n{NETWORK}")
    refused(tmp_path, 3, ["None of 2 pictures can be used", "a.jpg"], "pretrain", "mae", tmp_path / "run.yaml", "-o", tmp_path / "run")


def chip(path, seed, hole=None, value=None, nodata=None):
    """Three bands of noise in 32-bit floats, a square of them another value."""
    values = numpy.random.default_rng(seed).normal(100, 20, (3, 32, 32)).astype(numpy.float32)
    if hole:
        values[:, :hole, :hole] = value
    write_raster(path, values, nodata=nodata)


@pytest.mark.parametrize("values, declared", [((-9999, 1e9), True), ((numpy.nan, numpy.inf), False)])
def test_pixels_of_pictures_without_data_are_never_seen(tmp_path, values, declared):
    """Whether they are nodata or no numbers: what is there never changes the weights."""
    backbones = []
    for value in values:
        (tmp_path / "chips").mkdir(exist_ok=True)
        for i in range(8):
            chip(tmp_path / "chips" / f"{i}.tif", i, hole=12 if i % 2 else None, value=value, nodata=value if declared else None)
        (tmp_path / "run.yaml").write_text(f"name: holes\nimages: [chips]\n{NETWORK}")
        scarp("pretrain", "mae", tmp_path / "run.yaml", "-o", tmp_path / "run", "-q", "--overwrite")
        backbones.append((tmp_path / "run" / "backbone.safetensors").read_bytes())
    assert backbones[0] == backbones[1]


def test_transparent_pixels_hold_no_data_unless_that_band_is_asked_for(tmp_path):
    (tmp_path / "chips").mkdir()
    for i in range(8):
        values = numpy.full((4, 32, 32), 99, numpy.uint8)
        values[:3] += numpy.random.default_rng(i).integers(0, 40, (3, 32, 32), numpy.uint8)
        write_raster(tmp_path / "chips" / f"{i}.tif", values, options=["PHOTOMETRIC=RGB", "ALPHA=YES"])
    (tmp_path / "run.yaml").write_text(f"images: [chips]\n{NETWORK}")
    run = scarp("pretrain", "mae", tmp_path / "run.yaml", "-o", tmp_path / "run", code=3)
    assert "None of 8 pictures can be used" in run.stderr and "0 % of its patches hold data" in run.stderr
    scarp("pretrain", "mae", tmp_path / "run.yaml", "-o", tmp_path / "run", "-q", "--set", "bands=[red, green, blue, nir]")


def test_a_picture_with_too_little_data_is_left_out(tmp_path):
    (tmp_path / "chips").mkdir()
    for i in range(8):
        chip(tmp_path / "chips" / f"{i}.tif", i)
    chip(tmp_path / "chips" / "hole.tif", 9, hole=30, value=-9999, nodata=-9999)
    (tmp_path / "run.yaml").write_text(f"images: [chips]\n{NETWORK}")
    run = scarp("pretrain", "mae", tmp_path / "run.yaml", "-o", tmp_path / "run", "--events")
    warnings = [event["text"] for event in events_of(run) if event["event"] == "warning"]
    assert len(warnings) == 1 and "1 of 9 pictures" in warnings[0]
    assert "hole.tif: 0 % of its patches hold data, 50 % are needed" in warnings[0]


def test_a_raster_without_enough_valid_ground_is_refused(scene, tmp_path):
    source = gdal.Open(str(scene / "hrsi.tif"))
    copy = gdal.GetDriverByName("GTiff").CreateCopy(str(tmp_path / "holes.tif"), source)
    for band in range(1, 4):
        values = copy.GetRasterBand(band).ReadAsArray()
        values[::8, ::8] = 0
        copy.GetRasterBand(band).WriteArray(values)
    copy.GetRasterBand(1).SetNoDataValue(0)
    copy = None
    (tmp_path / "run.yaml").write_text(f"scenes: [{{name: holes, optical: holes.tif}}]\n{NETWORK}")
    refused(tmp_path, 3, ["Scene holes has no window of 32 pixels", "windows.valid_share"],
            "pretrain", "mae", tmp_path / "run.yaml", "-o", tmp_path / "run")


@pytest.mark.parametrize("text, words", [
    ("images: [a]\nscenes: [{optical: b.tif}]", ["either scenes (rasters) or images"]),
    ("{}", ["either scenes (rasters) or images"]),
    ("images: [a]\ntrainig: {}", ["unknown key 'trainig'", "did you mean"]),
    ("images: [a]\ntraining: {epoch: 3}", ["unknown key 'training.epoch'", "training.epochs"]),
    ("images: [a]\nnetwork: {backbone: vit-x9}", ["vit-x9"]),
    ("images: [a]\nwindows: {side: 33}", ["windows.side is 33", "multiple of the patch"]),
    ("images: [a]\nterrain: [slope]", ["have no terrain"]),
    ("images: [a]\nmethod: hpm", ["use scarp pretrain hpm"]),
    ("images: [a]\ntraining: {mask_ratio: 2}", ["training.mask_ratio must lie in 0 to 0.99, is 2"]),
    ("images: [a]\nbands: [red, nir, red]", ["The key bands names red twice"]),
    ("images: [a]\ntraining: {epochs: 0}", ["training.epochs must lie in 1 to"]),
    ("images: [a]\nsiamese: {me_max: -1}\nmethod: msn", ["siamese.me_max must lie in 0 to 1000, is -1"]),
    ("images: [a]\nnetwork: {width: 32, heads: 5}", ["network.width must be a multiple of network.heads, 5, is 32"]),
    ("images: [a]\nnetwork: {width: 6, heads: 2}", ["network.width must be a multiple of 4, is 6"]),
    ("images: [a]\nnetwork: {depth: -1}", ["network.depth must lie in 0 to 256"]),
    ("images: [a]\ndecoder: {heads: 0}", ["decoder.heads must lie in 1 to"]),
    ("images: [a]\ndecoder: {width: 20, heads: 3}", ["decoder.width must be a multiple of decoder.heads, 3, is 20"])])
def test_a_wrong_run_file_is_refused(tmp_path, text, words):
    (tmp_path / "run.yaml").write_text(text)
    method = "msn" if "method: msn" in text else "mae"
    refused(tmp_path, 2, words, "pretrain", method, tmp_path / "run.yaml", "-o", tmp_path / "run")


def test_fewer_windows_than_a_batch_are_refused_before_there_is_a_run_folder(scene_run, tmp_path):
    refused(tmp_path, 2, ["fewer than training.batch, 4096", "windows.per_pass"],
            "pretrain", "mae", scene_run, "-o", tmp_path / "run", "--set", "training.batch=4096")
    assert not (tmp_path / "run").exists()


def test_what_ended_before_its_first_checkpoint_is_no_run(scene_run, tmp_path):
    refused_run = ["pretrain", "mae", scene_run, "-o", tmp_path / "run", "-q"]
    scarp(*refused_run, "--set", "training.device=abacus", code=2)
    scarp(*refused_run)
    assert (tmp_path / "run" / "summary.json").exists()
    refused(tmp_path, 2, ["already holds a run"], *refused_run)
    refused(tmp_path, 2, ["--resume excludes --overwrite"], *refused_run, "--resume", "--overwrite")


def test_a_run_folder_that_cannot_be_is_refused_before_the_data_are_looked_at(tmp_path):
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "run.yaml").write_text(f"images: [nowhere]\n{NETWORK}")
    refused(tmp_path, 4, ["file/run cannot be made"], "pretrain", "mae", tmp_path / "run.yaml", "-o", tmp_path / "file" / "run")


def test_a_run_that_is_resumed_with_other_settings_is_left_as_it_was(runs, scene_run):
    folder, _ = runs["mae"]
    refused(folder, 3, ["cannot be resumed", "epochs was 2, now it is 3"],
            "pretrain", "mae", scene_run, "-o", folder, "--resume", "--set", "training.epochs=3")


def test_the_schema_fits_what_fits(scene_run, runs):
    schema = json.loads(scarp("pretrain", "--schema").stdout)
    assert faults(yaml.safe_load(scene_run.read_text()), schema) == []
    assert faults(yaml.safe_load((runs["msn"][0] / "config.resolved.yaml").read_text()), schema) == []
    assert any("unknown epoch" in fault for fault in faults({"training": {"epoch": 3}}, schema))


def test_the_documentation_holds_the_table_of_keys():
    assert scarp("pretrain", "--keys").stdout in (ROOT / "docs" / "pretraining.md").read_text()


@pytest.mark.parametrize("method", METHODS)
def test_features_of_a_raster_lie_on_the_grid_of_patches(runs, scene, tmp_path, method):
    scarp("embed", runs[method][0] / "backbone.safetensors", scene / "hrsi.tif", scene / "dem.tif", "-o", tmp_path / "f.tif", "-q")
    image, features = gdal.Open(str(scene / "hrsi.tif")), gdal.Open(str(tmp_path / "f.tif"))
    assert (features.RasterXSize, features.RasterYSize, features.RasterCount) == (image.RasterXSize // 8, image.RasterYSize // 8, 32)
    assert features.GetGeoTransform()[1] == 8 * image.GetGeoTransform()[1]
    assert features.GetGeoTransform()[0] == image.GetGeoTransform()[0]
    values = features.ReadAsArray()
    assert numpy.isfinite(values).mean() > 0.5
    assert numpy.nanstd(values, axis=(1, 2)).min() > 0


def test_a_patch_without_data_has_no_features_and_the_table_says_the_same(runs, scene, tmp_path):
    copy = gdal.GetDriverByName("GTiff").CreateCopy(str(tmp_path / "hole.tif"), gdal.Open(str(scene / "hrsi.tif")))
    for band in range(1, 4):
        values = copy.GetRasterBand(band).ReadAsArray()
        values[values == 255] = 254
        values[20, 44] = 255
        copy.GetRasterBand(band).WriteArray(values)
        copy.GetRasterBand(band).SetNoDataValue(255)
    copy = None
    for name in ["f.tif", "f.csv"]:
        scarp("embed", runs["hpm"][0] / "backbone.safetensors", tmp_path / "hole.tif", scene / "dem.tif", "-o", tmp_path / name, "-q")
    features = gdal.Open(str(tmp_path / "f.tif"))
    raster = features.ReadAsArray()
    assert numpy.isnan(raster[:, 2, 5]).all() and numpy.isfinite(raster[:, 2, 6]).all()
    rows = list(csv.DictReader((tmp_path / "f.csv").open()))
    assert len(rows) == numpy.isfinite(raster[0]).sum()
    for row in rows[::97]:
        assert float(row["feature_3"]) == pytest.approx(raster[3, int(row["row"]), int(row["col"])], rel=1e-6)
    step = features.GetGeoTransform()
    assert float(rows[0]["x"]) == pytest.approx(step[0] + (int(rows[0]["col"]) + 0.5) * step[1])


def test_an_image_that_does_not_fit_the_backbone_is_refused(runs, scene, tmp_path):
    refused(tmp_path, 3, ["wants terrain", "no DEM"], "embed", runs["mae"][0] / "backbone.safetensors", scene / "hrsi.tif",
            "-o", tmp_path / "f.tif")
    refused(tmp_path, 2, ["must end in .tif"], "embed", runs["mae"][0] / "backbone.safetensors", scene / "hrsi.tif",
            scene / "dem.tif", "-o", tmp_path / "f.png")


def test_a_probe_tells_what_features_are_worth(place, picture_run, pictures, tmp_path):
    scarp("pretrain", "msn", picture_run, "-o", tmp_path / "run", "-q")
    run = scarp("probe", tmp_path / "run" / "backbone.safetensors", pictures, "--baselines", "--fine-tune", "--epochs", 2,
                "--shots", "1,5", "-o", tmp_path / "probe.json")
    said = json.loads((tmp_path / "probe.json").read_text())
    assert (said["classes"], said["known"] + said["tested"]) == (2, 25)
    rows = {(row["features"], row["protocol"], row["labels_a_class"]): row for row in said["rows"]}
    for features in ["pretrained", "untrained", "pixels"]:
        assert len(rows[features, "low-shot", 5]["draws"]) == 3
        assert 0 <= rows[features, "linear", "all"]["accuracy"] <= 1
    assert ("pretrained", "last block tuned", "all") in rows and ("untrained", "fine-tuned", "all") in rows
    assert "nearest neighbours" in run.stdout and "labels a class" in run.stdout


def test_linked_pictures_and_folders_are_of_the_class_they_are_linked_into(picture_run, pictures, tmp_path):
    scarp("pretrain", "mae", picture_run, "-o", tmp_path / "run", "-q")
    linked = tmp_path / "linked"
    (linked / "one").mkdir(parents=True)
    for path in sorted((pictures / "along").glob("0*.jpg")):
        (linked / "one" / path.name).symlink_to(path)
    (linked / "two").symlink_to(pictures / "across")
    said = json.loads(scarp("probe", tmp_path / "run" / "backbone.safetensors", linked, "--shots", "1", "--json").stdout)
    assert (said["classes"], said["known"] + said["tested"]) == (2, 17)


def test_a_probe_needs_classes_and_pictures_alone(runs, picture_run, pictures, tmp_path):
    refused(tmp_path, 3, ["pictures have none"], "probe", runs["mae"][0] / "backbone.safetensors", pictures)
    scarp("pretrain", "mae", picture_run, "-o", tmp_path / "run", "-q")
    refused(tmp_path, 3, ["at least two classes"], "probe", tmp_path / "run" / "backbone.safetensors", pictures / "across")


def test_small_classes_are_asked_with_as_few_labels_as_they_have(picture_run, tmp_path):
    scarp("pretrain", "mae", picture_run, "-o", tmp_path / "run", "-q")
    for i in range(16):
        picture(tmp_path / "few" / ("rows" if i % 2 else "cols") / f"{i:02}.jpg", i)
    run = scarp("probe", tmp_path / "run" / "backbone.safetensors", tmp_path / "few", "--events")
    events = events_of(run)
    assert [event["text"] for event in events if event["event"] == "warning"] == [
        "Low-shot with 10 labels a class is left out: of the class cols 6 pictures are known."]
    said = next(event["data"] for event in events if event["event"] == "result" and event["kind"] == "answer")
    assert [row["labels_a_class"] for row in said["rows"] if row["protocol"] == "low-shot"] == [1, 2, 5]


def test_an_option_of_the_other_kind_of_probe_is_refused(runs, pictures, steep_run, tmp_path):
    backbone = runs["mae"][0] / "backbone.safetensors"
    refused(tmp_path, 2, ["--shots is for a folder of pictures"], "probe", backbone, steep_run(0.3), "--shots", "1")
    refused(tmp_path, 2, ["--fine-tune is for a folder of pictures"], "probe", backbone, steep_run(0.3), "--fine-tune")
    refused(tmp_path, 2, ["--set is for a run file"], "probe", backbone, pictures, "--set", "validation.share=0.2")
    refused(tmp_path, 2, ["'0' is no number from 1"], "probe", backbone, pictures, "--shots", "0")


LABELLED_RUN = """
scenes: [{{name: one, optical: {scene}/hrsi.tif, dem: {scene}/dem.tif, labels: {labels}, labelled_area: all}}]
samples: {{side: 64, block: 64}}
validation: {{share: {share}, margin: 0}}
"""


@pytest.fixture(scope="module")
def steep_run(scene, place):
    """A run file whose labels are the steeper half of the ground."""
    dem = gdal.Open(str(scene / "dem.tif"))
    east, south = numpy.gradient(dem.ReadAsArray().astype(float))
    steep = numpy.hypot(east, south)
    labels = gdal.GetDriverByName("GTiff").CreateCopy(str(place / "steep.tif"), gdal.Translate(
        "", dem, format="MEM", outputType=gdal.GDT_Byte, noData="none"))
    labels.GetRasterBand(1).WriteArray((steep > numpy.median(steep)).astype(numpy.uint8))
    labels.FlushCache()

    def run(share):
        path = place / f"steep-{share}.yaml"
        path.write_text(LABELLED_RUN.format(scene=scene, labels=place / "steep.tif", share=share))
        return path
    return run


def test_a_probe_of_labelled_ground_tells_what_few_labels_give(runs, steep_run, tmp_path):
    for method in METHODS:
        run = scarp("probe", runs[method][0] / "backbone.safetensors", steep_run(0.3), "--baselines", "--shares", "0.1,1",
                    "-o", tmp_path / f"{method}.json", "--device", "cpu")
        said = json.loads((tmp_path / f"{method}.json").read_text())
        rows = {(row["features"], row["share"]): row for row in said["rows"]}
        assert set(rows) == {(name, share) for name in ["pretrained", "untrained", "pixels"] for share in [0.1, 1]}
        assert rows["pretrained", 1]["blocks"] == said["training_blocks"] > said["validation_blocks"] > 0
        assert rows["pretrained", 0.1]["blocks"] == max(1, round(0.1 * said["training_blocks"]))
        assert len(rows["pretrained", 0.1]["iou_of_draws"]) == 3 and len(rows["pretrained", 1]["iou_of_draws"]) == 1
        assert rows["pixels", 1]["iou"] > 0.7, "the slope of a patch tells whether it is steep"
        assert rows["pretrained", 1]["iou"] > 0.5
        assert "landslide" in run.stdout and "IoU" in run.stdout


def test_the_same_probe_of_labelled_ground_gives_the_same_figures(runs, steep_run):
    said = [scarp("probe", runs["mae"][0] / "backbone.safetensors", steep_run(0.3), "--shares", "0.2", "--json",
                  "--device", "cpu").stdout for _ in range(2)]
    assert said[0] == said[1]


def test_a_probe_of_labelled_ground_needs_ground_that_validates(runs, steep_run, tmp_path):
    refused(tmp_path, 2, ["validation.share"], "probe", runs["mae"][0] / "backbone.safetensors", steep_run(0), "--device", "cpu")
