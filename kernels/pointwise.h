// Every pointwise op, one row each: what the CPU library and the CUDA library compile, and where the op codes
// come from. A row is X(NAME, cost, value). `cost` is roughly the time per element, in additions, and decides
// when threads pay. `value` is written in terms of the inputs (x; a, b; a, b, c) and the parameters p and q,
// with
//   M(f)(…)   the function f for the element type: M(exp)(x), M(select)(condition, if true, if false)
//   K(number) a constant of the element type
// In the FLOAT tables the inputs are whole vectors on the CPU, so rows use no `?:`, `&&`, `||` or `!` there.
// In the INT and BOOL tables T is the element type and U its unsigned counterpart, in which overflow wraps as
// it does in PyTorch. The tests (PREDICATE, COMPARE) are scalar and give a bool.
#ifndef RAP_POINTWISE_H
#define RAP_POINTWISE_H

// ---- unary -----------------------------------------------------------------------------------------------

#define RAP_UNARY_FLOAT(X)                                                                                   \
  X(NEG, 1, -x)                                                                                              \
  X(ABS, 1, M(abs)(x))                                                                                       \
  X(SIGN, 1, M(sign)(x))                                                                                     \
  X(SGN, 1, M(sign)(x))                                                                                      \
  X(SQUARE, 1, x *x)                                                                                         \
  X(CUBE, 1, x *x *x)                                                                                        \
  X(SQRT, 2, M(sqrt)(x))                                                                                     \
  X(RSQRT, 3, K(1) / M(sqrt)(x))                                                                             \
  X(RECIPROCAL, 2, K(1) / x)                                                                                 \
  X(EXP, 4, M(exp)(x))                                                                                       \
  X(EXP2, 4, M(exp2)(x))                                                                                     \
  X(EXPM1, 8, M(expm1)(x))                                                                                   \
  X(LOG, 4, M(log)(x))                                                                                       \
  X(LOG2, 8, M(log2)(x))                                                                                     \
  X(LOG10, 8, M(log10)(x))                                                                                   \
  X(LOG1P, 8, M(log1p)(x))                                                                                   \
  X(SIN, 6, M(sin)(x))                                                                                       \
  X(COS, 6, M(cos)(x))                                                                                       \
  X(TAN, 10, M(tan)(x))                                                                                      \
  X(ASIN, 10, M(asin)(x))                                                                                    \
  X(ACOS, 10, M(acos)(x))                                                                                    \
  X(ATAN, 10, M(atan)(x))                                                                                    \
  X(SINH, 10, M(sinh)(x))                                                                                    \
  X(COSH, 10, M(cosh)(x))                                                                                    \
  X(TANH, 6, M(tanh)(x))                                                                                     \
  X(ASINH, 20, M(asinh)(x))                                                                                  \
  X(ACOSH, 20, M(acosh)(x))                                                                                  \
  X(ATANH, 20, M(atanh)(x))                                                                                  \
  X(SIGMOID, 4, K(1) / (K(1) + M(exp)(-x)))                                                                  \
  X(RELU, 1, M(select)(x < K(0), K(0), x))                                                                   \
  X(RELU6, 1, M(clamp)(x, K(0), K(6)))                                                                       \
  X(LEAKY_RELU, 1, M(select)(x > K(0), x, x * p))                                                            \
  X(ELU, 8, M(select)(x > K(0), x, p * M(expm1)(x)))                                                         \
  X(CELU, 8, M(select)(x > K(0), x, p * M(expm1)(x / p)))                                                    \
  X(SELU, 8, M(select)(x > K(0), K(RAP_SELU_SCALE) * x, K(RAP_SELU_SCALE * RAP_SELU_ALPHA) * M(expm1)(x)))   \
  X(GELU, 6, x *K(0.5) * (K(1) + M(erf_near)(x * K(RAP_SQRT1_2))))                                           \
  X(GELU_TANH, 6, K(0.5) * x * (K(1) + M(tanh)(K(RAP_SQRT_2_OVER_PI) * (x + K(0.044715) * x * x * x))))      \
  X(SILU, 4, x / (K(1) + M(exp)(-x)))                                                                        \
  X(MISH, 20, x *M(tanh)(M(log1p)(M(exp)(x))))                                                               \
  X(SOFTPLUS, 12, M(select)(x * p > q, x, M(log1p)(M(exp)(x * p)) / p))                                      \
  X(SOFTSIGN, 2, x / (K(1) + M(abs)(x)))                                                                     \
  X(HARDTANH, 1, M(select)(x <= p, p, M(select)(x >= q, q, x)))                                              \
  X(HARDSWISH, 1, x *M(clamp)(x + K(3), K(0), K(6)) / K(6))                                                  \
  X(HARDSIGMOID, 1, M(clamp)(x + K(3), K(0), K(6)) / K(6))                                                   \
  X(HARDSHRINK, 1, M(select)((x >= -p) & (x <= p), K(0), x))                                                 \
  X(SOFTSHRINK, 1, M(select)(x > p, x - p, M(select)((x < -p) | (x != x), x + p, K(0))))                     \
  X(TANHSHRINK, 6, x - M(tanh)(x))                                                                           \
  X(LOGSIGMOID, 12, M(select)(x <= K(0), x, K(0)) - M(log1p)(M(exp)(-M(abs)(x))))                            \
  X(THRESHOLD, 1, M(select)(x <= p, q, x))                                                                   \
  X(ERF, 8, M(erf)(x))                                                                                       \
  X(ERFC, 12, M(erfc)(x))                                                                                    \
  X(ERFINV, 20, M(erfinv)(x))                                                                                \
  X(FLOOR, 1, M(floor)(x))                                                                                   \
  X(CEIL, 1, M(ceil)(x))                                                                                     \
  X(ROUND, 1, M(rint)(x))                                                                                    \
  X(TRUNC, 1, M(trunc)(x))                                                                                   \
  X(FRAC, 1, x - M(trunc)(x))                                                                                \
  X(SINC, 8, M(select)(x == K(0), K(1), M(sin)(K(RAP_PI) * x) / (K(RAP_PI) * x)))                            \
  X(LOGIT, 6, M(logit)(M(select)(K(0) > p, x, M(clamp)(x, p, K(1) - p))))                                    \
  X(CLAMP, 1, M(clamp)(x, p, q))                                                                             \
  X(CLAMP_MIN, 1, M(select)(x < p, p, x))                                                                    \
  X(CLAMP_MAX, 1, M(select)(x > p, p, x))                                                                    \
  X(POW_SCALAR, 20, M(pow)(x, p))                                                                            \
  X(DEG2RAD, 1, x *K(RAP_PI / 180))                                                                          \
  X(RAD2DEG, 1, x *K(180 / RAP_PI))                                                                          \
  X(NAN_TO_NUM, 1, M(select)(x != x, p, M(select)(x == K(__builtin_inf()), q, x))) /* NaN to p, inf to q */  \
  X(NEGINF_TO_NUM, 1, M(select)(x == -K(__builtin_inf()), p, x))                                             \
  X(LGAMMA, 60, M(lgamma)(x))                                                                                \
  X(DIGAMMA, 60, M(digamma)(x))

