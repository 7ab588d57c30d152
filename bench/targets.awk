# bench/targets.awk - what README.md's tables ask of a metric; read before table.awk and
# report.awk, with README.md as the first file
#
# A row there is "| `METRIC` | what it is | target | bar |", and N in a metric stands for
# any number.  row_of(METRIC) is the first that fits, or 0; targets[] and bars[] are its
# bounds, words[] what it is.

function pattern(metric) {
	gsub(/\./, "\\.", metric)
	gsub(/kN/, "(k[0-9]+|given)", metric)
	gsub(/N/, "[0-9]+", metric)
	return "^" metric "$"
}

function holds(value, limit,	part) {
	split(limit, part, " ")
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

# 1 where the bound is met, more where it is met with room, less where it is missed.
function score(value, limit,	part) {
	split(limit, part, " ")
	if (limit == "" || value + 0 <= 0 || part[2] + 0 <= 0)
		return ""
	return part[1] == ">=" ? value / part[2] : part[2] / value
}

function row_of(metric,	i) {
	for (i = 1; i <= known_n; i++)
		if (metric ~ known[i])
			return i
	return 0
}

# (gawk 5.2.1 breaks on an element without a value that is handed on twice)
BEGIN { targets[0] = bars[0] = words[0] = "" }

FNR == NR {
	if (split($0, part, / *\| */) >= 5 && part[2] ~ /^`/) {
		gsub(/`/, "", part[2])
		known[++known_n] = pattern(part[2])
		words[known_n] = part[3]
		targets[known_n] = bound(part[4])
		bars[known_n] = bound(part[5])
	}
	next
}
