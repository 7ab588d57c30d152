# libcore/graph
