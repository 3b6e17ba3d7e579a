# test [--quick | --only STAGE]       everything: units, tools, tidy, sanitizers, fuzzers and what runs as a whole
#
# Each stage is tools/x/stages/NN-<name>.sh. It fails by its exit code, and writes what it counted, one line
# "passed failed skipped", to the file $X_COUNTS, and what it skipped and why, or what passed only when it was asked
# again, to $X_SKIPPED. The last line of the output is the sum of those and of the stages; what is in $X_SKIPPED is
# named before it.
set -euo pipefail
source tools/x/lib/common.sh

only='' quick=false
case ${1:-} in
  '') ;;
  --quick) quick=true ;;
  --only) only=${2:?--only needs the name of a stage} ;;
  *) die "test does not know '$1'; it takes --quick or --only STAGE" ;;
esac
ensure_packages

stages=()
for script in tools/x/stages/*.sh; do
  name=$(basename "$script" .sh)
  name=${name#*-}
  if [[ -n $only && $only != "$name" ]]; then continue; fi
  if $quick && [[ ' units tools tidy ' != *" $name "* ]]; then continue; fi
  is_there "$script" || continue
  stages+=("$script")
done
((${#stages[@]} > 0)) || die "there is no stage '$only'"

mkdir -p build
export X_COUNTS=$PWD/build/test-counts.txt X_SKIPPED=$PWD/build/test-skipped.txt
: >"$X_COUNTS"
: >"$X_SKIPPED"
summary=()
for script in "${stages[@]}"; do
  name=$(basename "$script" .sh)
  printf '\n== %s\n' "${name#*-}"
  begin=$SECONDS verdict=passed
  bash "$script" </dev/null || verdict=FAILED
  if [[ $verdict == passed ]]; then echo '1 0 0' >>"$X_COUNTS"; else echo '0 1 0' >>"$X_COUNTS"; fi
  summary+=("$(printf '%-10s %-6s %4d s' "${name#*-}" "$verdict" $((SECONDS - begin)))")
done

printf '\n== summary (%d s)\n' "$SECONDS"
printf '%s\n' "${summary[@]}"
cat "$X_SKIPPED"
awk '{ passed += $1; failed += $2; skipped += $3 }
  END {
    printf "%d passed, %d failed%s\n", passed, failed, skipped ? ", " skipped " skipped" : ""
    exit failed > 0
  }' "$X_COUNTS"
