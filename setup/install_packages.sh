#!/bin/sh
# install_packages.sh TAG...   Installs the Debian packages of setup/packages.txt that bear one of the tags, if any is missing.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
wanted=""
for tag in "$@"; do
  wanted="$wanted $(awk -v tag="$tag" '$1 == tag {print $2}' "$here/packages.txt")"
done
missing=""
for package in $wanted; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
echo "Installing Debian packages:$missing"
if [ "$(id -u)" = 0 ]; then as_root=""; else as_root="sudo"; fi
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086  # words are wanted
$as_root apt-get update -q >/dev/null
# shellcheck disable=SC2086
$as_root apt-get install -y -q --no-install-recommends $missing >/dev/null
