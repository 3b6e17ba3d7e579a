# compat [--write] [CLIENT...]        real clients against a real server; --write: for docs/compatibility.md
# needs: tests/compat/CMakeLists.txt
set -euo pipefail
source tools/x/lib/common.sh
source tools/x/lib/run_ctest.sh

write=false
if [[ ${1:-} == --write ]]; then
  write=true
  shift
fi
if $write && (($# > 0)); then die 'compat --write asks all clients'; fi
ensure_packages
/usr/bin/python3 -B tests/compat/run.py --install
compile release distributary rdkafka_client
rm -rf build/compat/results
status=0
# Programs of others hang now and then; what fails once is shown, and asked once more.
tests=(--label-regex '^compat$' --repeat until-pass:2)
if (($# > 0)); then tests+=(--tests-regex "^compat_($(IFS='|' && echo "$*"))\$"); fi
run_ctest release "${tests[@]}" || status=1
/usr/bin/python3 -B tests/compat/results.py "$($write && echo --write || echo --check)" || status=1
if $write; then ./x docs; fi
exit $status
