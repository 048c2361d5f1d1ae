/**
 * Kullback-Leibler divergences in closed form.
 *
 * @module
 */
import { fullLike } from "../create.ts";
import { xlogy } from "../ops/binary.ts";
import { softplus } from "../ops/activations.ts";
import { logicalOr } from "../ops/compare.ts";
import { solveTriangular } from "../ops/linalg.ts";
import type { Tensor } from "../tensor.ts";
import { Bernoulli } from "./bernoulli.ts";
import { Beta } from "./beta.ts";
import { Categorical } from "./categorical.ts";
import { Dirichlet } from "./dirichlet.ts";
import type { Distribution } from "./distribution.ts";
import { Exponential } from "./exponential.ts";
import { Gamma } from "./gamma.ts";
import { mahalanobis, MultivariateNormal } from "./multivariate_normal.ts";
import { Normal } from "./normal.ts";
import { Uniform } from "./uniform.ts";

/** A class of distributions. */
// deno-lint-ignore no-explicit-any
type Class<T extends Distribution> = abstract new (...args: any[]) => T;

/** The divergence of `p` from `q`. */
type Divergence<P extends Distribution, Q extends Distribution> = (p: P, q: Q) => Tensor;

const registry: {
  p: Class<Distribution>;
  q: Class<Distribution>;
  divergence: Divergence<Distribution, Distribution>;
}[] = [];

/**
 * Makes {@linkcode klDivergence} know a pair of classes. The latest entry that fits a pair counts.
 *
 * @example
 * ```ts
 * import { distributions } from "@raptorch/raptorch";
 * const { Exponential, klDivergence, registerKl } = distributions;
 * class Decay extends Exponential {}
 * registerKl(Decay, Exponential, (p, q) => p.rate.sub(q.rate));
 * console.assert(klDivergence(new Decay(3), new Exponential(1)).item() === 2);
 * ```
 */
export function registerKl<P extends Distribution, Q extends Distribution>(
  p: Class<P>,
  q: Class<Q>,
  divergence: Divergence<P, Q>,
): void {
  // klDivergence only calls it with instances of the two classes.
  registry.unshift({ p, q, divergence: divergence as unknown as Divergence<Distribution, Distribution> });
}

/**
 * The Kullback-Leibler divergence of `p` from `q`: the mean under p of ln p(x) - ln q(x).
 *
 * @throws {Error} When no closed form is known for this pair.
 * @example
 * ```ts
 * import { distributions } from "@raptorch/raptorch";
 * const { klDivergence, Normal } = distributions;
 * console.assert(klDivergence(new Normal(1, 1), new Normal(0, 1)).item() === 0.5);
 * ```
 */
export function klDivergence(p: Distribution, q: Distribution): Tensor {
  const found = registry.find((entry) => p instanceof entry.p && q instanceof entry.q);
  if (found === undefined) {
    throw new Error(
      `No KL(p || q) is implemented for p type ${p.constructor.name} and q type ${q.constructor.name}`,
    );
  }
  return found.divergence(p, q);
}

const eulerGamma = 0.57721566490153286060;

function infinite(like: Tensor): Tensor {
  return fullLike(like, Infinity);
}

/** ln √2π σ². */
function logVariance(variance: Tensor): Tensor {
  return variance.mul(2 * Math.PI).log().mul(0.5);
}

/** Where p, a probability, is nonzero: weight · difference; q of 0 there is infinitely far. */
function weighted(p: Tensor, q: Tensor, difference: Tensor): Tensor {
  return p.mul(difference).maskedFill(q.eq(0), Infinity).maskedFill(p.eq(0), 0);
}

registerKl(Bernoulli, Bernoulli, (p, q) => {
  const ones = softplus(q.logits.neg()).sub(softplus(p.logits.neg()));
  const zeros = softplus(q.logits).sub(softplus(p.logits));
  const not = (x: Tensor) => x.neg().add(1);
  return weighted(p.probs, q.probs, ones).add(weighted(not(p.probs), not(q.probs), zeros));
});

