# graphs.mk - a graph a list of edges, as many at a time as make -j says
#
#	make -j4 -f graphs.mk STRATO_STORE=/data/kv
#
# in a folder of NAME.el files.  Each import is one commit; what is up to date is not
# imported again, and one that fails leaves the graph as it was and no mark.
export STRATO_STORE
marks := $(patsubst %.el,.done/%,$(wildcard *.el))

all: $(marks)
.done/%: %.el
	@mkdir -p .done
	strato-graph import -q --replace -g $* $<
	@touch $@
.PHONY: all
