#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks of `scarp polygonize` that need newer libraries than Debian's. In a virtual environment:
    python3 -m venv checks && checks/bin/pip install shapely pyogrio exactextract rasterio geopandas

polygon_checks.py coverage SCARP [RASTER...]          simplified polygons of random class rasters, and of these ones, are a coverage: GEOS finds
                                                      no gap, overlap or border that neighbours do not share; areas change by what the tolerance allows
polygon_checks.py validity SCARP [POLYGONS]           GEOS finds no invalid polygon among so many (10 million) of random rasters
polygon_checks.py zonal SCARP RASTER DEM CONFIDENCE   values and processor seconds beside exactextract's, on the same polygons
"""
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

import numpy as np
import pyogrio
import shapely

METHODS = {"dp": [], "vw": ["--simplify-method", "vw"], "dp, smooth": ["--smooth"], "vw, smooth": ["--simplify-method", "vw", "--smooth"]}


def scarp_of(program, *arguments):
    """@return its processor seconds"""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([program, *map(str, arguments), "-q"], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def write_raster(path, values):
    """As ESRI's plain text: no GDAL is needed here."""
    rows, cols = values.shape
    header = f"ncols {cols}\nnrows {rows}\nxllcorner 500000\nyllcorner 5000000\ncellsize 10\n"
    with open(path, "w") as file:
        file.write(header)
        np.savetxt(file, values, fmt="%d")
    pathlib.Path(path).with_suffix(".prj").write_text(UTM)
    return path


UTM = ('PROJCS["WGS 84 / UTM zone 32N",GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563]],PRIMEM["Greenwich",0],'
       'UNIT["degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],PARAMETER["latitude_of_origin",0],PARAMETER["central_meridian",9],'
       'PARAMETER["scale_factor",0.9996],PARAMETER["false_easting",500000],PARAMETER["false_northing",0],UNIT["metre",1]]')


def random_classes(random, side, classes, grain):
    """Classes of square grains of some sizes, laid over each other."""
    raster = random.integers(1, classes + 1, (side, side))
    for size in range(2, grain + 1):
        coarse = random.integers(0, classes + 1, (side // size + 1, side // size + 1))
        coarse = np.kron(coarse, np.ones((size, size), int))[:side, :side]
        raster = np.where((coarse > 0) & (random.random((side, side)) < 0.97), coarse, raster)
    return raster


def shapes_of(path):
    return shapely.from_wkb(pyogrio.raw.read(path, columns=[])[2])


def coverage(program, *rasters):
    random = np.random.default_rng(7)
    print("| raster | method | polygons | points left | coverage is valid | union of areas | most change of an area / (2 T perimeter) |\n|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        made = [write_raster(f"{folder}/random{i}.asc", random_classes(random, 260, 2 + i % 5, 2 + i % 7)) for i in range(12)]
        for raster in [*rasters, *made]:
            scarp_of(program, "polygonize", raster, "-o", f"{folder}/exact.fgb", "--overwrite")
            exact = pyogrio.raw.read(f"{folder}/exact.fgb", columns=["uid"])
            areas = {uid: (shapely.area(shape), shapely.length(shape), shapely.get_num_coordinates(shape))
                     for uid, shape in zip(exact[3][0], shapely.from_wkb(exact[2]))}
            tolerance = float(np.sqrt(min(area for area, _, _ in areas.values()))) * 2
            for name, options in METHODS.items():
                scarp_of(program, "polygonize", raster, "-o", f"{folder}/s.fgb", "--simplify", tolerance, *options, "--overwrite")
                meta = pyogrio.raw.read(f"{folder}/s.fgb", columns=["uid"])
                shapes = shapely.from_wkb(meta[2])
                assert shapely.is_valid(shapes).all() and len(shapes) == len(areas)
                whole = shapely.coverage_is_valid(shapes)
                union = shapely.area(shapely.coverage_union_all(shapes)) / shapely.area(shapes).sum() - 1
                before = np.array([areas[uid] for uid in meta[3][0]])
                change = np.abs(shapely.area(shapes) - before[:, 0]) / (2 * tolerance * before[:, 1])
                left = shapely.get_num_coordinates(shapes).sum() / before[:, 2].sum()
                print(f"| {pathlib.Path(raster).name} | {name} | {len(shapes)} | {left:.2f} | {whole} | {union:.0e} | {change.max():.2f} |", flush=True)
                # Smoothing cuts corners of whatever sides are left: no tolerance bounds it.
                if not whole or abs(union) > 1e-9 or (change.max() > 1 and "smooth" not in name):
                    sys.exit("not a coverage")


def validity(program, wanted="1e7"):
    random = np.random.default_rng(11)
    count = {"4": 0, "8": 0}
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(10**6):
            raster = write_raster(f"{folder}/r.asc", random_classes(random, 1200, 2 + turn % 4, 1 + turn // 4 % 4))
            for connectedness in count:
                scarp_of(program, "polygonize", raster, "-o", f"{folder}/p.fgb", "--overwrite", "--connectedness", connectedness)
                shapes = shapes_of(f"{folder}/p.fgb")
                bad = ~shapely.is_valid(shapes)
                if bad.any():
                    sys.exit(f"turn {turn}, {connectedness}-connected: {bad.sum()} invalid, e.g. {shapes[bad][0].wkt[:500]}")
                count[connectedness] += len(shapes)
            if sum(count.values()) >= float(wanted):
                break
    print(f"{count['4']} polygons 4-connected and {count['8']} 8-connected of {turn + 1} rasters: none invalid (GEOS {shapely.geos_version_string})")


def zonal(program, raster, dem, confidence):
    import geopandas
    import rasterio
    from exactextract import exact_extract
    with tempfile.TemporaryDirectory() as folder:
        plain = f"{folder}/plain.gpkg"
        without = scarp_of(program, "polygonize", raster, "-o", plain, "-j", 1)
        ours = f"{folder}/ours.gpkg"
        with_values = scarp_of(program, "polygonize", raster, "-o", ours, "--dem", dem, "--confidence", confidence, "-j", 1)
        polygons = geopandas.read_file(plain, columns=[])
        start = time.process_time()
        theirs_dem = exact_extract(rasterio.open(dem), polygons, ["min", "max"])
        theirs_p = exact_extract(rasterio.open(confidence), polygons, ["mean", "min", "stdev"])
        theirs = time.process_time() - start
        names = ["elev_min", "elev_max", "conf_mean", "conf_min", "conf_std"]
        meta, _, _, values = pyogrio.raw.read(ours, columns=names, read_geometry=False)
        table = dict(zip(meta["fields"], values))
        for name, source, key, scale in [("elev_min", theirs_dem, "min", 1), ("elev_max", theirs_dem, "max", 1), ("conf_mean", theirs_p, "mean", 254),
                                         ("conf_min", theirs_p, "min", 254), ("conf_std", theirs_p, "stdev", 254)]:
            other = np.array([feature["properties"][key] for feature in source], float)
            print(f"{name}: largest difference {np.nanmax(np.abs(table[name] * scale - other)):.1e} of {len(other)} polygons")
        print(f"processor seconds: scarp with values {with_values:.2f}, without {without:.2f}; exactextract on the finished polygons {theirs:.2f}: "
              f"{theirs / with_values:.1f} times all of it, {theirs / max(1e-9, with_values - without):.1f} times the values")


if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] not in ("coverage", "validity", "zonal"):
        sys.exit(__doc__)
    os.environ.setdefault("OGR_SQLITE_SYNCHRONOUS", "OFF")
    globals()[sys.argv[1]](*sys.argv[2:])
