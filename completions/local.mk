# completions: one file a shell serves every command; it reads the options from
# the command's own --help.  bash and fish look for a file named as the command,
# so each command gets a link to it.
EXTRA_DIST += %D%/strato.bash %D%/_strato %D%/strato.fish

install-data-hook: install-completions
uninstall-hook: uninstall-completions
.PHONY: install-completions uninstall-completions
install-completions:
	$(MKDIR_P) '$(DESTDIR)$(bashcompdir)' '$(DESTDIR)$(zshcompdir)' \
		'$(DESTDIR)$(fishcompdir)'
	$(INSTALL_DATA) $(srcdir)/%D%/strato.bash '$(DESTDIR)$(bashcompdir)/strato'
	$(INSTALL_DATA) $(srcdir)/%D%/_strato '$(DESTDIR)$(zshcompdir)/_strato'
	$(INSTALL_DATA) $(srcdir)/%D%/strato.fish \
		'$(DESTDIR)$(fishcompdir)/strato.fish'
	for tool in $(bin_PROGRAMS); do \
		test $$tool != strato || continue; \
		ln -sf strato '$(DESTDIR)$(bashcompdir)'/$$tool && \
		ln -sf strato.fish '$(DESTDIR)$(fishcompdir)'/$$tool.fish || exit; \
	done
uninstall-completions:
	for tool in strato $(bin_PROGRAMS); do \
		rm -f '$(DESTDIR)$(bashcompdir)'/$$tool \
			'$(DESTDIR)$(fishcompdir)'/$$tool.fish; \
	done
	rm -f '$(DESTDIR)$(zshcompdir)/_strato'
