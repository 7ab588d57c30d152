/* base/cpu.c - the C library's table, else the compiler's */
#include "base/cpu.h"

#if defined(__x86_64__)

#include <cpuid.h>

#ifdef HAVE_SYS_PLATFORM_X86_H
#include <sys/platform/x86.h>
#define HAS(mine, libc, gcc) case mine: return CPU_FEATURE_ACTIVE(libc)
#else
#define HAS(mine, libc, gcc) case mine: return __builtin_cpu_supports(gcc)
#endif

bool cpu_has(enum cpu_feature f)
{
	switch (f) {
	HAS(CPU_SSE42, SSE4_2, "sse4.2");
	HAS(CPU_POPCNT, POPCNT, "popcnt");
	HAS(CPU_LZCNT, LZCNT, "lzcnt");
	HAS(CPU_BMI, BMI1, "bmi");
	HAS(CPU_BMI2, BMI2, "bmi2");
	HAS(CPU_AVX2, AVX2, "avx2");
	HAS(CPU_AVX512BW, AVX512BW, "avx512bw");
	HAS(CPU_AVX512VBMI, AVX512_VBMI, "avx512vbmi");
	HAS(CPU_AVX512VBMI2, AVX512_VBMI2, "avx512vbmi2");
	HAS(CPU_AVX512VPOPCNTDQ, AVX512_VPOPCNTDQ, "avx512vpopcntdq");
	}
	return false;
}

/* Family 15h of AMD, 17h (Zen to Zen 2), 18h (Hygon's Zen). */
bool cpu_slow_pdep(void)
{
	unsigned eax, ebx, ecx, edx, family;

	if (!__get_cpuid(0, &eax, &ebx, &ecx, &edx) || ebx == signature_INTEL_ebx ||
	    !__get_cpuid(1, &eax, &ebx, &ecx, &edx))
		return false;
	family = (eax >> 8 & 15) + (eax >> 20 & 255);
	return family == 0x15 || family == 0x17 || family == 0x18;
}

#else

bool cpu_has(enum cpu_feature f)
{
	(void)f;
	return false;
}

bool cpu_slow_pdep(void)
{
	return false;
}

#endif
