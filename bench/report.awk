# bench/report.awk - figures as one page of HTML that needs nothing but itself:
#	awk -f targets.awk -f report.awk README.md [EARLIER.tsv]... results.tsv > report.html
#
# A table a group; beside each figure a bar.  Where there is a target the bar is how much
# of it was reached, with a line where it is; else the figure among those of its group
# and unit, so that a peer's stands beside ours.  What earlier results say of the same
# metric is drawn as a line, oldest first.

function safe(s) {
	gsub(/&/, "\\&amp;", s)
	gsub(/</, "\\&lt;", s)
	gsub(/>/, "\\&gt;", s)
	gsub(/"/, "\\&quot;", s)
	return s
}

# `code` of README.md's words.
function plain(s) {
	gsub(/`/, "", s)
	return safe(s)
}

# How much of BOUND a line of 120 is, and where its end is marked.
function bar_of_target(value, target, class,	x) {
	x = 60 * score(value, target)
	x = x > 120 ? 120 : x
	return svg(sprintf("<rect class='%s' width='%.1f' height='12'/>" \
		"<line x1='60' x2='60' y2='14'/>", class, x))
}

function bar_among(value, most) {
	return svg(sprintf("<rect class='none' width='%.1f' height='12'/>",
		most > 0 ? 120 * value / most : 0))
}

function svg(inside) {
	return "<svg width='122' height='14'>" inside "</svg>"
}

# Up to sixteen medians, scaled to their range.
function line_of(metric,	n, i, first, low, high, x, y, s) {
	n = past_n[metric]
	if (n < 2)
		return ""
	first = n > 16 ? n - 15 : 1
	low = high = past[metric, first]
	for (i = first; i <= n; i++) {
		low = past[metric, i] < low ? past[metric, i] : low
		high = past[metric, i] > high ? past[metric, i] : high
	}
	for (i = first; i <= n; i++) {
		x = 118 * (i - first) / (n - first) + 2
		y = high > low ? 13 - 12 * (past[metric, i] - low) / (high - low) : 7
		s = s sprintf("%.1f,%.1f ", x, y)
	}
	return svg("<polyline points='" s "'/>") "<span>" safe(low) " .. " safe(high) "</span>"
}

function head() {
	print "<!DOCTYPE html><html lang='en'><meta charset='utf-8'><title>strato: figures</title>"
	print "<meta name='viewport' content='width=device-width'><style>"
	print "body{font:15px/1.4 sans-serif;margin:2em auto;max-width:75em;padding:0 1em;" \
		"color:#222;background:#fff}"
	print "table{border-collapse:collapse;width:100%;margin-bottom:1.5em}" \
		"td,th{padding:.15em .6em;text-align:left;border-bottom:1px solid #ddd;" \
		"vertical-align:middle}td.n{text-align:right;font-variant-numeric:tabular-nums}"
	print "rect.target{fill:#2a7}rect.bar,rect.ok{fill:#48b}rect.MISSED{fill:#c53}" \
		"rect.none{fill:#99a}line{stroke:#222;stroke-width:1.5}" \
		"polyline{fill:none;stroke:#48b;stroke-width:1.5}"
	print "span,small{color:#667;font-size:.8em}" \
		"@media(prefers-color-scheme:dark){body{color:#ddd;background:#181a1c}" \
		"td,th{border-color:#333}line{stroke:#eee}}"
	print "</style><h1>strato: figures</h1>"
	print "<p>A bar's line is the target: <b style='color:#2a7'>held</b>, " \
		"<b style='color:#48b'>the first bar held</b>, <b style='color:#c53'>missed</b>; " \
		"grey where there is none. Medians; the range beside them.</p><ul>"
	for (i = 1; i <= about_n; i++)
		print "<li>" safe(about[i])
	print "</ul>"
}

function figure(r,	m, i, v, class, title, range, limit, drawing) {
	m = cell[r, 1]
	v = cell[r, 3]
	i = row_of(m)
	class = verdict(v, targets[i], bars[i])
	title = i ? plain(words[i]) : ""
	range = cell[r, 6] > 1 ? cell[r, 4] " .. " cell[r, 5] : ""
	limit = targets[i] != "" ? targets[i] : bars[i]
	if (v == "")
		drawing = ""
	else if (limit != "")
		drawing = bar_of_target(v, limit, class)
	else
		drawing = bar_among(v, most[cell[r, 7], cell[r, 2]])
	printf("<tr title=\"%s\"><td>%s<td class='n'>%s<td>%s<td class='n'><span>%s</span>" \
		"<td class='n'>%s<td>%s<td>%s<td>%s<td>%s\n", title, safe(m), v,
		safe(cell[r, 2]), range, (cell[r, 6] ? cell[r, 6] : "not here"),
		safe(targets[i]), safe(bars[i]), drawing, line_of(m))
}

function table(g,	r) {
	if (!rows_of[g])
		return
	printf "<h2>%s</h2><table><tr><th>metric<th>median<th>unit<th>range<th>runs" \
		"<th>target<th>bar<th><th>before\n", safe(g)
	for (r = 1; r <= n; r++)
		if (cell[r, 7] == g)
			figure(r)
	print "</table>"
}

FNR == 1 {
	now = FILENAME == ARGV[ARGC - 1]
	group = "others"
}

/^# group / {
	group = substr($0, 9)
	if (now && !rows_of[group])
		groups[++group_n] = group
	next
}

/^#/ {
	if (now && !said[$0]++)
		about[++about_n] = substr($0, 3)
	next
}

{
	split($0, f, "\t")
	if (f[3] != "")
		past[f[1], ++past_n[f[1]]] = f[3]
	if (!now)
		next
	n++
	for (c = 1; c <= 6; c++)
		cell[n, c] = f[c]
	cell[n, 7] = group
	rows_of[group]++
	if (f[3] + 0 > most[group, f[2]] + 0)
		most[group, f[2]] = f[3]
}

END {
	head()
	for (g = 1; g <= group_n; g++)
		if (!drawn[groups[g]]++)
			table(groups[g])
	table("others")
	print "</html>"
}
