#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The KUnit suites, on kernels that have KUnit; their results as TAP. The display
# driver's ran when it was loaded, the channel's are in a module of their own.
cd "$(dirname "$0")/.." || exit
module=build/kmod/$(uname -r)/kmod/test/miracast_kunit.ko
if [ ! -d /sys/kernel/debug/kunit ] || [ ! -e "$module" ]; then
	echo "1..0 # SKIP a kernel without KUnit"
	exit 4
fi
insmod "$module" || exit
suites=(miracast miracast_display_damage)
failed=0 n=0
echo "TAP version 13"
echo "1..${#suites[@]}"
for name in "${suites[@]}"; do
	n=$((n + 1))
	results=/sys/kernel/debug/kunit/$name/results
	grep -sE '^ +(1\.\.|ok|not ok)' $results
	if grep -qs '^ *not ok' $results || ! grep -q '^ok' $results; then
		sed 's/^/# /' $results
		echo "not ok $n $name"
		failed=1
	else
		echo "ok $n $name"
	fi
done
rmmod miracast_kunit || failed=1
exit $failed
