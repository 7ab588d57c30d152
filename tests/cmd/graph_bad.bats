# tests/cmd/graph_bad.bats - strato-graph import: what is wrong with an input has a
# result of its own, and leaves the graph that was there
load ../lib/common

setup() {
	W=$BATS_TEST_TMPDIR
	export STRATO_STORE=$W/s
	strato-init "$STRATO_STORE"
	cd "$W"
	printf 'old 1\nold 2\n' | strato-graph import -q -f el
	strato-graph export >old
}

teardown() {
	if mountpoint -q "$W/disk"; then
		umount "$W/disk"
	fi
}

# The graph from before is there, and nothing else.
untouched() {
	strato-graph export >now
	same old now
	[ "$(strato-graph ls)" = default ] || fail "$(strato-graph ls)"
	[ -z "$(ls "$STRATO_STORE/tmp")" ] || fail "left in tmp: $(ls "$STRATO_STORE/tmp")"
	strato-graph check
}

# An import of FILE in FORMAT that fails with STATUS; its message has all WORDS.
refused() { # STATUS FORMAT FILE WORD...
	local status=$1 format=$2 file=$3 word
	shift 3
	run --separate-stderr "-$status" strato-graph import --replace -f "$format" "$file"
	for word; do
		[[ "$stderr" == *"$word"* ]] || fail "$format $file: no \"$word\" in: $stderr"
	done
	[ -z "$output" ]
}

@test "a malformed line: 65, the file, the line, its words, and nothing imported" {
	mm='%%MatrixMarket matrix coordinate'
	while IFS=$TAB read -r format line words text; do
		printf "${text//%%/%%%%}" >bad
		refused 65 "$format" bad "bad: line $line: " "$words" "[bad-record]"
	done <<-END
	el	2	found one field	1 2\n3\n
	el	1	found more fields	1 2 3 4\n
	el	1	"x" is not a number	1 2 x\n
	el	3	"nan" is not finite	# c\n1 2\n1 2 nan\n
	el	1	is not finite	1 2 -Infinity\n
	el	1	over 64 bits	1 2 9223372036854775808\n
	el	1	over 1.8e308	1 2 1e309\n
	tsv	2	no TAB	a\tb\nc\n
	tsv	1	unknown escape	a\t\\\\q\n
	tsv	1	empty key	\tb\n
	tsv	1	is not a number	a\tb\t\tweight=heavy\n
	csv	2	one column	1,2\n3\n
	csv	2	2 columns, the header has 3	from,to,weight\n1,2\n
	csv	1	quote	a,"b\n
	csv	3	is not a number	from,to,weight\na,b,1\na,b,c\n
	mtx	3	column 3 is not in 1 to 2	$mm pattern general\n2 2 1\n1 3\n
	mtx	3	expected ROW COLUMN VALUE	$mm real general\n2 2 1\n1 2\n
	mtx	3	is no integer	$mm integer general\n2 2 1\n1 2 0.5\n
	metis	3	neighbour 3 is not in 1 to 2	2 1\n2\n3\n
	metis	2	no weight behind	2 1 1\n2\n1\n
	dimacs	2	expected a SRC DST WEIGHT	p sp 2 1\na 1 2\n
	dimacs	1	no p line	a 1 2 3\n
	adj	6	not below 2	AdjacencyGraph\n2\n1\n0\n1\n2\n
	END
	untouched
}

@test "a header that does not match its lines is 65, whatever is tolerated" {
	mm='%%MatrixMarket matrix coordinate'
	while IFS=$TAB read -r format words text; do
		printf "${text//%%/%%%%}" >bad
		run --separate-stderr -65 strato-graph import --replace --max-bad=999 -f $format bad
		[[ "$stderr" == *"bad: line "*"$words"* ]] || fail "$format $text: $stderr"
	done <<-END
	mtx	more than the 1 entries	$mm pattern general\n2 2 1\n1 2\n2 1\n
	mtx	after 1 of 2 entries	$mm pattern general\n2 2 2\n1 2\n
	mtx	ROWS COLUMNS ENTRIES	$mm pattern general\n2 2\n1 2\n
	mtx	unknown to Matrix Market	$mm pattern nonsense\n2 2 0\n
	mtx	1000000000000000 nodes for 1 edges	$mm pattern general\n1000000000000000 9 1\n1 2\n
	metis	header says 2 edges, the lines hold 1	2 2\n2\n1\n
	metis	more than the 2 lines	2 1\n2\n1\n1\n
	metis	after the lines of 1 of 2	2 1\n2\n
	metis	both ends	2 1\n2\n\n
	dimacs	more than the 1 arcs	p sp 2 1\na 1 2 3\na 1 2 3\n
	dimacs	after 1 of 2 arcs	p sp 2 2\na 1 2 3\n
	adj	more than the header	AdjacencyGraph\n1\n1\n0\n0\n0\n
	adj	after 3 of 4	AdjacencyGraph\n1\n1\n0\n
	END
	untouched
}

