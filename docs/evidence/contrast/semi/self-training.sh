#!/bin/sh
# self-training.sh RUNDIR   Teachers are RUNDIR/teachers/two-branches-fN-s1 (runs of the screen), the logs of two-branches lie in RUNDIR/logs.
# SCARP names the program, MARS the folder of the scenes.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
run=$(realpath "$1")
scarp=${SCARP:-scarp}
mars=$(realpath "${MARS:-$here/../../../../../shared/data/mars}")
for fold in 1 3 5; do
  sure=$run/fold$fold
  mkdir -p "$sure"
  model=$run/teachers/two-branches-f$fold-s1/model.safetensors
  "$scarp" detect "$mars/valles_hrsi.tif" "$mars/valles_dem.tif" -m "$model" --sure-labels "$sure/valles.tif" \
    --sure-outside "$mars/valles_labels.gpkg:labelled_area" --overwrite
  "$scarp" detect "$mars/isolated_hrsi.tif" "$mars/isolated_dem.tif" -m "$model" --sure-labels "$sure/isolated.tif" --overwrite
  sed "s|SURE|$sure|g; s|MARS|$mars|g; s|FOLDS|$here/../../../../datasets/folds/valles.csv|" "$here/mars-folds-sure.yaml" >"$sure/run.yaml"
  sed "s|^base: .*|base: $sure/run.yaml|; s|^folds: .*|folds: [$fold]|" "$here/self-training.yaml" >"$sure/plan.yaml"
  "$scarp" ablate "$sure/plan.yaml" -o "$run" -j 1
done