#define RAP_UNARY_INT(X)                                                                                     \
  X(NEG, 1, (T)(0 - (U)x))                                                                                   \
  X(ABS, 1, (T)(x < 0 ? 0 - (U)x : (U)x))                                                                    \
  X(SIGN, 1, (T)((x > 0) - (x < 0)))                                                                         \
  X(SGN, 1, (T)((x > 0) - (x < 0)))                                                                          \
  X(SQUARE, 1, (T)((U)x * (U)x))                                                                             \
  X(CUBE, 1, (T)((U)x * (U)x * (U)x))                                                                        \
  X(RELU, 1, x > 0 ? x : 0)                                                                                  \
  X(RELU6, 1, x > 0 ? x < 6 ? x : 6 : 0)                                                                     \
  X(HARDTANH, 1, x <= p ? p : x >= q ? q : x)                                                                \
  X(THRESHOLD, 1, x <= p ? q : x)                                                                            \
  X(FLOOR, 1, x)                                                                                             \
  X(CEIL, 1, x)                                                                                              \
  X(ROUND, 1, x)                                                                                             \
  X(TRUNC, 1, x)                                                                                             \
  X(CLAMP, 1, (x < p ? p : x) > q ? q : (x < p ? p : x))                                                     \
  X(CLAMP_MIN, 1, x < p ? p : x)                                                                             \
  X(CLAMP_MAX, 1, x > p ? p : x)                                                                             \
  X(POW_SCALAR, 8, RAP_INT_POW(T, x, p))                                                                     \
  X(NAN_TO_NUM, 1, x)                                                                                        \
  X(NEGINF_TO_NUM, 1, x)