registerKl(Beta, Beta, (p, q) => {
  const [a, b, c, d] = [p.concentration1, p.concentration0, q.concentration1, q.concentration0];
  const sum = a.add(b), other = c.add(d);
  const logs = c.lgamma().add(d.lgamma()).add(sum.lgamma()).sub(a.lgamma().add(b.lgamma()).add(other.lgamma()));
  return logs.add(a.sub(c).mul(a.digamma())).add(b.sub(d).mul(b.digamma())).add(other.sub(sum).mul(sum.digamma()));
});

registerKl(Categorical, Categorical, (p, q) => weighted(p.probs, q.probs, p.logits.sub(q.logits)).sum(-1));

registerKl(Dirichlet, Dirichlet, (p, q) => {
  const a = p.concentration, b = q.concentration, sum = a.sum(-1);
  const logs = sum.lgamma().sub(b.sum(-1).lgamma()).sub(a.lgamma().sub(b.lgamma()).sum(-1));
  return logs.add(a.sub(b).mul(a.digamma().sub(sum.digamma().unsqueeze(-1))).sum(-1));
});

registerKl(Exponential, Exponential, (p, q) => {
  const ratio = q.rate.div(p.rate);
  return ratio.sub(ratio.log()).sub(1);
});

registerKl(Gamma, Gamma, (p, q) => {
  const scale = q.concentration.mul(p.rate.div(q.rate).log());
  const logs = q.concentration.lgamma().sub(p.concentration.lgamma());
  const shape = p.concentration.sub(q.concentration).mul(p.concentration.digamma());
  return scale.add(logs).add(shape).add(q.rate.sub(p.rate).mul(p.concentration.div(p.rate)));
});

registerKl(MultivariateNormal, MultivariateNormal, (p, q) => {
  const n = p.eventShape[0];
  if (n !== q.eventShape[0]) {
    throw new RangeError(
      "KL-divergence between two Multivariate Normals with different event shapes cannot be computed " +
        `(${n} and ${q.eventShape[0]})`,
    );
  }
  const logs = q.halfLogDeterminant().sub(p.halfLogDeterminant());
  const spread = solveTriangular(q.factor, p.factor, false).pow(2).sum([-2, -1]);
  return logs.add(spread.add(mahalanobis(q.factor, q.loc.sub(p.loc))).sub(n).mul(0.5));
});

registerKl(Normal, Normal, (p, q) => {
  const ratio = p.scale.div(q.scale).pow(2), distance = p.loc.sub(q.loc).div(q.scale).pow(2);
  return ratio.add(distance).sub(1).sub(ratio.log()).mul(0.5);
});

registerKl(Uniform, Uniform, (p, q) => {
  const ratio = q.high.sub(q.low).div(p.high.sub(p.low)).log();
  return ratio.maskedFill(logicalOr(q.low.gt(p.low), q.high.lt(p.high)), Infinity);
});

registerKl(Beta, Exponential, (p, q) => q.rate.mul(p.mean).sub(q.rate.log()).sub(p.entropy()));

registerKl(Beta, Gamma, (p, q) => {
  const total = p.concentration1.add(p.concentration0);
  const meanLog = p.concentration1.digamma().sub(total.digamma());
  const constant = q.concentration.lgamma().sub(q.concentration.mul(q.rate.log()));
  return constant.sub(p.entropy()).sub(q.concentration.sub(1).mul(meanLog)).add(q.rate.mul(p.mean));
});

registerKl(Beta, Normal, (p, q) => {
  const { mean } = p, variance = q.scale.pow(2);
  const square = p.variance.add(mean.pow(2)).mul(0.5).sub(q.loc.mul(mean)).add(q.loc.pow(2).mul(0.5));
  return logVariance(variance).sub(p.entropy()).add(square.div(variance));
});

