# bench/table.awk - figures as a table for people: awk -f table.awk README.md results.tsv
#
# Targets and first bars are those of README.md's tables, where a row is
# "| `METRIC` | what it is | target | bar |" and N in a metric stands for any number.
# The last column says which of the two a median holds, or that it holds neither.

function pattern(metric) {
	gsub(/\./, "\\.", metric)
	gsub(/kN/, "(k[0-9]+|given)", metric)
	gsub(/N/, "[0-9]+", metric)
	return "^" metric "$"
}

function holds(value, bound,	part) {
	split(bound, part, " ")
	return part[1] == ">=" ? value + 0 >= part[2] + 0 : value + 0 <= part[2] + 0
}

function bound(text) {
	gsub(/,/, "", text)	# of thousands
	return text ~ /^[<>]=/ ? text : ""
}

function verdict(value, target, bar) {
	if (value == "" || (target == "" && bar == ""))
		return ""
	if (target != "" && holds(value, target))
		return "target"
	if (bar != "" && holds(value, bar))
		return target == "" ? "ok" : "bar"
	return "MISSED"
}

function widen(column, text) {
	if (length(text) > width[column])
		width[column] = length(text)
}

function line(a, b, c, d, e, f, g, h,	text) {
	text = sprintf(form, a, b, c, d, e, f, g, h)
	sub(/ +$/, "", text)
	print text
}

function remark(text) {
	if (text ~ /^# group /)
		print "\n" substr(text, 9)
	else if (text != "")
		print text
}

FNR == NR {
	if (split($0, part, / *\| */) >= 5 && part[2] ~ /^`/) {
		gsub(/`/, "", part[2])
		known[++known_n] = pattern(part[2])
		targets[known_n] = bound(part[4])
		bars[known_n] = bound(part[5])
	}
	next
}

{
	n++
	if (/^#/) {		# each script tells the same machine
		comment[n] = said[$0]++ ? "" : $0
		next
	}
	split($0, figure, "\t")
	for (i = 1; i <= known_n && figure[1] !~ known[i]; i++)
		;
	cell[n, 1] = figure[1]
	cell[n, 2] = figure[3]
	cell[n, 3] = figure[2]
	cell[n, 4] = figure[6] > 1 ? figure[4] " .. " figure[5] : ""
	cell[n, 5] = figure[6] > 0 ? figure[6] : ""
	cell[n, 6] = targets[i]
	cell[n, 7] = bars[i]
	cell[n, 8] = verdict(figure[3], targets[i], bars[i])
	for (c = 1; c <= 8; c++)
		widen(c, cell[n, c])
}

END {
	split("metric median unit min..max runs target bar holds", head, " ")
	for (c = 1; c <= 8; c++)
		widen(c, head[c])
	form = "%-" width[1] "s  %" width[2] "s  %-" width[3] "s  %" width[4] "s  %" \
		width[5] "s  %-" width[6] "s  %-" width[7] "s  %s"
	line(head[1], head[2], head[3], head[4], head[5], head[6], head[7], head[8])
	for (r = 1; r <= n; r++)
		if (r in comment)
			remark(comment[r])
		else
			line(cell[r, 1], cell[r, 2], cell[r, 3], cell[r, 4], cell[r, 5],
				cell[r, 6], cell[r, 7], cell[r, 8])
}
