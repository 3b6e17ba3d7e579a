# The unit tests again, with memory errors and undefined behaviour made fatal.
set -euo pipefail
source tools/x/lib/common.sh
source tools/x/lib/run_ctest.sh

compile asan unit_tests
export X_COUNTS=/dev/null # the same cases again: counted once
UBSAN_OPTIONS=print_stacktrace=1 run_ctest asan --label-regex '^unit$'
