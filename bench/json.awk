# bench/json.awk - figures as JSON: awk -f json.awk results.tsv
#
# {"about":[...],"figures":[{"group":..,"metric":..,"unit":..,"median":..,"min":..,
# "max":..,"runs":..},...]}; a figure that could not be taken has runs 0 and no median.

function text(s) {
	gsub(/\\/, "\\\\", s)
	gsub(/"/, "\\\"", s)
	gsub(/\t/, "\\t", s)
	return "\"" s "\""
}

/^# group / { group = substr($0, 9); next }
/^#/ { if (!said[$0]++) about = about (about == "" ? "" : ",") "\n  " text(substr($0, 3)); next }
{
	split($0, f, "\t")
	one = "{\"group\":" text(group) ",\"metric\":" text(f[1]) ",\"unit\":" text(f[2])
	if (f[6] > 0)
		one = one sprintf(",\"median\":%s,\"min\":%s,\"max\":%s", f[3], f[4], f[5])
	figures = figures (figures == "" ? "" : ",") "\n  " one ",\"runs\":" f[6] + 0 "}"
}
END { printf "{\"about\":[%s],\n \"figures\":[%s]}\n", about, figures }
