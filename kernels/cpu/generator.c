// mt19937 with PyTorch's state block. The block keeps 64-bit words for PyTorch's sake; the twist works on
// 32-bit ones.
#include "generator.h"
#include "../raptorch.h"
#include <math.h>

_Static_assert(sizeof(generator) == RAP_GENERATOR_BYTES, "the layout of torch.get_rng_state()");

void rap_generator_seed(void *block, int32_t seed_low, int32_t seed_high) {
  generator *g = block;
  *g = (generator){.seed = (uint64_t)(uint32_t)seed_high << 32 | (uint32_t)seed_low, .left = 1, .seeded = 1};
  uint32_t word = (uint32_t)seed_low;
  for (uint32_t i = 0; i < MT_WORDS; i++) {
    if (i > 0) word = 1812433253u * (word ^ (word >> 30)) + i;
    g->words[i] = word;
  }
}

static inline uint32_t twist(uint32_t u, uint32_t v) {
  return (((u & 0x80000000u) | (v & 0x7fffffffu)) >> 1) ^ (-(v & 1) & 0x9908b0dfu);
}

static inline uint32_t temper(uint32_t y) {
  y ^= y >> 11;
  y ^= (y << 7) & 0x9d2c5680u;
  y ^= (y << 15) & 0xefc60000u;
  return y ^ (y >> 18);
}

// The next 624 words. Every loop reads ahead of or at least 227 words behind what it writes, so it
// vectorises.
static void next_block(generator *g) {
  uint32_t w[MT_WORDS];
  const int near = MT_WORDS - MT_OFFSET;
  for (int i = 0; i < MT_WORDS; i++) w[i] = (uint32_t)g->words[i];
  for (int i = 0; i < near; i++) w[i] = w[i + MT_OFFSET] ^ twist(w[i], w[i + 1]);
  for (int i = near; i < MT_WORDS - 1; i++) w[i] = w[i - near] ^ twist(w[i], w[i + 1]);
  w[MT_WORDS - 1] = w[MT_OFFSET - 1] ^ twist(w[MT_WORDS - 1], w[0]);
  for (int i = 0; i < MT_WORDS; i++) g->words[i] = w[i];
  g->left = MT_WORDS + 1;
  g->next = 0;
}

void generator_draw(generator *g, uint32_t *out, int32_t n) {
  while (n > 0) {
    if (g->left <= 1) next_block(g);
    int32_t count = n < g->left - 1 ? n : g->left - 1;
    const uint64_t *words = g->words + g->next;
    for (int32_t i = 0; i < count; i++) out[i] = temper((uint32_t)words[i]);
    g->left -= count;
    g->next += (uint32_t)count;
    out += count, n -= count;
  }
}

uint32_t generator_next(generator *g) {
  if (g->left <= 1) next_block(g);
  g->left--;
  return temper((uint32_t)g->words[g->next++]);
}

double generator_next_uniform(generator *g) {
  uint64_t high = generator_next(g), low = generator_next(g);
  return (double)((high << 32 | low) & (((uint64_t)1 << 53) - 1)) * 0x1p-53;
}

double generator_next_normal(generator *g) {
  if (g->has_normal) {
    double sample = g->normal;
    g->has_normal = 0, g->normal = 0;
    return sample;
  }
  double u1 = generator_next_uniform(g), u2 = generator_next_uniform(g);
  double radius = sqrt(-2.0 * log1p(-u2)), theta = 2.0 * 3.14159265358979323846 * u1;
  g->has_normal = 1, g->normal = radius * sin(theta);
  return radius * cos(theta);
}
