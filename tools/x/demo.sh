# demo [options]                      two clusters on this machine, a replicated stream between them, and clients
# needs: tools/demo/run
set -euo pipefail
source tools/x/lib/common.sh

ensure_packages
exec tools/demo/run "$@"
