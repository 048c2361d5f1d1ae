/**
 * The line search of LBFGS: finds a step that satisfies the strong Wolfe conditions (Nocedal and Wright, Numerical
 * Optimization, algorithms 3.5 and 3.6), as torch/optim/lbfgs.py does.
 *
 * @module
 */
import type { Tensor } from "../tensor.ts";

/** A point on the line: its step, the loss, the gradient, and the gradient's part along the line. */
interface Point {
  t: number;
  f: number;
  g: Tensor;
  slope: number;
}

/** What the search found. */
export interface Found {
  /** The step. */
  t: number;
  /** The loss there. */
  loss: number;
  /** The gradient there. */
  gradient: Tensor;
  /** How often the loss was evaluated. */
  evaluations: number;
}

/** What the search needs to know. */
export interface LineSearch {
  /** The loss and the gradient at a step along the direction. */
  evaluate: (t: number) => { loss: number; gradient: Tensor };
  /** The gradient's part along the direction. */
  slope: (gradient: Tensor) => number;
  /** The first step to try. */
  t: number;
  /** Where the line begins. */
  loss: number;
  gradient: Tensor;
  /** The slope at the begin. */
  startSlope: number;
  /** The largest element of the direction. */
  directionSize: number;
  /** The most evaluations. */
  limit: number;
}

const c1 = 1e-4, c2 = 0.9, tolerance = 1e-9;

/** The minimum of the cubic through two points with their slopes, kept within bounds. */
function cubicMinimum(a: Point, b: Point, bounds?: [number, number]): number {
  const [low, high] = bounds ?? (a.t <= b.t ? [a.t, b.t] : [b.t, a.t]);
  const d1 = a.slope + b.slope - 3 * (a.f - b.f) / (a.t - b.t);
  const square = d1 * d1 - a.slope * b.slope;
  if (!(square >= 0)) return (low + high) / 2;
  const d2 = Math.sqrt(square);
  const at = a.t <= b.t
    ? b.t - (b.t - a.t) * ((b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2))
    : a.t - (a.t - b.t) * ((a.slope + d2 - d1) / (a.slope - b.slope + 2 * d2));
  return Math.min(Math.max(at, low), high);
}

/** Searches the line. */
export function strongWolfe(s: LineSearch): Found {
  let evaluations = 0;
  const at = (t: number): Point => {
    const { loss, gradient } = s.evaluate(t);
    evaluations++;
    return { t, f: loss, g: gradient, slope: s.slope(gradient) };
  };
  const tooHigh = (p: Point): boolean => p.f > s.loss + c1 * p.t * s.startSlope;
  const flat = (p: Point): boolean => Math.abs(p.slope) <= -c2 * s.startSlope;
  const start: Point = { t: 0, f: s.loss, g: s.gradient, slope: s.startSlope };

  // Widen until a bracket holds a good point.
  let before = start, now = at(s.t), bracket: Point[] | null = null, done = false, tries = 0;
  while (tries < s.limit) {
    if (tooHigh(now) || (tries > 1 && now.f >= before.f)) bracket = [before, now];
    else if (flat(now)) {
      bracket = [now];
      done = true;
    } else if (now.slope >= 0) bracket = [before, now];
    if (bracket !== null) break;
    const next = cubicMinimum(before, now, [now.t + 0.01 * (now.t - before.t), now.t * 10]);
    before = now;
    now = at(next);
    tries++;
  }
  bracket ??= [start, now];

  // Narrow the bracket around it.
  let low = bracket[0].f <= bracket[bracket.length - 1].f ? 0 : 1, stuck = false;
  while (!done && tries < s.limit) {
    const [a, b] = bracket;
    if (Math.abs(b.t - a.t) * s.directionSize < tolerance) break;
    let t = cubicMinimum(a, b);
    const left = Math.min(a.t, b.t), right = Math.max(a.t, b.t), margin = 0.1 * (right - left);
    // Too near a boundary twice, or on it: move a tenth of the bracket inwards.
    if (Math.min(right - t, t - left) < margin) {
      if (stuck || t >= right || t <= left) {
        t = Math.abs(t - right) < Math.abs(t - left) ? right - margin : left + margin;
        stuck = false;
      } else stuck = true;
    } else stuck = false;
    now = at(t);
    tries++;
    const high: number = 1 - low;
    if (tooHigh(now) || now.f >= bracket[low].f) {
      bracket[high] = now;
      low = bracket[0].f <= bracket[1].f ? 0 : 1;
    } else {
      if (flat(now)) done = true;
      else if (now.slope * (bracket[high].t - bracket[low].t) >= 0) bracket[high] = bracket[low];
      bracket[low] = now;
    }
  }
  const best = bracket[bracket.length === 1 ? 0 : low];
  return { t: best.t, loss: best.f, gradient: best.g, evaluations };
}
