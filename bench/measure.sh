#!/usr/bin/env bash
# measure.sh PROGRAM DIRECTORY GB PARTITIONS BATCH [THREADS]: the series of docs/decisions/0002 on one log.
# As root, for the page cache is dropped.
set -euo pipefail
program=$1 directory=$2 gb=$3 partitions=$4 batch=$5 threads=${6:-16}
options=(partitions="$partitions" batch="$batch" threads="$threads")
seconds=${SECONDS_UNDER_LOAD:-6}

rm -rf "$directory"
load=$(uptime | sed 's/.*load/load/')
echo "== $gb GB, $partitions partitions, batches of $batch bytes, $threads read threads; $load"
"$program" load "$directory" gb="$gb" seconds="$seconds" "${options[@]}" | tee "$directory.load"
half=$(sed -n 's/^half: //p' "$directory.load")
for consumers in 1 100; do
  "$program" catchup "$directory" rate="$half" seconds="$seconds" consumers="$consumers" "${options[@]}"
done
echo '-- after a clean stop'
"$program" open "$directory"
echo '-- after kill -9 under load'
"$program" rate "$directory" gb=1000 "${options[@]}" > /dev/null &
pid=$!
sleep 4
kill -9 "$pid"
wait "$pid" 2> /dev/null || true
"$program" open "$directory"
du -sh "$directory" | cut -f1
rm -rf "$directory" "$directory.load"
