# bench/table.awk - figures as a table for people:
#	awk [-v draw=1] -f targets.awk -f table.awk README.md results.tsv
#
# The last column says which of target and bar a median holds, or that it holds neither;
# with draw, a line of ten marks for the target, as many as were reached of it.

# Ten marks are the target; twenty at most.
function marks(value, target,	n, s) {
	n = int(10 * score(value, target) + 0.5)
	for (n = n > 20 ? 20 : n; n > 0; n--)
		s = s (n > 10 ? "+" : "#")
	return s
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

{
	n++
	if (/^#/) {		# each script tells the same machine
		comment[n] = said[$0]++ ? "" : $0
		next
	}
	split($0, figure, "\t")
	i = row_of(figure[1])
	cell[n, 1] = figure[1]
	cell[n, 2] = figure[3]
	cell[n, 3] = figure[2]
	cell[n, 4] = figure[6] > 1 ? figure[4] " .. " figure[5] : ""
	cell[n, 5] = figure[6] > 0 ? figure[6] : ""
	cell[n, 6] = targets[i]
	cell[n, 7] = bars[i]
	cell[n, 8] = verdict(figure[3], targets[i], bars[i])
	if (draw && cell[n, 8] != "" && targets[i] != "")
		cell[n, 8] = sprintf("%-6s %s", cell[n, 8], marks(figure[3], targets[i]))
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
