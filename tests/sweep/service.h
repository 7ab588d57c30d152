/* tests/sweep/service.h - a cache service beside the command, or a client beside the service */
#ifndef TESTS_SWEEP_SERVICE_H
#define TESTS_SWEEP_SERVICE_H

#include <stdbool.h>

extern char programs[512];		/* the folder of the commands */

void service_begin(void);		/* on the store s, on host memory */
void service_end(void);
/* Waits for "ready" on the descriptor returned, pins, gets, and stops the service. */
int asker_begin(void);
void asker_end(void);
bool pass_as_9(int fd);			/* in a child, before it becomes the service */
/* NULL, or what became of the service, or what it told the asker. */
const char *service_judge(void);

#endif