@test "tolerated lines are counted and copied, in every format that has lines" {
	mm='%%MatrixMarket matrix coordinate'
	while IFS=$TAB read -r format bad text; do
		printf "${text//%%/%%%%}" >in
		run --separate-stderr -65 strato-graph import -q --replace --max-bad=1 -f $format in
		strato-graph import -q -g g --replace --max-bad=2 --rejects=rej -f $format in
		printf "$bad" >want
		same want rej
		[ "$(strato-graph ls -l | awk '$1 == "g" { print $3 }')" = 2 ]
		strato-graph rm g
		untouched
	done <<-END
	el	x\ny y y\n	1 2\nx\ny y y\n3 4\n
	tsv	x\ny\n	1\t2\nx\n3\t4\ny\n
	csv	x\n"a"b,c\n	1,2\nx\n3,4\n"a"b,c\n
	mtx	x\n0 0\n	$mm pattern general\n4 4 4\nx\n1 2\n0 0\n3 4\n
	adjlist	a\\0 1\na\\0\n	1 2\na\\0 1\n3 4\na\\0\n
	END
}

@test "a thousand malformed lines at the beginning stop it whatever is tolerated" {
	{ printf '%%%%MatrixMarket matrix coordinate pattern general\n9 9 5000\n'
	  yes '1 x' | head -n 5000; } >bad
	run --separate-stderr -65 strato-graph import --max-bad=9999 --replace -f mtx bad
	[[ "$stderr" == *"the first 1000 lines are all malformed as mtx"*'line 3: "1 x"'* ]]
	yes 'x' | head -n 5000 >bad
	for f in el tsv csv; do
		run --separate-stderr -65 strato-graph import --max-bad=9999 --replace -f $f bad
		[[ "$stderr" == *"the first 1000 lines are all malformed as $f"* ]] || fail "$stderr"
	done
	untouched
}

@test "ids over 64 bits and negative ones are texts, or malformed where ids are numbers" {
	printf '18446744073709551616 -5\n1 2\n' >wide
	strato-graph import -q -g t -f el wide
	[ "$(strato-graph neighbors -g t 18446744073709551616)" = -5 ]
	strato-graph info -g t | grep -q '^keys *strings'
	strato-graph rm t
	run --separate-stderr -65 strato-graph import --ids=int --replace -f el wide
	[[ "$stderr" == *"wide: line 1: "*"18446744073709551616"* ]]
	printf '1 2\n3 -4\n' >minus
	run --separate-stderr -65 strato-graph import --ids=int --replace -f el minus
	[[ "$stderr" == *"minus: line 2: "*'"-4"'* ]]
	printf 'p edge 2 1\ne 1 -2\n' >bad
	refused 65 dimacs bad "line 2: " '"-2" is no number'
	printf 'p edge 2 1\ne 1 18446744073709551616\n' >bad
	refused 65 dimacs bad "line 2: " '"18446744073709551616" is no number'
	printf -- '-1\n' >bad.v
	refused 65 ldbc bad.v "bad.v: line 1: "
	untouched
}

@test "a packed input that is cut off or damaged is 65" {
	seq 40000 | awk '{ print $1, $1 + 1 }' >in
	gzip -c in | head -c 50000 >cut.gz
	refused 65 el cut.gz "cut.gz" "[cut-off]"
	{ head -c 50000 cut.gz | head -c 30000; head -c 9000 /dev/zero; } >zero.gz
	run ! strato-graph import -q --replace -f el zero.gz
	gzip -c in >whole.gz
	printf 'garbage' >>whole.gz
	run ! strato-graph import -q --replace -f mtx whole.gz
	head -c 12 /dev/zero >half
	refused 65 pairs64 half "half: offset 0: " "[cut-off]"
	head -c 20 /dev/zero >half
	refused 65 pairs32 half "half: offset 16: " "[cut-off]"
	untouched
}

@test "a NUL in a text is malformed, and a byte of a key in tsv" {
	printf 'a\0b c\n' >nul
	refused 65 el nul "line 1: " "NUL"
	refused 65 adjlist nul "line 1: " "NUL"
	printf 'a\0b,c\n' >nul
	refused 65 csv nul "line 1: " "NUL"
	printf 'p edge 2 1\ne 1 \0002\n' >nul
	refused 65 dimacs nul "line 2: "
	untouched
	printf 'a\0b\tc\n' | strato-graph import -q -g t -f tsv
	[ "$(strato-graph nodes -g t | head -n 1)" = 'a\0b' ]
}

