# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# bash completion of miracastctl(1)

# Names come from the air: whatever they contain, each becomes one word of the command line.
_miracastctl_sinks() { # WORD MIRACASTCTL-OPTION...
	local word=$1 quote='' name text
	shift
	case $word in
	[\"\']*) quote=${word:0:1} word=${word:1} ;;
	esac
	while IFS= read -r name; do
		case $quote in
		\') text=$name ;;
		\")
			text=${name//\\/\\\\}
			text=${text//\"/\\\"}
			text=${text//\$/\\\$}
			text=${text//\`/\\\`}
			;;
		*) printf -v text %q "$name" ;;
		esac
		# Within these quotes nothing takes the meaning from those.
		[[ $quote == \' && $name == *\'* ]] && continue
		[[ $quote == \" && $name == *!* ]] && continue
		[[ $text != "$word"* ]] || COMPREPLY+=("$text")
	done < <(miracastctl "$@" list --names 2>/dev/null)
}

_miracastctl() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
	local i=1 command='' choices='' bus=()

	COMPREPLY=()
	if [ "${COMP_WORDS[1]}" = --bus ] && [ "$COMP_CWORD" -gt 2 ]; then
		bus=(--bus "${COMP_WORDS[2]}") i=3
	fi
	[ "$COMP_CWORD" -le $i ] || command=${COMP_WORDS[i]}
	case $command:$before in
	*:--bus) choices='system session' ;;
	connect:--way) choices='mice p2p address' ;;
	connect:--maker) choices='auto supplicant network-manager iwd' ;;
	connect:--encryption) choices='auto required never' ;;
	connect:--adapter | connect:--intent | connect:--local | connect:--mode | connect:--option | connect:--pin) ;;
	connect:--port | connect:--search | connect:--sink-timeout | connect:--start-timeout) ;;
	scan:--seconds | doctor:--root | screenshot:--width) ;;
	:*) choices='scan list connect disconnect status screenshot show forget monitor channel doctor --bus --help --version' ;;
	scan:*) choices='--seconds --json' ;;
	list:*) choices='--names --json' ;;
	status:*) choices='--json --watch' ;;
	monitor:*) choices=--json ;;
	doctor:*) choices='--json --root' ;;
	channel:channel) choices='adapters stats monitor' ;;
	channel:*)
		choices=--json
		[ "${COMP_WORDS[i + 1]}" != stats ] || choices='--json --watch'
		;;
	connect:* | disconnect:* | screenshot:* | show:* | forget:*)
		case $command$word in
		connect-*)
			choices='--adapter --encryption --input --intent --local --maker --mode --no-reconnect --no-wait
				--option --pin --port --search --sink-timeout --start-timeout --way'
			;;
		show-*) choices=--json ;;
		screenshot-*) choices=--width ;;
		*)
			[ "$command" != disconnect ] || choices=all
			# What is no sink is the file.
			[ "$command" != screenshot ] || compopt -o default 2>/dev/null
			_miracastctl_sinks "$word" "${bus[@]}"
			;;
		esac
		;;
	esac
	while IFS= read -r i; do
		COMPREPLY+=("$i")
	done < <(compgen -W "$choices" -- "$word")
}

complete -F _miracastctl miracastctl
