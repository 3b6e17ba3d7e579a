# fmt [--check]                       format the C++ sources in place, or only say which are not
set -euo pipefail
source tools/x/lib/common.sh

mode=--fix
case ${1:-} in
  '') ;;
  --check) mode='--only=format' ;;
  *) die "fmt does not know '$1'; it takes --check" ;;
esac
ensure_packages
exec python3 tools/tidy "$mode"
