# SPDX-License-Identifier: Apache-2.0
"""Every input that people get wrong: an exit code, one sentence that says what and where, and nothing left behind."""
import resource

import numpy as np
import pytest
from conftest import MODEL, files_in, refused, write_raster


@pytest.fixture(scope="module")
def bad(scene, tmp_path_factory):
    """Files that are wrong, by name."""
    folder = tmp_path_factory.mktemp("bad")
    (folder / "text.tif").write_text("This is no raster.\n" * 50)
    whole = (scene / "hrsi.tif").read_bytes()
    (folder / "truncated.tif").write_bytes(whole[: len(whole) // 2])
    dem = (scene / "dem.tif").read_bytes()
    (folder / "truncated_dem.tif").write_bytes(dem[: len(dem) // 2])
    (folder / "nothing.tif").write_bytes(b"")
    write_raster(folder / "elsewhere.tif", np.ones((64, 64), np.float32), origin=(100000, 4000000))
    write_raster(folder / "no_crs.tif", np.ones((3, 256, 256), np.uint8), epsg=None)
    write_raster(folder / "dem_no_crs.tif", np.ones((256, 256), np.float32), epsg=None)
    write_raster(folder / "all_nodata.tif", np.zeros((3, 256, 256), np.uint8), nodata=0)
    write_raster(folder / "one_band.tif", np.ones((256, 256), np.uint8))
    write_raster(folder / "coarse.tif", np.ones((3, 256, 256), np.uint8), pixel=5000.0)
    write_raster(folder / "five_bands.tif", np.ones((5, 256, 256), np.uint16))
    (folder / "model.safetensors").write_bytes(b"\x10\0\0\0\0\0\0\0{}")
    (folder / "labels.gpkg").write_text("no geopackage")
    return folder


# The image, the DEM ("-": none), the code, and what the sentence holds.
RASTERS = [
    ("absent.tif", "{scene}/dem.tif", 3, ["absent.tif"]),
    ("{bad}/text.tif", "{scene}/dem.tif", 3, ["text.tif"]),
    ("{bad}/nothing.tif", "{scene}/dem.tif", 3, ["nothing.tif"]),
    ("{bad}/truncated.tif", "{scene}/dem.tif", 3, ["truncated.tif"]),
    ("{scene}/hrsi.tif", "absent.tif", 3, ["absent.tif"]),
    ("{scene}/hrsi.tif", "{bad}/truncated_dem.tif", 3, ["truncated_dem.tif"]),
    ("{scene}/hrsi.tif", "{bad}/elsewhere.tif", 3, ["elsewhere.tif"]),
    ("{scene}/hrsi.tif", "{bad}/dem_no_crs.tif", 3, ["dem_no_crs.tif", "coordinate reference system"]),
    ("{bad}/no_crs.tif", "{scene}/dem.tif", 3, ["no_crs.tif", "coordinate reference system"]),
    ("{bad}/all_nodata.tif", "{scene}/dem.tif", 3, ["all_nodata.tif"]),
    ("{bad}/one_band.tif", "{scene}/dem.tif", 3, ["one_band.tif", "needs 3", "has 1"]),
    ("{bad}/coarse.tif", "{scene}/dem.tif", 3, ["5000", "--any-pixel-size"]),
    ("{scene}/hrsi.tif", "-", 3, ["DEM"]),
]


@pytest.mark.parametrize("image, dem, code, words", RASTERS, ids=lambda value: str(value).split("/")[-1][:24])
def test_detect_refuses(scene, bad, tmp_path, image, dem, code, words):
    inputs = [path.format(scene=scene, bad=bad) for path in (image, dem) if path != "-"]
    refused(tmp_path, code, words, "detect", *inputs, "-m", MODEL, "-o", tmp_path / "s.gpkg",
            "--class-raster", tmp_path / "c.tif", "--probability-raster", tmp_path / "p.tif")
    assert files_in(tmp_path) == []


def test_detect_refuses_bands_that_are_not_there(scene, tmp_path):
    refused(tmp_path, 2, ["Band 9", "hrsi.tif", "1 to 3"], "detect", scene / "hrsi.tif", scene / "dem.tif", "-m", MODEL, "-b", "1,2,9",
            "-o", tmp_path / "s.gpkg")


def test_an_unknown_model_is_named_with_those_there_are(scene, tmp_path):
    words = ["scarp-marz", MODEL]
    refused(tmp_path, 3, words, "detect", scene / "hrsi.tif", "-m", "scarp-marz", "-o", tmp_path / "s.gpkg")
    refused(tmp_path, 3, words, "model", "info", "scarp-marz")


def test_a_model_that_is_no_model_is_refused(scene, bad, tmp_path):
    refused(tmp_path, 3, ["model.safetensors"], "detect", scene / "hrsi.tif", scene / "dem.tif", "-m", bad / "model.safetensors",
            "-o", tmp_path / "s.gpkg")
    refused(tmp_path, 3, ["model.safetensors"], "model", "info", bad / "model.safetensors")


def test_no_shipped_model_fits_five_bands_and_each_says_why(bad, scene, tmp_path):
    refused(tmp_path, 3, [MODEL, "band"], "detect", bad / "one_band.tif", scene / "dem.tif", "-o", tmp_path / "s.gpkg")


def test_a_device_that_is_not_there_is_a_lack_of_resources(scene, tmp_path):
    refused(tmp_path, 4, ["cuda:77"], "detect", scene / "hrsi.tif", scene / "dem.tif", "-m", MODEL, "-o", tmp_path / "s.gpkg",
            "--device", "cuda:77")
    refused(tmp_path, 2, ["abacus"], "detect", scene / "hrsi.tif", scene / "dem.tif", "-m", MODEL, "-o", tmp_path / "s.gpkg",
            "--device", "abacus")


def test_detect_wants_an_output(scene, tmp_path):
    refused(tmp_path, 2, ["-o", "--class-raster"], "detect", scene / "hrsi.tif", scene / "dem.tif", "-m", MODEL)


def test_detect_never_writes_two_outputs_or_an_input_to_one_name(scene, tmp_path):
    refused(tmp_path, 2, ["same name", "a.tif"], "detect", scene / "hrsi.tif", scene / "dem.tif", "-m", MODEL,
            "--class-raster", tmp_path / "a.tif", "--probability-raster", tmp_path / "a.tif")
    refused(scene, 2, ["dem.tif", "input"], "detect", scene / "hrsi.tif", scene / "dem.tif", "-m", MODEL,
            "--class-raster", scene / "dem.tif", "--overwrite")


def test_an_area_elsewhere_is_refused(scene, tmp_path):
    refused(tmp_path, 3, ["hrsi.tif"], "detect", scene / "hrsi.tif", scene / "dem.tif", "-m", MODEL, "-o", tmp_path / "s.gpkg",
            "--bbox", 0, 0, 10, 10)


def test_a_format_that_is_not_there_is_named(scene, tmp_path):
    refused(tmp_path, 2, ["slides.xyz", ".gpkg"], "detect", scene / "hrsi.tif", scene / "dem.tif", "-m", MODEL, "-o", tmp_path / "slides.xyz")


# Verbs by the arguments before and after the name of their output.
OUTPUTS = {
    "terrain": (["terrain", "{scene}/dem.tif", "--channels", "slope", "-o"], "t.tif"),
    "synth": (["synth", "--size", "128", "-o"], "folder"),
    "detect": (["detect", "{scene}/hrsi.tif", "{scene}/dem.tif", "-m", MODEL, "-o"], "s.gpkg"),
    "class-raster": (["detect", "{scene}/hrsi.tif", "{scene}/dem.tif", "-m", MODEL, "--class-raster"], "c.tif"),
    "evaluate": (["evaluate", "{mapped}/slides.gpkg", "--labels", "{scene}/labels.gpkg", "-o"], "report.html"),
    "json": (["evaluate", "{mapped}/slides.gpkg", "--labels", "{scene}/labels.gpkg", "--json"], "m.json"),
}


@pytest.mark.parametrize("verb", OUTPUTS)
def test_an_output_below_a_file_or_in_a_folder_that_is_not_there_cannot_be_written(scene, mapped, tmp_path, verb):
    (tmp_path / "file").write_text("kept")
    arguments, name = OUTPUTS[verb]
    arguments = [argument.format(scene=scene, mapped=mapped) for argument in arguments]
    refused(tmp_path, 4, [tmp_path / "file"], *arguments, tmp_path / "file" / name)
    if verb != "synth":
        refused(tmp_path, 4, [tmp_path / "absent"], *arguments, tmp_path / "absent" / name)
    refused(tmp_path, 4, ["/proc"], *arguments, "/proc/scarp/" + name)


@pytest.mark.parametrize("verb", [verb for verb in OUTPUTS if verb != "synth"])
def test_an_existing_output_needs_overwrite(scene, mapped, tmp_path, verb):
    arguments, name = OUTPUTS[verb]
    (tmp_path / name).write_text("precious")
    arguments = [argument.format(scene=scene, mapped=mapped) for argument in arguments]
    refused(tmp_path, 2, [name, "--overwrite"], *arguments, tmp_path / name)
    assert (tmp_path / name).read_text() == "precious"


def small_files():
    """As on a full disk: no file may grow beyond this many bytes."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))


@pytest.mark.parametrize("verb", ["terrain", "synth", "detect", "class-raster"])
def test_a_full_disk_is_said_and_nothing_is_left(scene, mapped, tmp_path, verb):
    arguments, name = OUTPUTS[verb]
    arguments = [argument.format(scene=scene, mapped=mapped) for argument in arguments]
    if verb == "class-raster":
        arguments += [tmp_path / "c.tif", "-o"]
        name = "s.gpkg"
    refused(tmp_path, 4, [str(tmp_path)], *arguments, tmp_path / name, preexec_fn=small_files)
    assert [path for path in files_in(tmp_path) if path != "folder"] == []


@pytest.mark.parametrize("verb, arguments", [
    ("terrain", ["{raster}", "--channels", "slope", "-o", "{out}/t.tif"]),
    ("inspect", ["{raster}"]),
    ("inspect", ["{scene}/hrsi.tif", "{raster}"]),
    ("evaluate", ["{raster}", "--labels", "{scene}/labels.gpkg", "-o", "{out}/r.html"]),
    ("evaluate", ["{mapped}/slides.gpkg", "--labels", "{raster}", "--labelled-area", "all", "-o", "{out}/r.html"]),
])
@pytest.mark.parametrize("name", ["text.tif", "truncated_dem.tif"])
def test_every_verb_names_the_raster_that_it_cannot_read(scene, mapped, bad, tmp_path, verb, arguments, name):
    places = {"raster": bad / name, "scene": scene, "mapped": mapped, "out": tmp_path}
    refused(tmp_path, 3, [name], verb, *[argument.format(**places) for argument in arguments])
    assert files_in(tmp_path) == []


@pytest.mark.parametrize("name", ["absent.gpkg", "labels.gpkg"])
def test_evaluate_names_the_labels_that_it_cannot_read(scene, mapped, bad, tmp_path, name):
    refused(tmp_path, 3, [name], "evaluate", mapped / "slides.gpkg", "--labels", bad / name, "-o", tmp_path / "r.html")


def test_evaluate_names_a_layer_that_is_not_there(scene, mapped, tmp_path):
    refused(tmp_path, 3, ["labels.gpkg", "slides"], "evaluate", mapped / "slides.gpkg", "--labels",
            f"{scene / 'labels.gpkg'}:slides", "-o", tmp_path / "r.html")


def test_vrt_files_never_run_python(tmp_path):
    path = tmp_path / "evil.vrt"
    write_raster(tmp_path / "a.tif", np.ones((20, 20), np.float32))
    path.write_text(f"""<VRTDataset rasterXSize="20" rasterYSize="20"><SRS>EPSG:32632</SRS><GeoTransform>0,1,0,0,0,-1</GeoTransform>
      <VRTRasterBand dataType="Float32" band="1" subClass="VRTDerivedRasterBand"><PixelFunctionType>f</PixelFunctionType>
      <PixelFunctionLanguage>Python</PixelFunctionLanguage><PixelFunctionCode><![CDATA[
def f(in_ar, out_ar, *a, **k):
    open("{tmp_path / 'ran'}", "w")
]]></PixelFunctionCode><SimpleSource><SourceFilename>{tmp_path / 'a.tif'}</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>""")
    refused(tmp_path, 3, ["evil.vrt"], "terrain", path, "-o", tmp_path / "t.tif", "--channels", "slope")
    assert not (tmp_path / "ran").exists()
