# The unit tests, as they are released.
set -euo pipefail
source tools/x/lib/common.sh
source tools/x/lib/run_ctest.sh

compile release
run_ctest release --label-regex '^unit$'
