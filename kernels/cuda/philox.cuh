// Philox4x32-10 (Salmon and others 2011), counted as cuRAND and PyTorch count it: the key is the seed, every
// thread has a subsequence of its own, and a generator's offset moves on by what a launch may have drawn from
// each.
#ifndef RAP_PHILOX_CUH
#define RAP_PHILOX_CUH

#include "math.cuh"

// The generator's block: PyTorch's CUDA state, in host memory. The rest of RAP_GENERATOR_BYTES is unused.
struct PhiloxState {
  uint64_t seed, offset;
};

struct Philox {
  uint64_t seed, subsequence, counter; // counter: blocks of four numbers
  DEVICE Philox(const PhiloxState &s, uint64_t subsequence)
      : seed(s.seed), subsequence(subsequence), counter(s.offset / 4) {}

  DEVICE uint4 next() {
    uint32_t x = static_cast<uint32_t>(counter), y = static_cast<uint32_t>(counter >> 32);
    uint32_t z = static_cast<uint32_t>(subsequence), w = static_cast<uint32_t>(subsequence >> 32);
    uint32_t k0 = static_cast<uint32_t>(seed), k1 = static_cast<uint32_t>(seed >> 32);
    counter++;
#pragma unroll
    for (int round = 0; round < 10; round++) {
      const uint32_t high0 = __umulhi(0xD2511F53u, x), low0 = 0xD2511F53u * x;
      const uint32_t high1 = __umulhi(0xCD9E8D57u, z), low1 = 0xCD9E8D57u * z;
      x = high1 ^ y ^ k0, y = low1, z = high0 ^ w ^ k1, w = low0;
      k0 += 0x9E3779B9u, k1 += 0xBB67AE85u;
    }
    return make_uint4(x, y, z, w);
  }
};

// cuRAND's numbers in (0, 1].
DEVICE float unit_float(uint32_t x) { return static_cast<float>(x) * 0x1p-32f + 0x1p-33f; }
DEVICE double unit_double(uint32_t x, uint32_t y) {
  const uint64_t z = static_cast<uint64_t>(x) ^ static_cast<uint64_t>(y) << 21;
  return static_cast<double>(z) * 0x1p-53 + 0x1p-54;
}

// What four 32-bit draws make: four floats or two doubles, uniform or normal (Box and Muller 1958).
template <typename F> struct Draws;
template <> struct Draws<float> {
  static constexpr int count = 4;
  float v[4];
  static DEVICE Draws uniform(uint4 r) {
    return {{unit_float(r.x), unit_float(r.y), unit_float(r.z), unit_float(r.w)}};
  }
  static DEVICE void pair(uint32_t x, uint32_t y, float &a, float &b) {
    const float angle = static_cast<float>(y) * (0x1p-32f * 6.2831855f) + 0x1p-33f * 6.2831855f,
                radius = sqrtf(-2.0f * logf(unit_float(x)));
    a = radius * sinf(angle), b = radius * cosf(angle);
  }
  static DEVICE Draws normal(uint4 r) {
    Draws d;
    pair(r.x, r.y, d.v[0], d.v[1]);
    pair(r.z, r.w, d.v[2], d.v[3]);
    return d;
  }
};
template <> struct Draws<double> {
  static constexpr int count = 2;
  double v[2];
  static DEVICE Draws uniform(uint4 r) { return {{unit_double(r.x, r.y), unit_double(r.z, r.w)}}; }
  static DEVICE Draws normal(uint4 r) {
    const double radius = sqrt(-2.0 * log(unit_double(r.x, r.y))), angle = 2 * RAP_PI * unit_double(r.z, r.w);
    return {{radius * sin(angle), radius * cos(angle)}};
  }
};
// Or integers: four of 32 bits, two of 64.
template <> struct Draws<uint32_t> {
  static constexpr int count = 4;
  uint32_t v[4];
  static DEVICE Draws uniform(uint4 r) { return {{r.x, r.y, r.z, r.w}}; }
};
template <> struct Draws<uint64_t> {
  static constexpr int count = 2;
  uint64_t v[2];
  static DEVICE Draws uniform(uint4 r) {
    return {{static_cast<uint64_t>(r.x) << 32 | r.y, static_cast<uint64_t>(r.z) << 32 | r.w}};
  }
};

// The grid of a fill, PyTorch's: the numbers depend on it, so equal cards give equal numbers.
inline int philox_blocks(int n) {
  int device = 0, threads = 1024;
  cudaGetDevice(&device);
  cudaDeviceGetAttribute(&threads, cudaDevAttrMaxThreadsPerMultiProcessor, device);
  const int wanted = ceil_div(n, kBlock), most = rap_multiprocessors() * (threads / kBlock);
  return wanted < most ? wanted : most;
}

// The state for a launch of `blocks` blocks that makes n elements, `count` from each four draws; moves the
// generator on.
inline PhiloxState philox_take(void *generator, int n, int blocks, int count) {
  PhiloxState s, now;
  memcpy(&s, generator, sizeof s);
  now = s;
  now.offset += (static_cast<uint64_t>(n - 1) / (static_cast<uint64_t>(kBlock) * blocks * count) + 1) * 4;
  memcpy(generator, &now, sizeof now);
  return s;
}

#endif
