// PyTorch's CPU generator: mt19937 (Matsumoto and Nishimura 1998) and the second half of the last Box-Muller
// pair.
#ifndef RAP_GENERATOR_H
#define RAP_GENERATOR_H

#include <stdint.h>

enum { MT_WORDS = 624, MT_OFFSET = 397 };

// Byte for byte what torch.get_rng_state() returns on a little-endian machine.
typedef struct {
  uint64_t seed;
  int32_t left; // draws left in the block, plus one
  int32_t seeded;
  uint64_t next;
  uint64_t words[MT_WORDS]; // 32 bits each
  double unused_x, normal, unused_rho;
  int32_t has_normal, padding;
  float normal_float; // PyTorch's CPU kernels never set it; carried along
  int32_t has_normal_float;
} generator;

// The next n 32-bit draws.
void generator_draw(generator *g, uint32_t *out, int32_t n);
// The next 32-bit draw, and the next two as 53 bits of a double in [0, 1).
uint32_t generator_next(generator *g);
double generator_next_uniform(generator *g);
// The next standard normal number, by Box-Muller, of whose pair the second is kept for the next call.
double generator_next_normal(generator *g);

#endif
