// The float type that a kernel file is being compiled for. A file that serves both includes itself once with
// REAL_BITS 32 and once with 64; in that part S is the element, V a vector of them, MASK a comparison's
// result, LANES the vector's length, F(f) the vector function f and N(name) a name of this type's own.
#undef S
#undef V
#undef MASK
#undef LANES
#undef F
#undef N
#if REAL_BITS == 32
#define S     float
#define V     f32v
#define MASK  i32v
#define LANES F32_LANES
#define F(f)  f32_##f
#define N(f)  f##_f32
#else
#define S     double
#define V     f64v
#define MASK  i64v
#define LANES F64_LANES
#define F(f)  f64_##f
#define N(f)  f##_f64
#endif
