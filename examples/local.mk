# examples: make demo leaves everything in demo/ of the build folder
EXAMPLES = %D%/packages.awk %D%/packages.sh %D%/steps.sh \
	%D%/memory.sh %D%/knowledge.sh %D%/films.svg %D%/evolution.sh %D%/arrays.sh %D%/arrays.cl \
	%D%/batch.sh %D%/batch/graphs.mk %D%/batch/nightly.cron %D%/batch/array.slurm \
	%D%/batch/strato-gpucache@.service
EXTRA_DIST += $(EXAMPLES)
.PHONY: demo
demo: $(bin_PROGRAMS)
	@PATH='$(abs_top_builddir)':$$PATH $(SHELL) $(srcdir)/%D%/packages.sh demo
clean-local: clean-demo
.PHONY: clean-demo
clean-demo:
	rm -rf demo deb
