# sim --seed N | --seeds A..B         the deterministic simulation: whole clusters in one process, faults included
# needs: tests/sim/CMakeLists.txt
set -euo pipefail
source tools/x/lib/common.sh

(($# > 0)) || die 'sim needs --seed N or --seeds A..B'
ensure_packages
compile release distributary_sim
exec build/release/tests/sim/distributary_sim "$@"
