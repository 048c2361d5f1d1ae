// Products by cuBLAS, whose library is opened at run time, and the precision that products may be computed
// in.
#ifndef RAP_CUBLAS_CUH
#define RAP_CUBLAS_CUH

#include "common.cuh"

// rap_matmul by cuBLAS; false, with nothing done, where cuBLAS is not in use or has no such product.
bool rap_cublas_matmul(int32_t dtype, void *c, const void *a, const void *b, const void *bias, double alpha,
                       double beta, const int32_t *meta);
// The precision of rap_set_matmul_precision that the current device's tensor cores have:
// RAP_PRECISION_FLOAT32 without them.
int rap_tensor_precision();

#endif
