# fuzz [--target T] [--seconds N]      run each fuzzer (or one) for N seconds, 60 if not said; --seed S repeats a run
#
# --build asan takes the slower fuzzers of the sanitizers' build, which is there already when the tests have run.
set -euo pipefail
source tools/x/lib/common.sh

only='' seconds=60 seed=0 preset=fuzz
while (($# > 0)); do
  case $1 in
    --target) only=${2:?} ;;
    --seconds) seconds=${2:?} ;;
    --build) preset=${2:?} ;;
    --seed) seed=${2:?} ;;
    *) die "fuzz does not know '$1'; it takes --target, --seconds, --seed and --build" ;;
  esac
  shift 2
done
[[ $preset == fuzz || $preset == asan ]] || die "the build '$preset' has no fuzzers; --build takes fuzz or asan"
ensure_packages
compile "$preset" fuzzers

programs=("build/$preset/fuzz"/fuzz_*)
if [[ -n $only ]]; then
  programs=("build/$preset/fuzz/fuzz_$only")
  there=$(basename -a "build/$preset/fuzz"/fuzz_* | sed 's/fuzz_//' | xargs)
  [[ -x ${programs[0]} ]] || die "there is no fuzz target '$only'; there are: $there"
fi

# One fuzzer: what it finds goes to build/fuzz/found/, what it learns to build/fuzz/corpus/ for the next run.
run_one() {
  local program=$1 name=${1##*/fuzz_} log
  local seeds=fuzz/corpus/$name
  mkdir -p "build/fuzz/corpus/$name" build/fuzz/found
  log=build/fuzz/$name.log
  local folders=("build/fuzz/corpus/$name")
  if [[ -d $seeds ]]; then folders+=("$seeds"); fi
  if "$program" -max_total_time="$seconds" -seed="$seed" -timeout=20 -rss_limit_mb=2048 \
    -artifact_prefix="build/fuzz/found/$name-" "${folders[@]}" >"$log" 2>&1; then
    echo "$name: $(grep -o 'Done [0-9]* runs' "$log" || echo finished), nothing found"
  else
    tail -n 60 "$log"
    echo "$name: FOUND SOMETHING; run it again: $program build/fuzz/found/$name-..."
    return 1
  fi
}
export -f run_one
export seconds seed
printf '%s\0' "${programs[@]}" | xargs -0 -n 1 -P "$jobs" bash -c 'run_one "$0"'
