# campaign replication [options]      kills both sides N times under load (--kills N --seed S), then compares
# needs: tests/system/campaign.py
set -euo pipefail
source tools/x/lib/common.sh

ensure_packages
compile release distributary rdkafka_client
exec /usr/bin/python3 -B tests/system/campaign.py "$@"