// Ops that only integers and bool have.
#define RAP_UNARY_INT_ONLY(X) X(BITWISE_NOT, 1, (T)~x)

#define RAP_UNARY_BOOL(X)                                                                                    \
  X(BITWISE_NOT, 1, !x)                                                                                      \
  X(SGN, 1, x)                                                                                               \
  X(SIGN, 1, x)                                                                                              \
  X(NAN_TO_NUM, 1, x)                                                                                        \
  X(NEGINF_TO_NUM, 1, x)

#define RAP_UNARY_PREDICATE(X)                                                                               \
  X(LOGICAL_NOT, 1, x == 0)                                                                                  \
  X(ISNAN, 1, x != x)                                                                                        \
  X(ISINF, 1, IS_INFINITE(x))                                                                                \
  X(ISFINITE, 1, IS_FINITE(x))                                                                               \
  X(ISPOSINF, 1, IS_INFINITE(x) & (x > 0))                                                                   \
  X(ISNEGINF, 1, IS_INFINITE(x) & (x < 0))                                                                   \
  X(SIGNBIT, 1, SIGN_BIT(x))

// ---- binary ----------------------------------------------------------------------------------------------

// The *_BACKWARD rows take a = dy and b = the input x, or the output y where the comment says so.
#define RAP_BINARY_FLOAT(X)                                                                                  \
  X(ADD, 1, a + b)                                                                                           \
  X(SUB, 1, a - b)                                                                                           \
  X(MUL, 1, a *b)                                                                                            \
  X(DIV, 2, a / b)                                                                                           \
  X(ADD_SCALED, 1, a + p * b)                                                                                \
  X(FLOOR_DIVIDE, 20, M(floor_divide)(a, b))                                                                 \
  X(TRUNC_DIVIDE, 2, M(trunc)(a / b))                                                                        \
  X(REMAINDER, 20, M(remainder)(a, b))                                                                       \
  X(FMOD, 20, M(fmod)(a, b))                                                                                 \
  X(POW, 20, M(pow)(a, b))                                                                                   \
  X(MAXIMUM, 1, M(select)((a > b) | (a != a), a, b))                                                         \
  X(MINIMUM, 1, M(select)((a < b) | (a != a), a, b))                                                         \
  X(FMAX, 1, M(select)((a > b) | (b != b), a, b))                                                            \
  X(FMIN, 1, M(select)((a < b) | (b != b), a, b))                                                            \
  X(ATAN2, 20, M(atan2)(a, b))                                                                               \
  X(HYPOT, 20, M(hypot)(a, b))                                                                               \
  X(COPYSIGN, 1, M(copysign)(a, b))                                                                          \
  X(LOGADDEXP, 16, M(select)(a == b, a + K(RAP_LN2), M(max)(a, b) + M(log1p)(M(exp)(-M(abs)(a - b)))))       \
  X(LOGADDEXP2, 16,                                                                                          \
    M(select)(a == b, a + K(1), M(max)(a, b) + K(1 / RAP_LN2) * M(log1p)(M(exp2)(-M(abs)(a - b)))))          \
  X(XLOGY, 6, M(select)((a == K(0)) & (b == b), K(0), a * M(log)(b)))                                        \
  X(HEAVISIDE, 1, M(select)(a == K(0), b, M(select)(a > K(0), K(1), K(0))))                                  \
  X(RELU_BACKWARD, 1, M(select)(b <= K(0), K(0), a)) /* y */                                                 \
  X(SIGMOID_BACKWARD, 1, a *(K(1) - b) * b)          /* y */                                                 \
  X(TANH_BACKWARD, 1, a *(K(1) - b * b))             /* y */                                                 \
  X(SQRT_BACKWARD, 2, a / (b + b))                   /* y */                                                 \
  X(RSQRT_BACKWARD, 1, K(-0.5) * a * b * b * b)      /* y */                                                 \
  X(RECIPROCAL_BACKWARD, 1, -a *b *b)                /* y */                                                 \
  X(ABS_BACKWARD, 1, a *M(sign)(b))                                                                          \
  X(SQUARE_BACKWARD, 1, a *(b + b))                                                                          \
  X(SIN_BACKWARD, 6, a *M(cos)(b))                                                                           \
  X(COS_BACKWARD, 6, -a *M(sin)(b))                                                                          \
  X(ERF_BACKWARD, 4, a *K(RAP_2_OVER_SQRT_PI) * M(exp)(-b * b))                                              \
  X(POW_SCALAR_BACKWARD, 20, M(select)(p == K(0), K(0), a * p * M(pow)(b, p - K(1))))                        \
  X(CLAMP_BACKWARD, 1, M(select)((b >= p) & (b <= q), a, K(0)))                                              \
  X(THRESHOLD_BACKWARD, 1, M(select)(b <= p, K(0), a))                                                       \
  X(LEAKY_RELU_BACKWARD, 1, M(select)(b > K(0), a, a * p))                                                   \
  X(HARDTANH_BACKWARD, 1, M(select)((b <= p) | (b >= q), K(0), a))                                           \
  X(HARDSHRINK_BACKWARD, 1, M(select)((b >= -p) & (b <= p), K(0), a))                                        \
  X(HARDSIGMOID_BACKWARD, 1, M(select)((b > K(-3)) & (b < K(3)), a * K(1.0 / 6), K(0)))                      \
  X(HARDSWISH_BACKWARD, 1,                                                                                   \
    M(select)(b <= K(-3), K(0), M(select)(b < K(3), a * (b * K(1.0 / 3) + K(0.5)), a)))                      \
  X(ELU_BACKWARD, 4, M(select)(b <= K(0), a * p * M(exp)(b), a))                                             \
  X(CELU_BACKWARD, 4, M(select)(b <= K(0), a * M(exp)(b / p), a))                                            \
  X(SELU_BACKWARD, 4,                                                                                        \
    M(select)(b <= K(0), a * K(RAP_SELU_SCALE * RAP_SELU_ALPHA) * M(exp)(b), a * K(RAP_SELU_SCALE)))         \
  X(GELU_BACKWARD, 12,                                                                                       \
    a *(K(0.5) * (K(1) + M(erf_near)(b * K(RAP_SQRT1_2))) +                                                  \
        b * K(RAP_1_OVER_SQRT_2PI) * M(exp)(K(-0.5) * b * b)))                                               \
  X(GELU_TANH_BACKWARD, 8,                                                                                   \
    a *M(gelu_tanh_slope)(b, M(tanh)(K(RAP_SQRT_2_OVER_PI) * (b + K(0.044715) * b * b * b))))                \
  X(SILU_BACKWARD, 6, a *M(silu_slope)(b, K(1) / (K(1) + M(exp)(-b))))                                       \
  X(MISH_BACKWARD, 24, a *M(mish_slope)(b, K(1) / (K(1) + M(exp)(-b)), M(tanh)(M(log1p)(M(exp)(b)))))        \
  X(SOFTPLUS_BACKWARD, 6, M(select)(b * p > q, a, a / (K(1) + M(exp)(-b * p))))                              \
  X(SOFTSIGN_BACKWARD, 2, a / ((K(1) + M(abs)(b)) * (K(1) + M(abs)(b))))                                     \
  X(LOGSIGMOID_BACKWARD, 6, a / (K(1) + M(exp)(b)))

