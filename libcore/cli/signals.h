/* cli/signals.h - inside of cli only; commands see cli_catch_signals */
#ifndef CLI_SIGNALS_H
#define CLI_SIGNALS_H

void signals_begin(void);
/* Dies of the signal that was caught; 0 when none was. */
int signals_raise_again(void);

#endif
