# Data races. Only base and io may have threads (./x tidy holds that), and storage gives them work: other layers run on
# one thread and would only cost time here.
set -euo pipefail
source tools/x/lib/common.sh
source tools/x/lib/run_ctest.sh

compile tsan base_test io_test storage_test
export X_COUNTS=/dev/null # the same cases again: counted once
run_ctest tsan --tests-regex '^(base|io|storage)$'
