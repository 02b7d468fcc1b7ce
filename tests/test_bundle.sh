#!/usr/bin/env bash
# Unpacks the newest bundle of dist/ elsewhere and runs its demo where there is no network but loopback.
# `make test-bundle` builds the bundle first.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

archive=$(ls -t dist/citydispatch-bundle-*.tar.gz 2>/dev/null | head -n 1)
if [[ -z $archive ]]; then
  echo "test-bundle: dist/ holds no bundle; run make bundle" >&2
  exit 1
fi

# Root may cut the network itself; others can where user namespaces are allowed.
if unshare --net true 2>/dev/null; then
  cut=(unshare --net)
elif unshare --map-root-user --net true 2>/dev/null; then
  cut=(unshare --map-root-user --net)
else
  echo "test-bundle: skipped, neither root nor user namespaces to cut the network with"
  exit 0
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tar -xzf "$archive" -C "$work"
cd "$work"/citydispatch-bundle-*
sha256sum --check --quiet SHA256SUMS

# The loopback device is down in a new namespace, and the service listens there.
# shellcheck disable=SC2016
timeout 300 "${cut[@]}" bash -euo pipefail -c '
python3 - <<EOF
import fcntl, socket, struct
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
    up = struct.pack("16sh", b"lo", 0x41)  # IFF_UP | IFF_RUNNING
    fcntl.ioctl(probe.fileno(), 0x8914, up)  # SIOCSIFFLAGS
    try:
        probe.connect(("192.0.2.1", 9))
    except OSError:
        pass
    else:
        raise SystemExit("test-bundle: the network is not cut")
EOF
make demo
' </dev/null

echo "test-bundle: $(basename "$archive") runs without a network"
