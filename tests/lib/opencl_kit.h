/* tests/lib/opencl_kit.h - PoCL as the device of a test
 *
 * On PoCL, which runs on the CPU, and on no driver else: this is a test, not a use of
 * somebody's GPU.  Its compiled kernels lie in the build folder.
 * STRATO_TEST_ICD names another driver, to test that.
 */
#ifndef TESTS_LIB_OPENCL_KIT_H
#define TESTS_LIB_OPENCL_KIT_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "gpu/opencl.h"
#include "gpu/program.h"
#include "tests/lib/kit.h"

/* What the driver and its compiler keep is theirs. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libpocl\nleak:libLLVM\nleak:libclang\nleak:libOpenCL\nleak:libhwloc\n";
}

/* The environment as the loader and PoCL shall see it; false: PoCL is not here. */
KIT_UNUSED bool opencl_prepare(void)
{
	const char *icd = getenv("STRATO_TEST_ICD"), *build = getenv("STRATO_BUILD");
	const char *source = getenv("STRATO_SOURCE");
	char path[4096];

	icd = icd ? icd : "/etc/OpenCL/vendors/pocl.icd";
	snprintf(path, sizeof path, "%s/.pocl", build ? build : ".");
	mkdir(path, 0700);
	setenv("POCL_CACHE_DIR", path, 1);
	setenv("CUDA_CACHE_PATH", path, 1);
	setenv("HOME", path, 1);
	setenv("POCL_MEMORY_LIMIT", "1", 1);
	setenv("OCL_ICD_VENDORS", icd, 1);
	snprintf(path, sizeof path, "%s/kernels", source ? source : "..");
	setenv("STRATO_KERNELS", path, 0);
	return access(icd, R_OK) == 0;
}

/* The first device, or the test is skipped and says why. */
KIT_UNUSED struct gpu_backend *opencl_opened(void)
{
	struct gpu_backend *b = NULL;
	int r;

	if (!opencl_prepare()) {
		print_message("PoCL is not here: apt install pocl-opencl-icd\n");
		skip();
	}
	r = opencl_open(&b, 0);
#ifndef HAVE_OPENCL
	assert_int_equal(r, ERR_UNAVAILABLE);
	print_message("built without OpenCL\n");
	skip();
#endif
	must(r);
	return b;
}

#endif
