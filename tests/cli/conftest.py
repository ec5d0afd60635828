# SPDX-License-Identifier: Apache-2.0
"""The program is run as users run it; what it writes is opened with a second program, Debian's GDAL for Python."""
import json
import os
import pathlib
import subprocess

import pytest
from osgeo import gdal, ogr

gdal.UseExceptions()
ogr.UseExceptions()

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("SCARP_BUILD_DIR") or ROOT / "build" / "dev")
PROGRAM = BUILD / "bin" / "scarp"
MODEL = "scarp-synth"


def pytest_collection_modifyitems(items):
    assert PROGRAM.exists(), f"{PROGRAM} is not built: ninja -C {BUILD} scarp, or set SCARP_BUILD_DIR"


def scarp(*arguments, code=0, **options):
    """Runs the program and asserts its exit code."""
    options.setdefault("stdin", subprocess.DEVNULL)
    run = subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, timeout=300, **options)
    assert run.returncode == code, f"{run.args}\nexit code {run.returncode}\n{run.stdout}\n{run.stderr}"
    return run


def files_in(folder):
    return sorted(str(path.relative_to(folder)) for path in pathlib.Path(folder).rglob("*"))


def refused(folder, code, words, *arguments, **options):
    """The program ends with `code` and one sentence that holds `words`, and leaves `folder` as it was."""
    before = {name: (folder / name).read_bytes() for name in files_in(folder) if (folder / name).is_file()}
    run = scarp(*arguments, code=code, **options)
    sentences = [line for line in run.stderr.splitlines() if line.startswith("scarp")]
    assert len(sentences) == 1, run.stderr
    for word in words:
        assert str(word) in sentences[0], sentences[0]
    assert len(sentences[0]) < 600, sentences[0]
    assert run.stdout == ""
    assert {name: (folder / name).read_bytes() for name in files_in(folder) if (folder / name).is_file()} == before
    return sentences[0]


def features_of(path):
    """The features of the first layer: fields by name, and "outline" as WKT. The file must outlive its layer."""
    source = ogr.Open(str(path))
    return [{**feature.items(), "outline": feature.GetGeometryRef().ExportToWkt()} for feature in source.GetLayer(0)]


def events_of(run):
    return [json.loads(line) for line in run.stdout.splitlines()]


QUICK_RUN = """
name: {model}
scenes: [{{optical: {folder}/hrsi.tif, dem: {folder}/dem.tif, labels: {folder}/labels.gpkg}}]
network: {{width: 0.125}}
terrain: [relative_elevation_17, relative_elevation_65, gradient_east, gradient_north, slope]
tile: {{size: 128, overlap: 64}}
gsd: {{min: 1, max: 100}}
samples: {{side: 64, block: 64}}
validation: {{share: 0}}
training: {{epochs: 30, batch: 8, learning_rate: 3.0e-3, device: cpu}}
"""


@pytest.fixture(scope="session", autouse=True)
def model(tmp_path_factory):
    """The shipped model of synthetic scenes; where the build has none, one that is trained here for some seconds."""
    without_networks = "train" not in json.loads(scarp("--version", "--json").stdout)["verbs"]
    if without_networks or (BUILD / "share" / "scarp" / "models" / f"{MODEL}.safetensors").exists():
        return
    folder = tmp_path_factory.mktemp("models")
    scarp("synth", "-o", folder, "--seed", 7, "--size", 512, "-q")
    (folder / "run.yaml").write_text(QUICK_RUN.format(model=MODEL, folder=folder))
    scarp("train", folder / "run.yaml", "-o", folder / "run", "-q")
    (folder / "run" / "model.safetensors").rename(folder / f"{MODEL}.safetensors")
    os.environ["SCARP_MODELS"] = str(folder)


@pytest.fixture(scope="session")
def scene(tmp_path_factory):
    """hrsi.tif, dem.tif, labels.gpkg: 256 x 256 pixels of 10 m."""
    folder = tmp_path_factory.mktemp("scene")
    scarp("synth", "-o", folder, "--seed", 7, "--size", 256, "--overwrite", "-q")
    return folder


@pytest.fixture(scope="session")
def mapped(scene, tmp_path_factory):
    """The scene, mapped once: slides.gpkg, classes.tif, p.tif."""
    folder = tmp_path_factory.mktemp("mapped")
    scarp("detect", scene / "hrsi.tif", scene / "dem.tif", "-m", MODEL, "-o", folder / "slides.gpkg",
          "--class-raster", folder / "classes.tif", "--probability-raster", folder / "p.tif", "--min-area", 0, "-q")
    return folder


def write_raster(path, values, driver="GTiff", origin=(600000, 5200000), pixel=10.0, epsg=32632, nodata=None,
                 options=()):
    """`values` [bands, rows, cols] or [rows, cols]."""
    import numpy as np
    from osgeo import gdal_array, osr
    values = np.atleast_3d(values.T).T if values.ndim == 2 else values
    bands, rows, cols = values.shape
    kind = gdal_array.NumericTypeCodeToGDALTypeCode(values.dtype)
    file = gdal.GetDriverByName(driver).Create(str(path), cols, rows, bands, kind, list(options))
    if epsg:
        crs = osr.SpatialReference()
        crs.ImportFromEPSG(epsg)
        file.SetProjection(crs.ExportToWkt())
    file.SetGeoTransform((origin[0], pixel, 0, origin[1], 0, -pixel))
    for band in range(bands):
        if nodata is not None:
            file.GetRasterBand(band + 1).SetNoDataValue(nodata)
        file.GetRasterBand(band + 1).WriteArray(values[band])
    file.FlushCache()
    return path
