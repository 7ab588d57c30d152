# tests/mutation/mutate.awk - one C file with a switch at each place where a rule is held
#
#	awk -v first=N -v file=NAME -v points=TABLE -f mutate.awk NAME.c
#
# Prints the file with as many lines as it had; each switch asks mutant_is(N) of
# mutant.c, at the moment when its rule matters: a refusal that no test provokes is not
# even asked.  A line of TABLE each: number, kind, file, line, function, text.  Kinds:
#
#	sync	a flush or a folder's sync that does nothing and says it was well
#	sum	a checksum that differs and is taken
#	refuse	another refusal (a length, a name, a version) that is passed over
#	error	an error of something below that is not seen
BEGIN {
	n = first
	calls = "file_flush backend_sync_dir log_sync log_sync_all blob_flush reclaim_flush " \
		"fdatasync fsync sync_to sync_folder sync_parent sync_dir platter_sync_dir"
	call_n = split(calls, call, " ")
	print "int mutant_is(int);"
	print "#line 1"
}

{ line[NR] = $0 }

# Where the parenthesis that opens at `at` of line i closes: end_i, end_at.
function closes(i, at,	depth, c, quote)
{
	depth = 0
	for (; i <= NR && i < first_i + 12; i++) {
		for (; at <= length(line[i]); at++) {
			c = substr(line[i], at, 1)
			if (quote) {
				if (c == "\\")
					at++
				else if (c == quote)
					quote = ""
			} else if (c == "\"" || c == "'")
				quote = c
			else if (c == "(")
				depth++
			else if (c == ")" && --depth == 0) {
				end_i = i
				end_at = at
				return 1
			}
		}
		at = 1
	}
	return 0
}

function plain(s)
{
	gsub(/[ \t]+/, " ", s)
	sub(/^ /, "", s)
	sub(/ $/, "", s)
	gsub(/\|/, "!", s)	# the table's own
	gsub(/\\/, "/", s)	# nobody's escape
	return s
}

function point(kind, i,	text, key)
{
	text = plain(line0[i])
	if (text ~ /^if / && line0[i + 1] ~ /(return|=) /)
		text = text " " plain(line0[i + 1])
	key = kind SUBSEP func_name SUBSEP text
	if (++times[key] > 1)
		text = text " #" times[key]
	printf "%d|%s|%s|%d|%s|%s\n", n, kind, file, i, func_name, text > points
	return n++
}

# NAME(...) becomes (mutant_is(N) ? 0 : NAME(...))
function syncs(i,	k, at, name, before, s, id)
{
	for (k = 1; k <= call_n; k++) {
		name = call[k] "("
		at = index(line[i], name)
		before = substr(line[i], at - 1, 1)
		if (at < 2 || before ~ /[A-Za-z0-9_>.]/ && before != ">")
			continue
		if (before == ">") {	# through a pointer: from where its name begins
			s = substr(line[i], 1, at - 1)
			if (!match(s, /[A-Za-z_][A-Za-z0-9_>.-]*$/))
				continue
			before = RSTART
		} else
			before = at
		first_i = i
		if (!closes(i, at + length(name) - 1))
			continue
		id = point("sync", i)
		line[end_i] = substr(line[end_i], 1, end_at) ")" substr(line[end_i], end_at + 1)
		line[i] = substr(line[i], 1, before - 1) "(mutant_is(" id ") ? 0 : " \
			substr(line[i], before)
		return
	}
}

# A condition whose branch is a refusal is false.
function refusals(i,	at, then, cond, j, id, kind)
{
	if (!match(line[i], /^\t+(} else |else )?if \(/))
		return 0
	at = RLENGTH
	first_i = i
	if (!closes(i, at))
		return 0
	then = line[end_i + 1]
	for (j = i; j <= end_i; j++)
		cond = cond line[j]
	if (then !~ /return [a-z_0-9]*(damaged|err_set|err_sys|bad|wrong|malformed|differ|ERR_)/ &&
	    then !~ /return (-1|false|[A-Z]+_(BAD|DAMAGED|TAKEN)|ERR_[A-Z]+)/ &&
	    !(then ~ /return;/ && cond ~ /got !=/) &&
	    then !~ /= *(err_set|err_sys|damaged|ERR_)/ && then !~ /^\t+(err_set|err_sys)\(/)
		return 0
	if (cond ~ /if \([a-z]+ < 0\)/ || cond ~ /mutant_is/)
		return 0
	kind = cond ~ /crc|[^a-z]sum\(|(root|hash)[a-z_(]* *!=|!= *[a-z>.-]*root|got != / ? "sum" : "refuse"
	id = point(kind, i)
	line[end_i] = substr(line[end_i], 1, end_at - 1) ") && !mutant_is(" id "))" \
		substr(line[end_i], end_at + 1)
	line[i] = substr(line[i], 1, at) "(" substr(line[i], at + 1)
	return 1
}

# A checksum that is compared in a return or in a part of a condition.
function sums(i,	at, s, id)
{
	if (match(line[i], /^\treturn /) && line[i] ~ /;$/ && line[i] ~ /(crc|sum).* == /) {
		id = point("sum", i)
		s = substr(line[i], RLENGTH + 1)
		line[i] = "\treturn (" substr(s, 1, length(s) - 1) ") || mutant_is(" id ");"
	}
}

# r < 0 is not seen; r == 0 is always so.
function errors(i,	id, at, s)
{
	if (match(line[i], /[ (][rex] < 0[ )]/)) {
		id = point("error", i)
		at = RSTART
		line[i] = substr(line[i], 1, at) "(" substr(line[i], at + 1, 5) \
			" && !mutant_is(" id "))" substr(line[i], at + 6)
	} else if (line[i] ~ /^\t+(} else )?(if|while|for) / &&
		   match(line[i], /[ (][rex] == 0[ )]/)) {
		id = point("error", i)
		at = RSTART
		line[i] = substr(line[i], 1, at) "(" substr(line[i], at + 1, 6) \
			" || mutant_is(" id "))" substr(line[i], at + 7)
	}
}

END {
	for (i = 1; i <= NR; i++)
		line0[i] = line[i]
	for (i = 1; i <= NR; i++) {
		if (line0[i] ~ /^[a-z].*\(/ && match(line0[i], /[a-z_0-9]+\(/))
			func_name = substr(line0[i], RSTART, RLENGTH - 1)
		if (line0[i] !~ /^\t/ || line0[i] ~ /^\t+\*|\\$/)
			continue
		syncs(i)
		if (!refusals(i)) {
			sums(i)
			errors(i)
		}
	}
	for (i = 1; i <= NR; i++)
		print line[i]
}
