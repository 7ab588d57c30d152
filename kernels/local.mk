# kernels: OpenCL C, read by strato-gpucache when it starts
kernelsdir = $(pkgdatadir)/kernels
dist_kernels_DATA = %D%/traverse.cl %D%/rank.cl %D%/lists.cl %D%/many.cl \
	%D%/check.cl
