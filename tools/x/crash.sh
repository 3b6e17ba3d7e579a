# crash [--kills N] [--seed S]        kill a process with a stream under load again and again, check what is left
# needs: tests/crash/CMakeLists.txt
set -euo pipefail
source tools/x/lib/common.sh

ensure_packages
compile release distributary_crash_test
exec build/release/tests/crash/distributary_crash_test "$@"
