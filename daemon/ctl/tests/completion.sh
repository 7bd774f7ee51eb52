#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# tests/completion.sh COMPLETION: what bash offers after a part of a command line.
set -u
# shellcheck source=daemon/ctl/miracastctl.bash
. "$1"

# Sinks of names that would do something if a shell read them.
names=('Living room' Lobby '$(id)' '`id`;' "Joe's" 'Wow!' 'a "b" \c')
miracastctl() {
	[ "${*: -2}" = "list --names" ] || return 1
	printf '%s\n' "${names[@]}"
	[ "$1" != --bus ] || printf '%s\n' "On $2"
}

n=0
failed=0
offers() { # EXPECTED WORD...: the last one is what is being typed; lines of EXPECTED
	local expected=$1
	shift
	COMP_WORDS=(miracastctl "$@") COMP_CWORD=$#
	_miracastctl
	n=$((n + 1))
	if [ "$(printf '%s\n' "${COMPREPLY[@]}")" = "$expected" ]; then
		echo "ok $n $*"
	else
		echo "not ok $n $*"
		printf '# %s\n' "${COMPREPLY[@]}"
		failed=1
	fi
}
# Each reply, read by a shell as the person's would, is one of the names and nothing else.
are_names() { # QUOTE NAME...
	local quote=$1 reply words read=()
	shift
	COMP_WORDS=(miracastctl connect "$quote") COMP_CWORD=2
	_miracastctl
	for reply in "${COMPREPLY[@]}"; do
		eval "words=($quote$reply$quote)"
		[ ${#words[@]} = 1 ] && read+=("${words[0]}")
	done
	n=$((n + 1))
	if [ "$(printf '%s\n' "${read[@]}")" = "$(printf '%s\n' "$@")" ]; then
		echo "ok $n names after ${quote:-nothing}"
	else
		echo "not ok $n names after ${quote:-nothing}"
		printf '# %s\n' "${COMPREPLY[@]}"
		failed=1
	fi
}

offers $'connect\nchannel' c
offers 'Living\ room' connect Li
offers 'Living\ room' connect 'Living\ r'
offers 'Living room' connect '"Liv'
offers 'Living room' show "'Liv"
offers 'all' disconnect al
offers 'Living\ room' screenshot Liv
offers '--width' screenshot --w
offers 'On\ session' --bus session connect On
offers 'session' --bus se
offers $'--pin\n--port' connect --p
offers 'mice' connect --way m
offers '' connect --port 7
offers '' connect "'J"
offers '' connect '"W'
offers 'adapters' channel a
are_names '' "${names[@]}"
# No quote can hold its own, and bash's history stands above double quotes.
are_names \' 'Living room' Lobby '$(id)' '`id`;' 'Wow!' 'a "b" \c'
are_names \" 'Living room' Lobby '$(id)' '`id`;' "Joe's" 'a "b" \c'
echo "1..$n"
exit $failed
