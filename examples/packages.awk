# packages.awk - Debian's package paragraphs as records or as edges
#
#	awk -v out=records -f packages.awk available | strato-put -b
#	awk -v out=edges   -f packages.awk available | strato-graph import -f tsv
#
# Input is what `apt-cache dumpavail` prints, or /var/lib/dpkg/status: one
# paragraph a package, fields as "Name: value", continued on lines that begin
# with a blank.  Of a package listed twice the first paragraph counts.
#
# records: the package's name, TAB, its paragraph with the escapes of tsv.
# edges: SRC TAB DST TAB TYPE for the relations below.  Of "a (>= 1) | b:any"
# both a and b are targets; versions, architectures and profiles are left out.
# Pre-Depends are Depends that come first: the same type here.
BEGIN {
	type["Depends"] = type["Pre-Depends"] = "Depends"
	type["Recommends"] = "Recommends"
	type["Suggests"] = "Suggests"
	type["Provides"] = "Provides"
	type["Conflicts"] = "Conflicts"
}

/^$/ {
	paragraph()
	next
}

{
	if (out == "records")
		text = text $0 "\n"
	if ($0 ~ /^[ \t]/) {
		if (field in type)
			value[field] = value[field] $0
		next
	}
	field = substr($0, 1, index($0, ":") - 1)
	if (field == "Package")
		package = $2
	else if (field in type)
		value[field] = substr($0, index($0, ":") + 1)
}

END {
	paragraph()
}

function paragraph()
{
	if (package != "" && !(package in seen)) {
		seen[package] = 1
		if (out == "records")
			record()
		else
			edges()
	}
	text = package = field = ""
	split("", value)
	split("", said)
}

function record()
{
	gsub(/\\/, "&&", text)
	gsub(/\t/, "\\t", text)
	gsub(/\r/, "\\r", text)
	gsub(/\n/, "\\n", text)
	print package "\t" text
}

function edges(	f, n, i, target, list)
{
	for (f in value) {
		n = split(value[f], list, /[,|]/)
		for (i = 1; i <= n; i++) {
			target = list[i]
			gsub(/\([^)]*\)|\[[^]]*\]|<[^>]*>|[ \t]/, "", target)
			sub(/:.*/, "", target)
			if (target == "" || (target, type[f]) in said)
				continue
			said[target, type[f]] = 1
			print package "\t" target "\t" type[f]
		}
	}
}
