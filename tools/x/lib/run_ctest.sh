# run_ctest PRESET CTEST-ARGUMENT...: runs tests and counts every case of every GoogleTest program, and 1 for any other
# test. Sourced, never run.
run_ctest() {
  local preset=$1 status=0
  shift
  local results=$PWD/build/$preset/results
  rm -rf "$results"
  mkdir -p "$results"
  GTEST_OUTPUT="xml:$results/" ctest --test-dir "build/$preset" --parallel "$jobs" --output-on-failure --timeout 300 \
    --output-junit "$results.xml" "$@" || status=$?
  python3 tools/x/count_tests.py "$results.xml" "$results" >>"${X_COUNTS:-/dev/null}"
  return "$status"
}