#define RAP_BINARY_INT(X)                                                                                    \
  X(ADD, 1, (T)((U)a + (U)b))                                                                                \
  X(SUB, 1, (T)((U)a - (U)b))                                                                                \
  X(MUL, 1, (T)((U)a * (U)b))                                                                                \
  X(ADD_SCALED, 1, (T)((U)a + (U)p * (U)b))                                                                  \
  X(FLOOR_DIVIDE, 16, RAP_INT_FLOOR_DIVIDE(T, U, a, b))                                                      \
  X(TRUNC_DIVIDE, 16, RAP_INT_DIVIDE(T, U, a, b))                                                            \
  X(REMAINDER, 16, RAP_INT_REMAINDER(T, U, a, b))                                                            \
  X(FMOD, 16, RAP_INT_FMOD(T, U, a, b))                                                                      \
  X(POW, 16, RAP_INT_POW(T, a, b))                                                                           \
  X(MAXIMUM, 1, a > b ? a : b)                                                                               \
  X(MINIMUM, 1, a < b ? a : b)                                                                               \
  X(FMAX, 1, a > b ? a : b)                                                                                  \
  X(FMIN, 1, a < b ? a : b)                                                                                  \
  X(HEAVISIDE, 1, a == 0 ? b : a > 0)                                                                        \
  X(THRESHOLD_BACKWARD, 1, b <= p ? 0 : a)                                                                   \
  X(RELU_BACKWARD, 1, b <= 0 ? 0 : a)

