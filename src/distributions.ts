/**
 * Probability distributions: samples, densities, entropies and divergences, as `torch.distributions`.
 *
 * @example
 * ```ts
 * import { distributions, tensor } from "@raptorch/raptorch";
 * const scale = tensor(2, { requiresGrad: true });
 * const d = new distributions.Normal(0, scale);
 * d.rsample([1000]).pow(2).mean().backward();
 * console.assert(scale.grad!.item() > 0);
 * ```
 * @module
 */
export { Bernoulli, type BernoulliDistributionOptions } from "./distributions/bernoulli.ts";
export { Beta } from "./distributions/beta.ts";
export { Categorical, type CategoricalOptions } from "./distributions/categorical.ts";
export * as constraints from "./distributions/constraints.ts";
export { Dirichlet } from "./distributions/dirichlet.ts";
export { Distribution, type DistributionOptions } from "./distributions/distribution.ts";
export { Exponential } from "./distributions/exponential.ts";
export { Gamma } from "./distributions/gamma.ts";
export { klDivergence, registerKl } from "./distributions/kl.ts";
export { MultivariateNormal, type MultivariateNormalOptions } from "./distributions/multivariate_normal.ts";
export { Normal } from "./distributions/normal.ts";
export { Uniform } from "./distributions/uniform.ts";
