# help                                this list
set -euo pipefail
source tools/x/lib/common.sh

echo 'usage: ./x COMMAND [options]'
echo
for script in tools/x/*.sh; do
  if is_there "$script"; then printf '  ./x %s\n' "$(sed -n '1s/^# //p' "$script")"; fi
done
