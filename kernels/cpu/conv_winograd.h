// Winograd's minimal filtering for 3×3 kernels that move by single steps, in float32: see conv_winograd.c.
#ifndef RAP_CONV_WINOGRAD_H
#define RAP_CONV_WINOGRAD_H

#include <stdint.h>

// Each does the problem of rap_conv_forward, _backward_input (`transposed`) or _backward_weight where it is
// one for Winograd's algorithm, and returns 0 where it is not.
int conv_winograd_image(float *y, const float *x, const float *w, const float *bias, int32_t relu,
                        const int32_t *meta, int32_t transposed);
int conv_winograd_weight(float *dw, float *dbias, const float *dy, const float *x, const int32_t *meta);

#endif
