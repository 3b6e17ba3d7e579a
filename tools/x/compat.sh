# compat [CLIENT...]                  real clients of many languages against a real server
# needs: tests/compat/CMakeLists.txt
set -euo pipefail
source tools/x/lib/common.sh
source tools/x/lib/run_ctest.sh

ensure_packages
/usr/bin/python3 -B tests/compat/run.py --install
compile release distributary rdkafka_client
rm -rf build/compat/results
status=0
tests=(--label-regex '^compat$')
if (($# > 0)); then tests+=(--tests-regex "^compat_($(IFS='|' && echo "$*"))\$"); fi
run_ctest release "${tests[@]}" || status=1
exit $status
