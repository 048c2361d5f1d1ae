// Atomics and the arithmetic intrinsics of device code. One thread runs at a time, so an atomic is a plain update.
#pragma once

namespace emu {
template <typename T> T exchange(T *p, T v) {
  T old = *p;
  *p = v;
  return old;
}
template <typename T> T bits_of(const void *p) {
  T v;
  memcpy(&v, p, sizeof v);
  return v;
}
} // namespace emu

#define RAP_EMU_ATOMIC(name, expression)                                                                        \
  template <typename T> inline T name(T *p, std::common_type_t<T> v) {                                          \
    T old = *p;                                                                                                 \
    *p = static_cast<T>(expression);                                                                            \
    return old;                                                                                                 \
  }                                                                                                             \
  template <typename T> inline T name(::emu::SharedPointer<T> p, std::common_type_t<T> v) {                     \
    return name(p.atomic(), v);                                                                                 \
  }
RAP_EMU_ATOMIC(atomicAdd, old + v)
RAP_EMU_ATOMIC(atomicSub, old - v)
RAP_EMU_ATOMIC(atomicMax, old > v ? old : v)
RAP_EMU_ATOMIC(atomicMin, old < v ? old : v)
RAP_EMU_ATOMIC(atomicAnd, old &v)
RAP_EMU_ATOMIC(atomicOr, old | v)
RAP_EMU_ATOMIC(atomicXor, old ^ v)
RAP_EMU_ATOMIC(atomicExch, v)
#undef RAP_EMU_ATOMIC
template <typename T> inline T atomicCAS(T *p, std::common_type_t<T> compare, std::common_type_t<T> v) {
  T old = *p;
  if (old == compare) *p = v;
  return old;
}
template <typename T>
inline T atomicCAS(::emu::SharedPointer<T> p, std::common_type_t<T> compare, std::common_type_t<T> v) {
  return atomicCAS(p.atomic(), compare, v);
}

inline void __threadfence() {}
inline void __threadfence_block() {}
template <typename T> inline T __ldg(const T *p) { return *p; }

inline int __popc(unsigned x) { return __builtin_popcount(x); }
inline int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
inline int __clz(int x) { return x ? __builtin_clz(static_cast<unsigned>(x)) : 32; }
inline int __clzll(long long x) { return x ? __builtin_clzll(static_cast<unsigned long long>(x)) : 64; }
inline int __ffs(int x) { return __builtin_ffs(x); }
inline unsigned __brev(unsigned x) {
  unsigned r = 0;
  for (int i = 0; i < 32; i++) r |= (x >> i & 1u) << (31 - i);
  return r;
}
inline unsigned __umulhi(unsigned a, unsigned b) { return static_cast<unsigned>((uint64_t)a * b >> 32); }
inline int __mulhi(int a, int b) { return static_cast<int>((int64_t)a * b >> 32); }
inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
  return static_cast<unsigned long long>((unsigned __int128)a * b >> 64);
}
inline unsigned __float_as_uint(float x) { return emu::bits_of<unsigned>(&x); }
inline int __float_as_int(float x) { return emu::bits_of<int>(&x); }
inline float __uint_as_float(unsigned x) { return emu::bits_of<float>(&x); }
inline float __int_as_float(int x) { return emu::bits_of<float>(&x); }
inline long long __double_as_longlong(double x) { return emu::bits_of<long long>(&x); }
inline double __longlong_as_double(long long x) { return emu::bits_of<double>(&x); }

inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fadd_rn(float a, float b) { return a + b; }
inline float __fmaf_rn(float a, float b, float c) { return fmaf(a, b, c); }
inline float __expf(float x) { return expf(x); }
inline float __logf(float x) { return logf(x); }
inline float __fdividef(float a, float b) { return a / b; }
inline float __saturatef(float x) { return x > 0 ? (x < 1 ? x : 1.0f) : 0.0f; }
inline float __frcp_rn(float x) { return 1.0f / x; }
inline float rsqrtf(float x) { return 1.0f / sqrtf(x); }
inline double rsqrt(double x) { return 1.0 / ::sqrt(x); }

template <typename A, typename B> inline std::common_type_t<A, B> min(A a, B b) {
  return b < a ? static_cast<std::common_type_t<A, B>>(b) : static_cast<std::common_type_t<A, B>>(a);
}
template <typename A, typename B> inline std::common_type_t<A, B> max(A a, B b) {
  return a < b ? static_cast<std::common_type_t<A, B>>(b) : static_cast<std::common_type_t<A, B>>(a);
}
