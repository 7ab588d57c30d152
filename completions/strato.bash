# bash completion for strato and strato-*
#
# The options come from the command's own --help at the moment of asking, so
# there is no second list that could be out of date.  Keys come from strato-ls,
# graphs from strato-graph ls: both only where a store is named.

_strato_options() { # TOOL [SUBCOMMAND]: one a line
	"$@" --help 2>/dev/null |
		sed -nE 's/^ +(-[A-Za-z0-9]), (--[a-z0-9-]+=?).*/\1\n\2/p
			s/^ +(--[a-z0-9-]+=?).*/\1/p
			s/^ +(-[A-Za-z0-9])( .*|$)/\1/p'
}

# Takes the lines of stdin that begin with $1 into COMPREPLY, quoted.  Not
# compgen -W, which would run a $(command) that someone made a key of.
_strato_pick() {
	local line
	while IFS= read -r line; do
		[[ $line == "$1"* ]] || continue
		[[ $line != *\\* ]] || continue		# an escape: not typeable
		printf -v line %q "$line"
		COMPREPLY+=("$line")
	done
}

# The words under "Commands:" in --help, one a line.
_strato_subcommands() { # TOOL
	"$1" --help 2>/dev/null |
		sed -nE '/^Commands:/,/^$/s/^ +([a-z][a-z0-9-]*).*/\1/p'
}

_strato_store() { # the -s or --store=DIR already on the line
	local i
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-s) printf '%s' "${COMP_WORDS[i + 1]}"; return ;;
		--store)
			[[ ${COMP_WORDS[i + 1]} != = ]] || ((i++))
			printf '%s' "${COMP_WORDS[i + 1]}"
			return ;;
		esac
	done
	printf '%s' "${STRATO_STORE-}"
}

# Values of an option; status 1 where $1 takes none that we know.
_strato_value() { # OPTION CUR STORE
	case $1 in
	-s|--store|--into|--repair)
		mapfile -t COMPREPLY < <(compgen -d -- "$2") ;;
	-o|--output|--rejects|--files-from)
		mapfile -t COMPREPLY < <(compgen -f -- "$2") ;;
	-g|--graph)
		_strato_pick "$2" < <(strato-graph ls -q ${3:+-s "$3"} 2>/dev/null |
			cut -f1) ;;
	-O|--set)
		compopt -o nospace 2>/dev/null
		_strato_pick "$2" <<<"${_strato_settings// /$'\n'}" ;;
	--progress|--color)
		_strato_pick "$2" <<<$'auto\nalways\nnever' ;;
	--direct-io)
		_strato_pick "$2" <<<$'auto\non\noff' ;;
	--compression)
		_strato_pick "$2" <<<$'none\nlz4' ;;
	-f|--format)
		_strato_pick "$2" <<<$'tsv\ntext\ncdb\njsonl\nel\ncsv\nmtx\nmetis\ndimacs\nldbc\nadj\nadjlist\npairs32\npairs64\nkgtk\nnt\nnq\nttl\ntrig\nmcp\ndot\nneo4j\ngraphml' ;;
	*)
		return 1 ;;
	esac
}

_strato_operand() { # TOOL CUR STORE
	case $1 in
	strato-config)
		compopt -o nospace 2>/dev/null
		_strato_pick "$2" <<<"${_strato_settings// /$'\n'}" ;;
	strato-get|strato-put|strato-rm|strato-mv|strato-ls|strato-stat)
		[[ -z $3 ]] || _strato_pick "$2" < <(
			strato-ls -q -s "$3" -L 200 -- "$2" 2>/dev/null) ;;
	esac
	[[ ${#COMPREPLY[@]} -gt 0 ]] ||
		mapfile -t COMPREPLY < <(compgen -f -- "$2")
}

_strato_settings='io_depth= direct_io= compression= cache_size= prefetch_distance= sync= memory_limit= log_size= reserve_size= network_fs='

_strato() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local tool=${COMP_WORDS[0]} name sub= store i
	name=${tool##*/}
	COMPREPLY=()
	store=$(_strato_store)
	store=${store/#\~\//$HOME/}

	# --name=value arrives as three words
	if [[ $cur == = ]]; then
		cur=
	elif [[ $prev == = ]]; then
		prev=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	if _strato_value "$prev" "$cur" "$store"; then
		return
	fi

	case $name in
	strato|strato-graph|strato-gpucache|strato-bench)
		for ((i = 1; i < COMP_CWORD; i++)); do
			[[ ${COMP_WORDS[i]} == -* ]] || { sub=${COMP_WORDS[i]}; break; }
		done ;;
	esac
	if [[ $cur == -* ]]; then
		_strato_pick "$cur" < <(_strato_options "$tool" $sub)
		[[ ${#COMPREPLY[@]} -ne 1 || ${COMPREPLY[0]} != *= ]] ||
			compopt -o nospace 2>/dev/null
	elif [[ $name == strato && -z $sub ]]; then
		_strato_pick "$cur" < <(compgen -c strato- | sed 's/^strato-//' | sort -u)
	elif [[ $name =~ ^strato-(graph|gpucache|bench)$ && -z $sub ]]; then
		_strato_pick "$cur" < <(_strato_subcommands "$tool")
	else
		_strato_operand "$name" "$cur" "$store"
	fi
}

complete -F _strato strato strato-init strato-put strato-get strato-ls \
	strato-rm strato-mv strato-stat strato-config strato-compact \
	strato-snapshot strato-diff strato-backup strato-restore \
	strato-walcheck strato-graph strato-gpucache strato-bench strato-doctor
