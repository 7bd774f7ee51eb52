#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A daemon that is killed with a message in its hands, and a systemd that keeps its context
# and starts it anew: the programs of docs/user-api.md, "After a crash".
set -u
cd "$(dirname "$0")/.." || exit

export XDG_RUNTIME_DIR=/run/recover-test
out=$XDG_RUNTIME_DIR/out
module=build/kmod/$(uname -r)/kmod/test/miracast_example.ko
echo "TAP version 13"
echo "1..4"
n=0
result() { # STATUS NAME
	n=$((n + 1))
	if [ "$1" = 0 ]; then echo "ok $n $2"; else echo "not ok $n $2"; fi
}
soon() { # COMMAND...: whether it succeeds within a minute
	local tries
	for ((tries = 0; tries < 600; tries++)); do
		! "$@" >/dev/null 2>&1 || return 0
		sleep 0.1
	done
	return 1
}
ended() { [ "$(systemctl --user is-active recovering)" != activating ] && [ -s "$out" ]; }

insmod "$module" || exit
device=/dev/$(basename "$(dirname "$(grep -lx miracast_example /sys/class/miracast/*/name)")")

# A manager of one's own runs only where systemd seems to be.
mkdir -p /run/systemd/system "$XDG_RUNTIME_DIR/systemd/user"
sed "s,@DAEMON@,$PWD/build/user/selftests/examples/recovering_daemon,; s,@DEVICE@,$device,
	s,@OUT@,$out," selftests/examples/recovering.service \
	>"$XDG_RUNTIME_DIR/systemd/user/recovering.service"
/lib/systemd/systemd --user >"$XDG_RUNTIME_DIR/log" 2>&1 &
manager=$!
soon systemctl --user is-system-running || soon test -S "$XDG_RUNTIME_DIR/systemd/private"
systemctl --user start --no-block recovering
result $? "the service starts"
soon ended
result $? "it ends in its second life"
[ "$(cat "$out")" = "generation 2 answered what its predecessor had read; the driver saw 1 answered" ]
result $? "the message was handed out again: $(cat "$out")"
sed 's/^/# /' "$XDG_RUNTIME_DIR/log"
kill $manager
wait $manager
rmmod miracast_example
result $? "nothing is left: the example driver unloads"
