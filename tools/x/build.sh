# build [PRESET] [TARGET...]           install what is missing and compile (release, dev, asan, tsan, fuzz, bench)
set -euo pipefail
source tools/x/lib/common.sh

preset=${1:-release}
if (($# > 0)); then shift; fi
presets=(release dev asan tsan fuzz bench)
[[ " ${presets[*]} " == *" $preset "* ]] || die "there is no preset '$preset'; there are: ${presets[*]}"
ensure_packages
case $preset in
  fuzz) compile fuzz "${@:-fuzzers}" ;;
  bench) compile bench "${@:-benchmarks}" ;;
  release) # what is released; `all` makes the tests too
    compile release "${@:-distributary}"
    ;;
  *) compile "$preset" "$@" ;;
esac
