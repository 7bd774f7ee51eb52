#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The driver of docs/driver-api.md and the daemon of docs/user-api.md, with each other.
set -u
cd "$(dirname "$0")/.." || exit

module=build/kmod/$(uname -r)/kmod/test/miracast_example.ko
daemon=build/user/selftests/examples/example_daemon
echo "TAP version 13"
echo "1..4"
n=0
result() { # STATUS NAME
	n=$((n + 1))
	if [ "$1" = 0 ]; then echo "ok $n $2"; else echo "not ok $n $2"; fi
}

insmod "$module"
result $? "the example driver loads"
device=/dev/$(basename "$(dirname "$(grep -lx miracast_example /sys/class/miracast/*/name)")")
out=$(timeout 60 "$daemon" "$device" 2>&1)
[ "$out" = "10 messages answered on miracast_example" ]
result $? "the example daemon serves it: $out"
out=$("$daemon" /dev/null 2>&1)
[ $? = 1 ]
result $? "the example daemon refuses what is no adapter: $out"
rmmod miracast_example
result $? "the example driver unloads"
