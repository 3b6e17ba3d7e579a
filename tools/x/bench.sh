# bench [--quick | --full] [--row N]  side by side with Kafka, NATS and the bare machine; --list, --micro [FILTER]
# needs: bench/CMakeLists.txt
set -euo pipefail
source tools/x/lib/common.sh

ensure_packages
if [[ ${1:-} == --micro ]]; then
  compile bench benchmarks
  for program in build/bench/bench/micro/bench_*; do
    echo "== ${program##*/bench_}"
    "$program" ${2:+--benchmark_filter="$2"}
  done
  exit
fi
compile release distributary bench_programs
exec /usr/bin/python3 -B tools/bench "$@"
