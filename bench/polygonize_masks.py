#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""polygonize_masks.py KIND SIZE OUT.tif   A seeded mask: 0 and 1 in a tiled, deflated GeoTIFF, UTM zone 45 north, 2 m.

KIND: smooth8, smooth30   smoothed noise over 8 % or 30 % of the ground
      rough8, rough30     the same with fine noise, as a network gives it without a filter
      checkerboard        every other pixel
      spiral              one line of one pixel's width that winds from the edge to the middle
"""
import sys

import numpy as np
from osgeo import gdal, osr

gdal.UseExceptions()
MARGIN, BAND = 256, 1024
SHARE = {"8": 1.405, "30": 0.5244}
MIX = {"smooth": [(20, .92), (5, .38), (1.5, .08)], "rough": [(20, .8), (4, .5), (0.8, .35)]}


def noise(first, end, width, seed):
    """Rows first to end of an endless field of normal deviates."""
    blocks = range(first // BAND, (end - 1) // BAND + 1)
    field = np.concatenate([np.random.default_rng([seed, block + 1000]).standard_normal((BAND, width), dtype=np.float32)
                            for block in blocks])
    return field[first - blocks[0] * BAND:end - blocks[0] * BAND]


def boxed(field, radius, axis):
    sums = np.cumsum(np.pad(field, [(radius + 1, radius) if a == axis else (0, 0) for a in (0, 1)], mode="edge"), axis=axis,
                     dtype=np.float64)
    low, high = [[slice(None)] * 2 for _ in range(2)]
    low[axis], high[axis] = slice(None, -2 * radius - 1), slice(2 * radius + 1, None)
    return ((sums[tuple(high)] - sums[tuple(low)]) / (2 * radius + 1)).astype(np.float32)


def smoothed(field, sigma):
    """Three box means: nearly a Gaussian of this width, of unit variance."""
    radius = max(1, round((np.sqrt(4 * sigma * sigma + 1) - 1) / 2)) if sigma >= 1 else 0
    for axis in (0, 1):
        for _ in range(3 if radius else 0):
            field = boxed(field, radius, axis)
    return field / field.std()


def noisy_rows(kind, first, rows, size):
    share = kind.lstrip("smotrugh")
    total = np.zeros((rows, size), np.float32)
    weights = 0
    for i, (sigma, weight) in enumerate(MIX[kind[:-len(share)]]):
        total += weight * smoothed(noise(first - MARGIN, first + rows + MARGIN, size, 1 + 17 * i), sigma)[MARGIN:-MARGIN]
        weights += weight * weight
    return total / np.sqrt(weights) > SHARE[share]


def spiral_rows(first, rows, size):
    """Distance to the edge, rounded to rings of two; one cell a turn leads from ring to ring."""
    y, x = np.mgrid[first:first + rows, 0:size]
    ring = np.minimum(np.minimum(y, x), np.minimum(size - 1 - y, size - 1 - x))
    line = ring % 2 == 0
    line[(y == x + 1) & (y < size // 2)] ^= True
    return line


def rows_of(kind, first, rows, size):
    if kind == "checkerboard":
        return np.add.outer(np.arange(first, first + rows), np.arange(size)) % 2 == 0
    return spiral_rows(first, rows, size) if kind == "spiral" else noisy_rows(kind, first, rows, size)


def main(kind, size, path):
    size = int(size)
    options = ["TILED=YES", "BLOCKXSIZE=512", "BLOCKYSIZE=512", "COMPRESS=DEFLATE", "NUM_THREADS=2", "BIGTIFF=IF_SAFER"]
    mask = gdal.GetDriverByName("GTiff").Create(path, size, size, 1, gdal.GDT_Byte, options)
    reference = osr.SpatialReference()
    reference.ImportFromEPSG(32645)
    mask.SetProjection(reference.ExportToWkt())
    mask.SetGeoTransform((300000, 2, 0, 3200000, 0, -2))
    mask.GetRasterBand(1).SetNoDataValue(0)
    for first in range(0, size, BAND):
        part = rows_of(kind, first, min(BAND, size - first), size)
        mask.GetRasterBand(1).WriteArray(part.astype(np.uint8), 0, first)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