#define RAP_BINARY_INT_ONLY(X)                                                                               \
  X(BITWISE_AND, 1, (T)(a & b))                                                                              \
  X(BITWISE_OR, 1, (T)(a | b))                                                                               \
  X(BITWISE_XOR, 1, (T)(a ^ b))                                                                              \
  X(BITWISE_LEFT_SHIFT, 1, (uint64_t)b < 8 * sizeof(T) ? (T)((U)a << b) : 0)                                 \
  X(BITWISE_RIGHT_SHIFT, 1, (T)(a >> ((uint64_t)b < 8 * sizeof(T) ? b : (T)(8 * sizeof(T) - ((T)-1 < 0)))))

#define RAP_BINARY_BOOL(X)                                                                                   \
  X(ADD, 1, a | b)                                                                                           \
  X(MUL, 1, a &b)                                                                                            \
  X(MAXIMUM, 1, a | b)                                                                                       \
  X(MINIMUM, 1, a &b)                                                                                        \
  X(FMAX, 1, a | b)                                                                                          \
  X(FMIN, 1, a &b)                                                                                           \
  X(BITWISE_AND, 1, a &b)                                                                                    \
  X(BITWISE_OR, 1, a | b)                                                                                    \
  X(BITWISE_XOR, 1, a ^ b)

// ISCLOSE: p is rtol, q is atol; two NaNs are not close.
#define RAP_BINARY_COMPARE(X)                                                                                \
  X(EQ, 1, a == b)                                                                                           \
  X(NE, 1, a != b)                                                                                           \
  X(LT, 1, a < b)                                                                                            \
  X(LE, 1, a <= b)                                                                                           \
  X(GT, 1, a > b)                                                                                            \
  X(GE, 1, a >= b)                                                                                           \
  X(LOGICAL_AND, 1, (a != 0) & (b != 0))                                                                     \
  X(LOGICAL_OR, 1, (a != 0) | (b != 0))                                                                      \
  X(LOGICAL_XOR, 1, (a != 0) ^ (b != 0))                                                                     \
  X(ISCLOSE, 4, (a == b) | (IS_FINITE(a) & IS_FINITE(b) & (DISTANCE(a, b) <= q + p * DISTANCE(b, 0))))

// ---- ternary ---------------------------------------------------------------------------------------------

#define RAP_TERNARY_FLOAT(X)                                                                                 \
  X(ADDCMUL, 1, a + p * b * c)                                                                               \
  X(ADDCDIV, 2, a + p * b / c)                                                                               \
  X(LERP, 1, M(select)(M(abs)(c) < K(0.5), a + c * (b - a), b - (b - a) * (K(1) - c)))                       \
  X(CLAMP, 1, M(clamp_between)(a, b, c))

