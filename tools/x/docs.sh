# docs [--check]                      write the generated pages of docs/ again, or fail if one is out of date
set -euo pipefail
source tools/x/lib/common.sh

ensure_packages
status=0
for generator in tools/docs/*; do
  if [[ -f $generator && -x $generator ]]; then "$generator" "$@" || status=1; fi
done
exit $status
