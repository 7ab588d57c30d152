# tests/mutation: is there a test for each sync, each checksum, each refusal of the store?
# A copy of the sources with a switch at each, built once; the tests that come to a switch
# are asked with it thrown.  KINDS='refuse error' and FILES='store/wal' are other mutants and
# some only, MUTANT_TESTS and MUTANT_BATS the tests asked, MUTANT_FOLDERS those of libcore.
MUTANT_BATS = tests/cmd/backup.bats tests/cmd/walcheck.bats tests/cmd/compact.bats
check-mutants:
	rm -rf mutation && mkdir mutation
	cd $(srcdir) && tar cf - --exclude=./.git --exclude=./build --exclude='./build-*' --exclude=./autom4te.cache \
		--exclude='*-mutants' --exclude=./mutation . | (cd $(abs_builddir)/mutation && tar xf -)
	cp -r $(srcdir)/build-aux mutation/
	mutation/tests/mutation/mutants plant $(MUTANT_FOLDERS)
	tests="$(MUTANT_TESTS)"; \
	[ -n "$$tests" ] || for t in $(UNIT_TESTS) $(DAMAGE_TESTS); do \
		[ -e $(srcdir)/tests/fault/mutants/`basename $$t`.c ] || tests="$$tests $$t"; done; \
	cd mutation && rm -f config.status && mkdir -p out && cd out && \
		../configure -q CC='$(CC)' CFLAGS='-O1' && $(MAKE) all $$tests && \
		BATS='$(BATS)' ../tests/mutation/mutants try . $$tests $(MUTANT_BATS)
	rm -rf mutation
.PHONY: check-mutants
EXTRA_DIST += %D%/mutants %D%/mutate.awk %D%/mutant.c %D%/survivors
