/**
 * The gradients of `gridSample` composed of operations, which is how they are differentiated once more.
 *
 * @module
 */
import { grid as codes } from "../../ffi/symbols.ts";
import { int64 } from "../dtype.ts";
import { empty } from "../make.ts";
import { product } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { add, mul, sub } from "./arithmetic.ts";
import { fmod, remainder } from "./binary.ts";
import { eq, ge, gt, le, logicalAnd, lt } from "./compare.ts";
import { gather, scatterAdd } from "./gather.ts";
import { stack } from "./join.ts";
import { expand, reshape, select } from "./movement.ts";
import { abs, floor, round } from "./pointwise.ts";
import { sum } from "./reduce.ts";
import { clamp, where } from "./where.ts";

/** How an image is sampled, as the kernels have it. */
export interface Sampling {
  mode: number;
  padding: number;
  align: number;
}

/** What one axis takes of an element next to a point: each `[batch, 1, points]`. */
interface Tap {
  /** The element's place on the axis; 0 where it is outside. */
  place: Tensor;
  /** 1 inside of the image, 0 outside. */
  inside: Tensor;
  weight: Tensor;
  /** The weight's derivative with respect to the point's coordinate. */
  slope: Tensor;
}

/** One number everywhere. */
function constant(like: Tensor, value: number): Tensor {
  return empty(like.sizes, like.dtype, like.device).fill_(value);
}

/** Positions brought back into the image, and the derivatives of that: as `into_image` of the kernels. */
function intoImage(x: Tensor, n: number, s: Sampling): { x: Tensor; slope: Tensor } {
  const last = n - 1;
  let slope = constant(x, 1);
  if (s.padding === codes.reflection) {
    const low = s.align ? 0 : -0.5, span = s.align ? last : n;
    const away = sub(x, low), far = abs(away), extra = fmod(far, span);
    const even = eq(remainder(floor(mul(far, 1 / span)), 2), 0);
    slope = mul(where(lt(away, 0), -1, 1), where(even, 1, -1)).to(x.dtype);
    x = span === 0 ? mul(x, 0) : add(where(even, extra, sub(span, extra)), low);
    if (span === 0) slope = mul(slope, 0);
  }
  if (s.padding !== codes.zeros) {
    slope = where(logicalAnd(gt(x, 0), lt(x, last)), slope, 0);
    x = where(gt(x, 0), clamp(x, null, last), 0);
  }
  return { x: where(logicalAnd(gt(x, -1e9), lt(x, 1e9)), x, -100), slope };
}

/** The weight of cubic convolution (Keys 1981, a = -0.75) at distance x, within 1 or beyond, and its derivative. */
function cubic(x: Tensor, inner: boolean): [weight: Tensor, slope: Tensor] {
  const a = -0.75, square = mul(x, x);
  return inner ? [add(mul(sub(mul(x, a + 2), a + 3), square), 1), mul(sub(mul(x, 3 * (a + 2)), 2 * (a + 3)), x)] : [
    sub(mul(add(mul(sub(mul(x, a), 5 * a), x), 8 * a), x), 4 * a),
    add(mul(sub(mul(x, 3 * a), 10 * a), x), 8 * a),
  ];
}

/** The taps of one axis of n elements at the coordinates g. */
function axisTaps(g: Tensor, n: number, s: Sampling): Tap[] {
  const half = (s.align ? n - 1 : n) / 2, fixed = g.detached();
  const at = sub(mul(add(fixed, 1), half), s.align ? 0 : 0.5);
  // No step at all, but one that has a derivative.
  const step = mul(sub(g, fixed), half);
  const tap = (position: Tensor, weight: Tensor, slope: Tensor): Tap => {
    const inside = logicalAnd(ge(position, 0), le(position, n - 1));
    return { place: where(inside, position, 0).to(int64), inside: inside.to(g.dtype), weight, slope };
  };
  if (s.mode === codes.cubic) {
    const x = where(logicalAnd(gt(at, -1e9), lt(at, 1e9)), at, -100), low = floor(x);
    const t = add(sub(x, low), step);
    return [0, 1, 2, 3].map((k) => {
      const [weight, slope] = cubic(k < 2 ? add(t, 1 - k) : sub(k - 1, t), k === 1 || k === 2);
      return tap(intoImage(add(low, k - 1), n, s).x, weight, mul(slope, k < 2 ? half : -half));
    });
  }
  const { x, slope } = intoImage(at, n, s), ones = constant(x, 1);
  if (s.mode === codes.nearest) return [tap(round(x), ones, constant(x, 0))];
  const low = floor(x), t = add(sub(x, low), mul(step, slope)), scale = mul(slope, half);
  return [tap(low, sub(1, t), mul(scale, -1)), tap(add(low, 1), t, scale)];
}

/** Every choice of one of each axis. */
function choices<T>(axes: readonly T[][]): T[][] {
  return axes.reduce<T[][]>((all, axis) => all.flatMap((some) => axis.map((one) => [...some, one])), [[]]);
}

/** The gradients of image and grid, themselves differentiable with respect to dy, x and grid. */
export function composedGradients(
  dy: Tensor,
  x: Tensor,
  grid: Tensor,
  s: Sampling,
  needs: readonly boolean[],
): (Tensor | null)[] {
  const [batch, channels, ...sizes] = x.sizes, plane = product(sizes), points = product(grid.sizes.slice(1, -1));
  const image = reshape(x, [batch, channels, plane]), g = reshape(dy, [batch, channels, points]);
  // The grid's innermost coordinate belongs to the image's last axis.
  const axes = sizes.map((n, d) => axisTaps(reshape(select(grid, -1, sizes.length - 1 - d), [batch, 1, points]), n, s));
  let dx: Tensor = constant(image, 0);
  const slopes: (Tensor | null)[] = sizes.map(() => null);
  for (const taps of choices(axes)) {
    const place = taps.reduce<Tensor | null>(
      (at, t, d) => at === null ? t.place : add(mul(at, sizes[d]), t.place),
      null,
    );
    if (place === null) continue;
    const index = expand(place, [batch, channels, points]);
    const inside = taps.map((t) => t.inside).reduce((a, b) => mul(a, b));
    if (needs[0]) {
      const weight = taps.map((t) => t.weight).reduce((a, b) => mul(a, b), inside);
      dx = scatterAdd(dx, 2, index, mul(g, weight));
    }
    if (needs[1]) {
      const drawn = mul(sum(mul(g, gather(image, 2, index)), 1, true), inside);
      taps.forEach((own, d) => {
        const slope = taps.reduce((product, t) => t === own ? product : mul(product, t.weight), mul(drawn, own.slope));
        const before = slopes[d];
        slopes[d] = before === null ? slope : add(before, slope);
      });
    }
  }
  const along = slopes.filter((t) => t !== null).reverse();
  return [
    needs[0] ? reshape(dx, x.sizes) : null,
    needs[1] ? reshape(stack(along, -1), grid.sizes) : null,
  ];
}
