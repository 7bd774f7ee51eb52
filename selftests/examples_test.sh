#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The drivers of docs/driver-api.md and the daemon of docs/user-api.md, with each other.
set -u
cd "$(dirname "$0")/.." || exit

built=build/kmod/$(uname -r)/kmod/test
daemon=build/user/selftests/examples/example_daemon
echo "TAP version 13"
echo "1..7"
n=0
result() { # STATUS NAME
	n=$((n + 1))
	if [ "$1" = 0 ]; then echo "ok $n $2"; else echo "not ok $n $2"; fi
}

# The second one sends from an interrupt, by way of a work.
for module in miracast_example miracast_example_irq; do
	insmod "$built/$module.ko"
	result $? "$module loads"
	device=/dev/$(basename "$(dirname "$(grep -lx $module /sys/class/miracast/*/name)")")
	out=$(timeout 60 "$daemon" "$device" 2>&1)
	[ "$out" = "10 messages answered on $module" ]
	result $? "the example daemon serves it: $out"
	rmmod $module
	result $? "$module unloads"
done
out=$("$daemon" /dev/null 2>&1)
[ $? = 1 ]
result $? "the example daemon refuses what is no adapter: $out"
