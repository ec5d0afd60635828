# SPDX-License-Identifier: Apache-2.0
"""The shipped model of Mars on a real scene that has no labels: landslides lie at steep ground."""
import os
import pathlib

import numpy as np
import pytest
from osgeo import gdal, ogr

from conftest import ROOT, scarp

DATA = pathlib.Path(os.environ.get("SCARP_DATA_DIR") or ROOT.parent / "shared" / "data") / "mars"


def dilated(mask, radius):
    """Pixels within `radius` pixels of the mask."""
    padded = np.pad(mask, int(radius))
    result = np.zeros_like(mask)
    reach = range(-int(radius), int(radius) + 1)
    for row in reach:
        for col in reach:
            if row * row + col * col <= radius * radius:
                top, left = int(radius) + row, int(radius) + col
                result |= padded[top:top + mask.shape[0], left:left + mask.shape[1]]
    return result


def test_the_isolated_canyons_of_mars_are_mapped_at_their_walls(tmp_path):
    if not DATA.exists():
        assert os.environ.get("CI") != "true", f"{DATA} is not there, and CI is true"
        pytest.skip(f"no {DATA}: set SCARP_DATA_DIR")
    scarp("detect", DATA / "isolated_hrsi.tif", DATA / "isolated_dem.tif", "-m", "scarp-mars", "-o", tmp_path / "slides.gpkg",
          "--class-raster", tmp_path / "classes.tif", "-q")
    polygons = ogr.Open(str(tmp_path / "slides.gpkg"))
    layer = polygons.GetLayerByName("landslides")
    assert layer.GetFeatureCount() >= 20
    assert all(feature.GetGeometryRef().IsValid() for feature in layer)
    slope = gdal.DEMProcessing("", str(DATA / "isolated_dem.tif"), "slope", format="MEM", computeEdges=True).ReadAsArray()
    raster = gdal.Open(str(tmp_path / "classes.tif"))
    landslide = raster.ReadAsArray() == 1
    near_steep = dilated(slope > 10, 2000 / raster.GetGeoTransform()[1])
    assert (landslide & near_steep).sum() >= 0.7 * landslide.sum()