registerKl(Beta, Uniform, (p, q) => {
  const inside = q.high.sub(q.low).log().sub(p.entropy());
  return inside.maskedFill(logicalOr(q.low.gt(0), q.high.lt(1)), Infinity);
});

registerKl(Exponential, Beta, (p) => infinite(p.rate));
registerKl(Exponential, Uniform, (p) => infinite(p.rate));

registerKl(Exponential, Gamma, (p, q) => {
  const ratio = q.rate.div(p.rate), shape = q.concentration;
  return ratio.sub(shape.mul(ratio.log())).add(shape.lgamma()).add(shape.mul(eulerGamma)).sub(1 + eulerGamma);
});

registerKl(Exponential, Normal, (p, q) => {
  const variance = q.scale.pow(2), square = p.rate.pow(2);
  const distance = square.reciprocal().sub(q.loc.div(p.rate)).add(q.loc.pow(2).mul(0.5));
  return logVariance(square.mul(variance)).sub(1).add(distance.div(variance));
});

registerKl(Gamma, Beta, (p) => infinite(p.concentration));
registerKl(Gamma, Uniform, (p) => infinite(p.concentration));

registerKl(Gamma, Exponential, (p, q) => q.rate.mul(p.mean).sub(q.rate.log()).sub(p.entropy()));

registerKl(Gamma, Normal, (p, q) => {
  const variance = q.scale.pow(2), square = p.rate.pow(2), a = p.concentration;
  const entropy = logVariance(square.mul(variance)).sub(a).sub(a.lgamma()).add(a.sub(1).mul(a.digamma()));
  const second = a.pow(2).add(a).mul(0.5).div(square);
  return entropy.add(second.sub(q.loc.mul(p.mean)).add(q.loc.pow(2).mul(0.5)).div(variance));
});

registerKl(Normal, Beta, (p) => infinite(p.loc));
registerKl(Normal, Exponential, (p) => infinite(p.loc));
registerKl(Normal, Gamma, (p) => infinite(p.loc));
registerKl(Normal, Uniform, (p) => infinite(p.loc));

/** The mean of ln x over [low, high]. */
function meanLog(low: Tensor, high: Tensor): Tensor {
  const length = high.sub(low);
  return xlogy(high, high).sub(xlogy(low, low)).sub(length).div(length);
}

registerKl(Uniform, Beta, (p, q) => {
  const not = (x: Tensor) => x.neg().add(1);
  const ones = q.concentration1.sub(1).mul(meanLog(p.low, p.high));
  const zeros = q.concentration0.sub(1).mul(meanLog(not(p.high), not(p.low)));
  const logs = q.concentration1.lgamma().add(q.concentration0.lgamma()).sub(
    q.concentration1.add(q.concentration0).lgamma(),
  );
  const inside = logs.sub(p.entropy()).sub(ones).sub(zeros);
  return inside.maskedFill(logicalOr(p.high.gt(1), p.low.lt(0)), Infinity);
});

registerKl(Uniform, Exponential, (p, q) => {
  const inside = q.rate.mul(p.mean).sub(p.high.sub(p.low).mul(q.rate).log());
  return inside.maskedFill(p.low.lt(0), Infinity);
});

registerKl(Uniform, Gamma, (p, q) => {
  const constant = q.concentration.lgamma().sub(q.concentration.mul(q.rate.log()));
  const shape = q.concentration.neg().add(1).mul(meanLog(p.low, p.high));
  const inside = constant.sub(p.entropy()).add(shape).add(q.rate.mul(p.mean));
  return inside.maskedFill(p.low.lt(0), Infinity);
});

registerKl(Uniform, Normal, (p, q) => {
  const length = p.high.sub(p.low), distance = p.mean.sub(q.loc).pow(2);
  const constant = q.scale.mul(Math.sqrt(2 * Math.PI)).div(length).log();
  return constant.add(length.pow(2).div(12).add(distance).div(q.scale.pow(2)).mul(0.5));
});
