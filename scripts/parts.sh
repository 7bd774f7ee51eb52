# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A run of tests is made of parts, each with a stream of TAP in build/check; sourced, never run.

out=build/check
mkdir -p $out
parts=()

# part NAME COMMAND...: a stream, and the status that its program ended with. What it says on
# standard error belongs with a failure. Parts may run side by side.
part() {
	local name=$1 status=0
	shift
	"$@" >"$out/$name.tap" 2>"$out/$name.err" || status=$?
	sed 's/^/# /' "$out/$name.err" >>"$out/$name.tap"
	echo "$status" >"$out/$name.status"
}

# announce NAME...: parts that are to come; one that does not is a failure.
announce() {
	local name
	for name; do
		: >"$out/$name.tap"
		echo 1 >"$out/$name.status"
		parts+=("$name")
	done
}

# sum_up [TAP-OPTION...]: the failures and the last line.
sum_up() {
	local name taps=()
	for name in "${parts[@]}"; do
		taps+=(--tap "$name" "$out/$name.tap" "$(cat "$out/$name.status")")
	done
	vm/in-root scripts/tap "$@" "${taps[@]}"
}
