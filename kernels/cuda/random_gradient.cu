// Derivatives of gamma and beta samples with respect to the shape, by implicit reparameterisation (Figurnov,
// Mohamed and Mnih 2018): a sample x with distribution function F(x; a) has dx/da = -(dF/da) / (dF/dx). F is
// an incomplete gamma or beta function, evaluated as a series or a continued fraction together with its
// derivative. As random_gradient.c.
#include "math.cuh"

namespace {

// A number and its derivative with respect to the shape.
struct dual {
  double v, d;
};

DEVICE dual add(dual x, dual y) { return dual{x.v + y.v, x.d + y.d}; }
DEVICE dual mul(dual x, dual y) { return dual{x.v * y.v, x.d * y.v + x.v * y.d}; }
DEVICE dual over(dual x, dual y) {
  double q = x.v / y.v;
  return dual{q, (x.d - q * y.d) / y.v};
}
DEVICE dual constant(double v) { return dual{v, 0}; }

constexpr int MOST_TERMS = 100000;
constexpr double SMALL = 1e-300, PRECISION = 1e-15;

// Digamma for x > 0: up by recurrence to 10, then the asymptotic series (Abramowitz and Stegun 6.3.18).
DEVICE double digamma_positive(double x) {
  double shift = 0;
  for (; x < 10; x++) shift += 1 / x;
  double z = 1 / (x * x);
  double tail = z * (1.0 / 12 - z * (1.0 / 120 - z * (1.0 / 252 - z * (1.0 / 240 - z * (1.0 / 132)))));
  return log(x) - 0.5 / x - tail - shift;
}

// One step of Lentz's method (as modified by Thompson and Barnett): *f times the next numerator over
// denominator of a continued fraction. Returns whether it has converged.
DEVICE bool lentz(dual *f, dual *c, dual *d, dual numerator, dual denominator) {
  *d = add(denominator, mul(numerator, *d));
  if (fabs(d->v) < SMALL) d->v = SMALL;
  *d = over(constant(1), *d);
  *c = add(denominator, over(numerator, *c));
  if (fabs(c->v) < SMALL) c->v = SMALL;
  dual factor = mul(*c, *d);
  *f = mul(*f, factor);
  return fabs(factor.v - 1) < PRECISION && fabs(factor.d) < PRECISION;
}

// x^a e^-x / Gamma(a) is the common factor of P(a, x) = factor * sum and of Q(a, x) = factor * fraction.
DEVICE double gamma_gradient(double a, double x) {
  if (!(x > 0) || !(a > 0)) return 0;
  // The normal limit, whose next term is of relative order 1/a.
  if (a > 1e6) return 1 + (x - a) / (2 * a);
  double slope = log(x) - digamma_positive(a);
  if (x < a + 1) {
    dual term = over(constant(1), dual{a, 1}), sum = term;
    for (int n = 1; n < MOST_TERMS && fabs(term.v) + fabs(term.d) > PRECISION * (fabs(sum.v) + fabs(sum.d));
         n++) {
      term = mul(term, over(constant(x), dual{a + n, 1}));
      sum = add(sum, term);
    }
    return -x * (slope * sum.v + sum.d);
  }
  dual first = {x + 1 - a, -1}, f = over(constant(1), first), c = constant(1 / SMALL), d = f;
  for (int n = 1; n < MOST_TERMS; n++)
    if (lentz(&f, &c, &d, dual{n * (a - n), static_cast<double>(n)}, dual{x + 1 - a + 2 * n, -1})) break;
  return x * (slope * f.v + f.d);
}

// The continued fraction h of the incomplete beta function I_x(a, b) = x^a (1-x)^b / (a B(a, b)) * h.
DEVICE dual beta_fraction(dual a, dual b, double x) {
  dual total = add(a, b), f = constant(1), c = constant(1), d = constant(0);
  for (int m = 0; m < MOST_TERMS; m++) {
    dual am = add(a, constant(m)), a2m = add(am, constant(m)), numerator;
    if (m > 0) {
      numerator = over(mul(add(b, constant(-m)), constant(m * x)), mul(add(a2m, constant(-1)), a2m));
      lentz(&f, &c, &d, numerator, constant(1));
    }
    numerator = over(mul(mul(am, add(total, constant(m))), constant(-x)), mul(a2m, add(a2m, constant(1))));
    if (lentz(&f, &c, &d, numerator, constant(1))) break;
  }
  return over(constant(1), f);
}

// -(dF/da) / (dF/dx) / (1 - x) for Beta(a, total - a), which is what a Dirichlet sample's gradient is made
// of.
DEVICE double dirichlet_gradient(double x, double a, double total) {
  double b = total - a;
  if (!(x > 0) || !(x < 1) || !(a > 0) || !(b > 0)) return 0;
  double slope = log(x) - digamma_positive(a) + digamma_positive(total);
  if (x < (a + 1) / (total + 2)) {
    dual h = over(beta_fraction(dual{a, 1}, constant(b), x), dual{a, 1});
    return -x * (slope * h.v + h.d);
  }
  dual h = over(beta_fraction(constant(b), dual{a, 1}, 1 - x), constant(b));
  return x * (slope * h.v + h.d);
}

template <typename T>
__global__ void __launch_bounds__(kBlock)
    random_gradient(T *out, const T *x, const T *a, const T *total, int n) {
  GRID_STRIDE(i, n) {
    const double at = static_cast<double>(x[i]), shape = static_cast<double>(a[i]);
    out[i] = static_cast<T>(total ? dirichlet_gradient(at, shape, static_cast<double>(total[i]))
                                  : gamma_gradient(shape, at));
  }
}

} // namespace

int32_t rap_random_gradient(int32_t dtype, void *out, const void *x, const void *a, const void *total,
                            int32_t n) {
  const bool known = for_float(dtype, [&](auto element) {
    using T = decltype(element);
    if (n)
      RUN((random_gradient<T>), blocks_for(n), kBlock, static_cast<T *>(out), static_cast<const T *>(x),
          static_cast<const T *>(a), static_cast<const T *>(total), n);
  });
  return known ? RAP_OK : RAP_UNSUPPORTED;
}
