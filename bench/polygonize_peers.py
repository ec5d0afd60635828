#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""polygonize_peers.py BENCH MASK [-n PAIRS] [--gdal LIBGDAL.so] [--outputs memory,fgb,gpkg] [--connectedness 8]

Compares polygonize_bench (BENCH) with GDALPolygonize of a libgdal, in a process each, turn by turn, one thread against one. The masks are
those of polygonize_masks.py. First the answers: as many polygons, and as many pixels in them; a wrong run prints no ratio. Then
processor seconds, for a machine with other work on it, and seconds by the clock, as medians over pairs; the first pair does not count.
"""
import argparse
import ctypes
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

DRIVERS = {"memory": b"Memory", "fgb": b"FlatGeobuf", "gpkg": b"GPKG"}


def polygonize_with(library, mask, output, connectedness, target):
    """In a process of its own: what GDAL needs from opening the mask to closing the layer."""
    os.environ["GDAL_MEM_ENABLE_OPEN"] = "YES"
    gdal = ctypes.CDLL(library)
    for name in ("GDALOpen", "GDALGetRasterBand", "GDALGetDriverByName", "GDALCreate", "GDALDatasetCreateLayer", "OGR_Fld_Create",
                 "GDALGetSpatialRef", "GDALGetMaskBand", "OGR_L_GetNextFeature", "OGR_F_GetGeometryRef"):
        getattr(gdal, name).restype = ctypes.c_void_p
    gdal.OGR_L_GetFeatureCount.restype = ctypes.c_int64
    gdal.OGR_G_Area.restype = ctypes.c_double
    handle = ctypes.c_void_p
    gdal.GDALAllRegister()
    start, cpu = time.perf_counter(), time.process_time()
    source = handle(gdal.GDALOpen(mask.encode(), 0))
    band = handle(gdal.GDALGetRasterBand(source, 1))
    driver = gdal.GDALGetDriverByName(DRIVERS[output]) or gdal.GDALGetDriverByName(b"MEM")
    made = handle(gdal.GDALCreate(handle(driver), target.encode(), 0, 0, 0, 0, None))
    layer = handle(gdal.GDALDatasetCreateLayer(made, b"p", handle(gdal.GDALGetSpatialRef(source)), 3, None))
    field = handle(gdal.OGR_Fld_Create(b"class", 0))
    gdal.OGR_L_CreateField(layer, field, 1)
    if output == "gpkg":
        gdal.GDALDatasetStartTransaction(made, 0)
    options = (ctypes.c_char_p * 2)(b"8CONNECTED=8" if connectedness == "8" else None, None)
    failed = gdal.GDALPolygonize(band, handle(gdal.GDALGetMaskBand(band)), layer, 0, options, None, None)
    if output == "gpkg":
        gdal.GDALDatasetCommitTransaction(made)
    report = {"polygons": gdal.OGR_L_GetFeatureCount(layer, 1), "pixels": 0, "failed": failed}
    if output == "memory":
        seconds, used = time.perf_counter() - start, time.process_time() - cpu
        gdal.OGR_L_ResetReading(layer)
        area = 0.0
        while True:
            feature = gdal.OGR_L_GetNextFeature(layer)
            if not feature:
                break
            area += gdal.OGR_G_Area(handle(gdal.OGR_F_GetGeometryRef(handle(feature))))
            gdal.OGR_F_Destroy(handle(feature))
        report["map_area"] = area
    else:
        gdal.GDALClose(made)
        seconds, used = time.perf_counter() - start, time.process_time() - cpu
    print(json.dumps(report | {"seconds": seconds, "cpu_seconds": used}))


def run(command):
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])


def compare(arguments, output, folder):
    target = str(pathlib.Path(folder) / f"p.{output}")
    ours = [arguments.bench, arguments.mask, arguments.connectedness, "1"] + ([] if output == "memory" else [target])
    theirs = [sys.executable, __file__, "--child", arguments.gdal, arguments.mask, output, arguments.connectedness, target]
    pairs = []
    for _ in range(arguments.pairs + 1):
        pair = []
        for command in (ours, theirs):
            pathlib.Path(target).unlink(missing_ok=True)
            pair.append(run(command))
        pairs.append(pair)
        if pair[0]["polygons"] != pair[1]["polygons"]:
            return f"| {output} | wrong: {pair[0]['polygons']} polygons, GDAL has {pair[1]['polygons']} | | | |"
    pairs = pairs[1:]
    cells = []
    for key in ("cpu_seconds", "seconds"):
        ratios = [theirs[key] / ours[key] for ours, theirs in pairs]
        cells.append(f"{statistics.median(ratios):.1f} ({min(ratios):.1f} to {max(ratios):.1f})")
    mine = statistics.median(ours["cpu_seconds"] for ours, _ in pairs)
    gdals = statistics.median(theirs["cpu_seconds"] for _, theirs in pairs)
    return f"| {output} | {pairs[0][0]['polygons']} | {mine:.2f} / {gdals:.2f} | {cells[0]} | {cells[1]} |"


def main():
    if len(sys.argv) > 1 and sys.argv[1] == "--child":
        return polygonize_with(*sys.argv[2:])
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench")
    parser.add_argument("mask")
    parser.add_argument("-n", "--pairs", type=int, default=3)
    parser.add_argument("--gdal", default="libgdal.so.32")
    parser.add_argument("--outputs", default="memory,fgb,gpkg")
    parser.add_argument("--connectedness", choices=["4", "8"], default="8")
    arguments = parser.parse_args()
    print(f"{pathlib.Path(arguments.mask).name}, {arguments.connectedness}-connected, {pathlib.Path(arguments.gdal).name}")
    print("| to | polygons | processor seconds, Scarp / GDAL | ratio | ratio by the clock |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for output in arguments.outputs.split(","):
            print(compare(arguments, output, folder), flush=True)


if __name__ == "__main__":
    main()
