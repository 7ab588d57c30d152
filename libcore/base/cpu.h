/* base/cpu.h - what this processor has
 *
 * Asked of the C library, which knows it already: the compiler's own way asks the
 * processor at every start of every program, and in a virtual machine each of those
 * questions is an exit, 40 us in all.
 */
#ifndef BASE_CPU_H
#define BASE_CPU_H

#include <stdbool.h>

enum cpu_feature {
	CPU_SSE42, CPU_POPCNT, CPU_LZCNT, CPU_BMI, CPU_BMI2, CPU_AVX2,
	CPU_AVX512BW, CPU_AVX512VBMI, CPU_AVX512VBMI2, CPU_AVX512VPOPCNTDQ,
};

/* May be used, as the system has it too.  False elsewhere than on x86-64. */
bool cpu_has(enum cpu_feature f);
/* Before Zen 3 of AMD, pdep takes longer than a loop. */
bool cpu_slow_pdep(void);

#endif
