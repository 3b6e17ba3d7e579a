# The tests of the Python tools, each folder by itself, and generated pages that must be up to date.
set -euo pipefail

status=0
for folder in $(find tools -name 'test_*.py' -printf '%h\n' | sort -u); do
  echo "-- $folder"
  out=$(cd "$folder" && python3 -m unittest discover -p 'test_*.py' 2>&1) && failed=0 || failed=1
  tail -n 20 <<<"$out"
  ran=$(sed -n 's/^Ran \([0-9]*\) test.*/\1/p' <<<"$out")
  # "FAILED (failures=1, errors=2)"
  numbers=$(sed -n 's/^FAILED (\(.*\))$/\1/p' <<<"$out" | tr -c '0-9\n' ' ')
  bad=0
  for number in $numbers; do bad=$((bad + number)); done
  if ((failed && bad == 0)); then bad=1; fi # it died before it could count
  echo "$((${ran:-0} > bad ? ran - bad : 0)) $bad 0" >>"${X_COUNTS:-/dev/null}"
  ((failed == 0 && ${ran:-0} > 0)) || status=1
done
./x docs --check || status=1
exit $status
