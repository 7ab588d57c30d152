#!/bin/sh
# arrays.sh - arrays in the store, on the device, through own kernels, and back
#
#	examples/arrays.sh [DIR]
#
# An array is a value: its bytes.  A service keeps what is hot in the memory of a
# device; pointers are words that go from one command to the next; a kernel's answer
# is a value again, durable, or bytes on standard output.  Where no OpenCL device is,
# values are kept in host memory, and the steps with kernels are passed over.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=examples/steps.sh
. "$here/steps.sh"
begin arrays "${1:-}" strato-put strato-get strato-gpucache strato-walcheck
cp "$here/arrays.cl" .

floats() { od -An -v -w4 -tf4 "$@" | awk '{ printf "%s%s", s, $1; s = " " } END { print "" }'; }

say "Which devices are there, and which is used?"
run "strato-gpucache devices"
# a processor with an OpenCL driver is a device, too, when it is asked for by name
device=auto
[ -z "$(strato-gpucache devices -J | jq -r 'select(.type == "cpu") | .type' | head -n 1)" ] ||
	device=cpu

say "An array that another program made: a thousand times 1, 2, 3, 4 as bytes:"
run "awk 'BEGIN { for (i = 0; i < 1000; i++) printf \"\\1\\2\\3\\4\" }' |
	strato-put --create bytes/quads"

say "A service for this store; it is ready when it says so:"
run "mkfifo ready"
run "strato-gpucache serve --device=$device --size=64M --ready-fd=3 3>ready &"
run "read -r _ <ready"
trap 'strato-gpucache stop 2>/dev/null || :' EXIT

say "The array stays on the device until it is evicted; its pointer, as a word:"
run "strato-gpucache pin bytes/quads"
run "strato-gpucache ptr bytes/quads | cut -d: -f1"
run "strato-gpucache get bytes/quads | od -An -tu1 -N8"

if strato-gpucache run arrays.cl:ramp @out:4 1.0f >/dev/null 2>&1; then
	say "A million floats made on the device, stored under a key:"
	run "strato-gpucache run arrays.cl:ramp --global=1048576 --out=x @out:4M 0.5f"
	run "strato-gpucache run arrays.cl:ramp --global=1048576 --out=y @out:4M 1.0f"
	run "strato-get x | floats -N16"

	say "Pinned, and by pointers through a kernel; 10 x + y, stored:"
	run "strato-gpucache pin x y"
	run "strato-gpucache run arrays.cl:saxpy --global=1048576 --out=z \\
	\$(strato-gpucache ptr x) \$(strato-gpucache ptr y) 10.0f @out:4M"
	run "strato-get z | floats -N16"

	say "Reduced on the device, only eight sums come back:"
	run "strato-gpucache run arrays.cl:sums --global=8 z @out:32 | floats"
	strato-gpucache run arrays.cl:sums --global=8 z @out:32 >sums
	[ "$(wc -c <sums)" -eq 32 ]
else
	say "No OpenCL device here: kernels are not run; install pocl-opencl-icd to try them."
fi

say "What was written is never told of in its old form:"
run "printf new | strato-put bytes/quads"
run "strato-gpucache get bytes/quads && echo"
run "strato-gpucache stat | head -n 4"

say "The end of the service; the values are in the store:"
run "strato-gpucache stop"
trap - EXIT
run "strato-get bytes/quads && echo"
run "strato-walcheck --full && echo yes"