#define RAP_TERNARY_INT(X)                                                                                   \
  X(ADDCMUL, 1, (T)((U)a + (U)p * (U)b * (U)c))                                                              \
  X(CLAMP, 1, (a < b ? b : a) > c ? c : (a < b ? b : a))

// WHERE copies bits: `a` is a bool, b and c are elements of any dtype.
#define RAP_TERNARY_WHERE(X) X(WHERE, 1, a ? b : c)

// ---- losses ----------------------------------------------------------------------------------------------

// X(NAME, value, slope): a loss of x and its target t, with a parameter p, and its derivative by x.
#define RAP_LOSS_FLOAT(X)                                                                                    \
  X(MSE, (x - t) * (x - t), K(2) * (x - t))                                                                  \
  X(L1, M(abs)(x - t), M(sign)(x - t))                                                                       \
  X(SMOOTH_L1, /* p is beta */                                                                               \
    M(select)(M(abs)(x - t) < p, K(0.5) * (x - t) * (x - t) / p, M(abs)(x - t) - K(0.5) * p),                \
    M(select)(M(abs)(x - t) >= p, M(sign)(x - t), (x - t) / p))                                              \
  X(HUBER, /* p is delta */                                                                                  \
    M(select)(M(abs)(x - t) <= p, K(0.5) * (x - t) * (x - t), p * (M(abs)(x - t) - K(0.5) * p)),             \
    M(clamp)(x - t, -p, p))                                                                                  \
  X(BCE, (t - K(1)) * M(max)(M(log1p)(-x), K(-100)) - t * M(max)(M(log)(x), K(-100)),                        \
    (x - t) / M(max)((K(1) - x) * x, K((double)1e-12f))) /* as PyTorch, in every dtype */                    \
  X(BCE_WITH_LOGITS, (K(1) - t) * x - (M(select)(x < K(0), x, K(0)) - M(log1p)(M(exp)(-M(abs)(x)))),         \
    K(1) / (K(1) + M(exp)(-x)) - t)                                                                          \
  X(KL_DIV, M(select)(t == K(0), K(0), t * M(log)(t)) - t * x, -t)                                           \
  X(KL_DIV_LOG, M(exp)(t) * (t - x), -M(exp)(t)) /* t is a log-probability */                                \
  X(SOFT_MARGIN, M(log1p)(M(exp)(-t * x)), -t / (K(1) + M(exp)(t * x)))

#define RAP_LOSS_CODE(name, value, slope) RAP_LOSS_##name,
enum { RAP_LOSS_FLOAT(RAP_LOSS_CODE) RAP_LOSS_COUNT };

#define RAP_UNARY_CODE(name, cost, value)   RAP_UNARY_##name,
#define RAP_BINARY_CODE(name, cost, value)  RAP_BINARY_##name,
#define RAP_TERNARY_CODE(name, cost, value) RAP_TERNARY_##name,
enum {
  RAP_UNARY_FLOAT(RAP_UNARY_CODE) RAP_UNARY_INT_ONLY(RAP_UNARY_CODE) RAP_UNARY_PREDICATE(RAP_UNARY_CODE)
      RAP_UNARY_COUNT
};
enum {
  RAP_BINARY_FLOAT(RAP_BINARY_CODE) RAP_BINARY_INT_ONLY(RAP_BINARY_CODE) RAP_BINARY_COMPARE(RAP_BINARY_CODE)
      RAP_BINARY_COUNT
};
enum { RAP_TERNARY_FLOAT(RAP_TERNARY_CODE) RAP_TERNARY_WHERE(RAP_TERNARY_CODE) RAP_TERNARY_COUNT };

#define RAP_PI              3.14159265358979323846
#define RAP_LN2             0.693147180559945309417
#define RAP_SQRT1_2         0.707106781186547524401
#define RAP_SQRT_2_OVER_PI  0.797884560802865355880
#define RAP_2_OVER_SQRT_PI  1.12837916709551257390
#define RAP_1_OVER_SQRT_2PI 0.398942280401432677940
#define RAP_SELU_ALPHA      1.6732632423543772848170429916717
#define RAP_SELU_SCALE      1.0507009873554804934193349852946

#endif
