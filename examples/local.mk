# examples: make demo leaves everything in demo/ of the build folder
EXTRA_DIST += %D%/packages.awk %D%/packages.sh
.PHONY: demo
demo: $(bin_PROGRAMS)
	@PATH='$(abs_top_builddir)':$$PATH $(SHELL) $(srcdir)/%D%/packages.sh demo
clean-local: clean-demo
.PHONY: clean-demo
clean-demo:
	rm -rf demo deb
