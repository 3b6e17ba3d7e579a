# tidy [--only CHECK]                 hold the tree against its own rules: layers, sizes, words, format, commits
set -euo pipefail
source tools/x/lib/common.sh

ensure_packages
exec python3 tools/tidy "$@"
