# tests/gpu: kernels under attack
TESTS += %D%/oclgrind.tap
EXTRA_DIST += %D%/oclgrind.tap %D%/fault_layer.c %D%/real-device

# an OpenCL layer, which the loader opens
if HAVE_OPENCL_LAYER
check_DATA += tests/gpu/fault_layer.so
endif
CLEANFILES += tests/gpu/fault_layer.so
tests/gpu/fault_layer.so: tests/gpu/fault_layer.c
	@$(MKDIR_P) tests/gpu
	$(AM_V_CCLD)$(CC) $(OPENCL_CFLAGS) -Wall -Wextra -O1 -fPIC -shared -o $@ \
		$(srcdir)/tests/gpu/fault_layer.c

UNIT_TESTS += tests/gpu/faults
tests_gpu_faults_SOURCES = %D%/faults.c
tests_gpu_faults_LDADD = $(UNIT_LDADD) $(OPENCL_LIBS) -lm
