# Shared by the commands; sourced, never run.

# How many jobs a build may run at once; DISTRIBUTARY_JOBS sets it.
jobs=${DISTRIBUTARY_JOBS:-$(nproc)}
export jobs

die() {
  echo "./x: $*" >&2
  exit 2
}

# compile PRESET [TARGET...]: configures first if that was not done yet.
compile() {
  local preset=$1 log=build/$1.configure.log
  shift
  mkdir -p build
  if [[ ! -f build/$preset/build.ninja ]] && ! cmake --preset "$preset" >"$log" 2>&1; then
    cat "$log" >&2
    die "configuring the preset '$preset' failed"
  fi
  cmake --build --preset "$preset" --parallel "$jobs" ${@:+--target "$@"}
}

# Packages first, so that every command works on a fresh machine.
ensure_packages() {
  bash tools/x/install-tools.sh --quiet
}

# needs_of SCRIPT: the file without which the command or stage is not there ("# needs: FILE"); nothing if it always is.
needs_of() {
  sed -n 's/^# needs: //p' "$1"
}

is_there() {
  local needs
  needs=$(needs_of "$1")
  [[ -z $needs || -e $needs ]]
}
