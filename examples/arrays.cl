/* arrays.cl - kernels of arrays.sh; an array is its memory, where it begins, its bytes */

/* x[i] = i * STEP */
__kernel void ramp(__global uchar *mem, ulong at, ulong len, float step)
{
	__global float *x = (__global float *)(mem + at);
	ulong i = get_global_id(0);

	if (i < len / sizeof(float))
		x[i] = (float)i * step;
}

/* out[i] = A * x[i] + y[i] */
__kernel void saxpy(__global uchar *xm, ulong xat, ulong xlen, __global uchar *ym, ulong yat,
		    ulong ylen, float a, __global uchar *om, ulong oat, ulong olen)
{
	__global const float *x = (__global const float *)(xm + xat);
	__global const float *y = (__global const float *)(ym + yat);
	__global float *out = (__global float *)(om + oat);
	ulong i = get_global_id(0);

	if (i < xlen / sizeof(float) && i < ylen / sizeof(float) && i < olen / sizeof(float))
		out[i] = a * x[i] + y[i];
}

/* out[g] = the sum of the Gth of as many equal parts of x as there are work-items */
__kernel void sums(__global uchar *xm, ulong xat, ulong xlen, __global uchar *om, ulong oat,
		   ulong olen)
{
	__global const float *x = (__global const float *)(xm + xat);
	__global float *out = (__global float *)(om + oat);
	ulong n = xlen / sizeof(float), parts = get_global_size(0), g = get_global_id(0);
	float sum = 0;

	for (ulong i = n * g / parts; i < n * (g + 1) / parts; i++)
		sum += x[i];
	if (g < olen / sizeof(float))
		out[g] = sum;
}
