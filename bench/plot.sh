#!/bin/sh
# bench/plot.sh - figures as pictures: plot.sh RESULTS DIR
#
# One SVG a group of rows, DIR/GROUP.svg: a panel a unit, a bar a row, the range as a
# whisker.  Without gnuplot it says so, and that is all.
set -eu
results=$1
dir=$2
if ! command -v gnuplot >/dev/null; then
	echo "$0: no pictures: gnuplot is not here" >&2
	exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Rows of a group into a file a unit; the panels, UNIT ROWS MOST, to stdout.
panels() { # GROUP
	rm -f "$work"/rows.*
	awk -F '\t' -v group="$1" -v work="$work" '
		/^# group / { inside = substr($0, 9) == group; next }
		/^#/ || !inside || $3 == "" { next }
		!($2 in n) { order[++units] = $2 }
		{ printf "%s\t%s\t%s\t%s\n", $1, $3, $4, $5 >(work "/rows." unit($2)); n[$2]++
		  if ($5 + 0 > most[$2]) most[$2] = $5 }
		END { for (i = 1; i <= units; i++) print order[i], n[order[i]], most[order[i]] + 0 }
		function unit(u) { gsub("/", "-", u); return u }' "$results"
}

# A panel's share of the picture is that of its rows, from the top down.
draw() { # GROUP PANELS
	total=$(awk '{ n += $2 + 3 } END { print n }' "$2")
	echo "set terminal svg size 900,$((total * 22 + 30)) dynamic background '#ffffff' font 'sans-serif,12'"
	echo "set output '$dir/$1.svg'"
	echo "set multiplot title '$1' noenhanced"
	echo "set style fill solid 0.6 noborder"
	echo "unset key; set grid x; set offsets 0,0,0.6,0.6; set tics nomirror noenhanced"
	echo "set lmargin at screen 0.36; set rmargin at screen 0.97"
	echo "set xlabel offset 0,0.6 noenhanced"
	awk -v total="$total" -v work="$work" -v q="'" '{
		file = $1
		gsub("/", "-", file)
		high = 1 - 30 / (total * 22 + 30)
		top = (1 - above / total) * high
		above += $2 + 3
		printf "set tmargin at screen %.4f; set bmargin at screen %.4f\n", top,
			(1 - (above - 2.2) / total) * high
		printf "set xlabel %s%s%s; set yrange [%d:-1] noextend\n", q, $1, q, $2
		printf "set xrange [0:%s]\n", ($3 > 0 ? "*" : "1")
		printf "set arrow 1 from %s, graph 0 to %s, graph 1 nohead dt 2\n",
			$1 == "ratio" ? 1 : 0, $1 == "ratio" ? 1 : 0
		printf "plot %s%s/rows.%s%s using ($2 / 2):0:($2 / 2):(0.35):ytic(1) with boxxyerror lc rgb %s#4477aa%s, %s%s using 2:0:3:4 with xerrorbars pt 0 lc rgb %s#222222%s\n",
			q, work, file, q, q, q, q, q, q, q
	}' "$2"
	echo "unset multiplot"
}

mkdir -p "$dir"
sed -n 's/^# group //p' "$results" | sort -u | while read -r group; do
	panels "$group" >"$work/panels"
	[ -s "$work/panels" ] || continue
	draw "$group" "$work/panels" >"$work/script"
	gnuplot "$work/script"
	echo "$dir/$group.svg"
done
