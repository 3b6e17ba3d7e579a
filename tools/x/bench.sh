# bench [FILTER]                      build the benchmarks and run them, or those whose name matches
# needs: bench/CMakeLists.txt
set -euo pipefail
source tools/x/lib/common.sh

ensure_packages
compile bench benchmarks
for program in build/bench/bench/bench_*; do
  echo "== ${program##*/bench_}"
  "$program" ${1:+--benchmark_filter="$1"}
done
