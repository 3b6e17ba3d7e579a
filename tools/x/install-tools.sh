# install-tools                       install the Debian packages of tools/packages.txt that are missing
set -euo pipefail

quiet=false
if [[ ${1:-} == --quiet ]]; then quiet=true; fi

wanted=()
while read -r package condition _; do
  [[ $package == '' || $package == '#'* ]] && continue
  if [[ $condition == unless:* ]] && command -v "${condition#unless:}" >/dev/null; then continue; fi
  wanted+=("$package")
done <tools/packages.txt

if ! command -v dpkg-query >/dev/null; then
  echo "./x: this is no Debian system; these packages or their like are needed: ${wanted[*]}" >&2
  exit 0
fi

missing=()
installed=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' "${wanted[@]}" 2>/dev/null || true)
for package in "${wanted[@]}"; do
  if [[ $'\n'$installed$'\n' != *$'\n'"installed $package"$'\n'* ]]; then missing+=("$package"); fi
done

if ((${#missing[@]} == 0)); then
  $quiet || echo 'all packages are installed'
  exit 0
fi

as_root=()
if ((EUID != 0)); then
  if ! command -v sudo >/dev/null || { [[ ! -t 0 ]] && ! sudo -n true 2>/dev/null; }; then
    echo "./x: packages are missing. Install them as root, then run this again:" >&2
    echo "  apt-get update && apt-get install -y --no-install-recommends ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi
echo "installing: ${missing[*]}"
"${as_root[@]}" apt-get update -q
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
