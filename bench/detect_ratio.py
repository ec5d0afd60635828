#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a whole scene costs beside its bare network: `scarp detect` with polygons and rasters, over as many forward passes of the same
tiles, one thread each, in turn.

    detect_ratio.py --scarp build/bin/scarp --bench build/bin/network_bench --model scarp-mars.safetensors HRSI DEM --rounds 5
"""
import argparse, json, pathlib, statistics, subprocess, tempfile


def detected(args, folder):
    """Seconds and tiles of one run."""
    run = subprocess.run([args.scarp, "detect", args.hrsi, args.dem, "-m", args.model, "-o", folder / "slides.gpkg", "--class-raster",
                          folder / "classes.tif", "--precision", args.precision, "-j", "1", "--overwrite", "--events"],
                         check=True, capture_output=True, text=True)
    summary = [event for event in map(json.loads, run.stdout.splitlines()) if event.get("event") == "result" and event["kind"] == "summary"]
    return summary[-1]["data"]["seconds"], summary[-1]["data"]["tiles"]


def forward(args, tiles):
    run = subprocess.run([args.bench, "forward", args.model, args.precision, str(tiles)], check=True, capture_output=True, text=True)
    return json.loads(run.stdout)["median_s"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("hrsi")
    parser.add_argument("dem")
    for name in ("--scarp", "--bench", "--model"):
        parser.add_argument(name, required=True)
    parser.add_argument("--precision", default="fp32", choices=["fp32", "bf16"])
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    ratios = []
    with tempfile.TemporaryDirectory() as name:
        for _ in range(args.rounds):
            seconds, tiles = detected(args, pathlib.Path(name))
            ratios.append(seconds / (tiles * forward(args, tiles)))
            print(json.dumps({"seconds": seconds, "tiles": tiles, "ratio": round(ratios[-1], 3)}), flush=True)
    print(json.dumps({"what": f"detect / bare network, {args.precision}", "median": round(statistics.median(ratios), 3),
                      "min": round(min(ratios), 3), "max": round(max(ratios), 3), "rounds": len(ratios)}))


if __name__ == "__main__":
    main()