@test "a line of 10 MB is malformed, but as a comment or as the neighbours of a node" {
	{ printf '1 2\n'; head -c 10000000 /dev/zero | tr '\0' x; printf ' y\n3 4\n'; } >long
	refused 65 el long "long: line 2: longer than 1048576 bytes"
	strato-graph import -q -g t --max-bad=1 -f el long
	[ "$(strato-graph export -g t -f el | tr '\n' ,)" = "1 2,3 4," ]
	{ printf '1 2\n#'; head -c 10000000 /dev/zero | tr '\0' x; printf '\n3 4\n'; } >long
	strato-graph import -q -g t --replace -f el long
	[ "$(strato-graph export -g t -f el | tr '\n' ,)" = "1 2,3 4," ]
	{ printf 'hub'; seq 1400000 | tr '\n' ' ' | sed 's/^/ /'; printf '\n'; } >star
	[ "$(wc -c <star)" -gt 10000000 ]
	strato-graph import -q -g t --replace -f adjlist star
	[ "$(strato-graph degree -g t hub | cut -f2)" = 1400000 ]
	strato-graph rm t
	untouched
}

@test "an empty input is an empty graph and this is said, but a header must be there" {
	for f in auto el tsv csv adjlist pairs32 pairs64; do
		run --separate-stderr -0 strato-graph import -g e --replace -f $f /dev/null
		[[ "$stderr" == *'graph "e" is empty'* ]] || fail "$f: $stderr"
		[ "$(strato-graph nodes -g e --count)" = 0 ]
		strato-graph check -g e
	done
	strato-graph rm e
	for f in mtx metis dimacs adj; do
		refused 65 $f /dev/null "the input ends" "[cut-off]"
	done
	untouched
}

@test "equal edges with different weights are as --dedup says, in any format" {
	printf '1 2 5\n1 2 -3\n1 2 4\n' >w.el
	printf 'from,to,weight\n1,2,5\n1,2,-3\n1,2,4\n' >w.csv
	printf '%%%%MatrixMarket matrix coordinate integer general\n2 2 3\n1 2 5\n1 2 -3\n1 2 4\n' >w.mtx
	printf 'p sp 2 3\na 1 2 5\na 1 2 -3\na 1 2 4\n' >w.dimacs
	for f in el csv mtx dimacs; do
		for pair in first:5 sum:6 min:-3 max:5 keep:5,-3,4; do
			strato-graph import -q -g w --replace --dedup=${pair%:*} -f $f w.$f
			[ "$(strato-graph export -q -g w -f el | cut -d' ' -f3 | paste -sd,)" = \
				"${pair#*:}" ] || fail "$f $pair: $(strato-graph export -g w)"
		done
	done
	strato-graph rm w
	untouched
}

@test "a disk that fills up leaves the old graph and no file" {
	mkdir disk
	mount -t tmpfs -o size=8M none disk 2>/dev/null ||
		skip "no file system of our own can be mounted here"
	strato-init -O log_size=1M disk/s
	export STRATO_STORE=$W/disk/s
	printf 'old 1\nold 2\n' | strato-graph import -q -f el
	awk 'BEGIN { x = 1; for (i = 0; i < 3000000; i++) {
		x = (x * 16807) % 2147483647; print x, (x * 3) % 2147483647 } }' >big
	run --separate-stderr -74 strato-graph import --replace -f el big
	[[ "$stderr" == *"[no-space]"* ]] || fail "$stderr"
	untouched
	strato-graph import -q --replace -f el <<<"still works"
	[ "$(strato-graph export -f el)" = "still works" ]
}

@test "any signal leaves the old graph and no file, at any moment" {
	mkfifo pipe
	for signal in INT TERM HUP; do
		for f in el mtx csv; do
			env --default-signal=INT strato-graph import -q --replace -f $f pipe &
			local pid=$!
			exec 7>pipe
			case $f in
			el) printf '1 2\n' >&7 ;;
			csv) printf 'from,to\n1,2\n' >&7 ;;
			mtx) printf '%%%%MatrixMarket matrix coordinate pattern general\n9 9 9\n1 2\n' >&7
			esac
			sleep 0.1
			kill -$signal $pid
			timeout 60 tail --pid=$pid -f /dev/null || kill -9 $pid
			local status=0
			wait $pid || status=$?
			exec 7>&-
			((status == 128 + $(kill -l $signal))) || fail "$signal $f: status $status"
			untouched
		done
	done
}
