# man: a page is man/NAME.SECTION in mdoc, and its line here.  tests/man.tap
# lints every page; every.bats compares a command's options with its page and
# runs the page's examples (tests/lib/run-examples says which lines).
dist_man_MANS += %D%/strato.7 %D%/strato-errors.7 %D%/strato-config.5 \
	%D%/strato-store.5 %D%/strato-wal.5
dist_man_MANS += %D%/strato.1 %D%/strato-put.1 %D%/strato-get.1
dist_man_MANS += %D%/strato-init.1 %D%/strato-ls.1 %D%/strato-rm.1 \
	%D%/strato-mv.1 %D%/strato-stat.1 %D%/strato-config.1 \
	%D%/strato-compact.1 %D%/strato-gpucache.1
dist_man_MANS += %D%/strato-graph.1 %D%/strato-csr.5 %D%/strato-formats.5
dist_man_MANS += %D%/strato-snapshot.1 %D%/strato-diff.1 \
	%D%/strato-backup.1 %D%/strato-restore.1 %D%/strato-backup.5
dist_man_MANS += %D%/strato-walcheck.1
dist_man_MANS += %D%/strato-bench.1 %D%/strato-doctor.1
dist_man_MANS += %D%/strato-graph-ask.1 \
	%D%/strato-graph-change.1 \
	%D%/strato-graph-import.1 \
	%D%/strato-graph-manage.1 \
	%D%/strato-graph-whole.1

# The pages as HTML, one beside the other, in html/ of the build folder
.PHONY: html-pages clean-html
html-local: html-pages
html-pages:
	@command -v mandoc >/dev/null || { echo "make html needs mandoc" >&2; exit 1; }
	@mkdir -p html
	@for page in $(dist_man_MANS); do \
		case $$page in /*) ;; *) page=$(srcdir)/$$page ;; esac; \
		to=html/$$(basename "$$page").html; \
		mandoc -T html -O style=mandoc.css,man='%N.%S.html' "$$page" >"$$to.new" && \
		mv "$$to.new" "$$to" || exit; \
	done
	@cp $(srcdir)/%D%/mandoc.css html/
	@cp html/strato.7.html html/index.html
	@echo "html/index.html is strato(7); the others lie beside it"
clean-local: clean-html
clean-html:
	rm -rf html
EXTRA_DIST += %D%/mandoc.css
