/**
 * Ready-made parametrizations, as `torch.nn.utils.parametrizations`.
 *
 * @module
 */
import { named, type Trailing } from "../arguments.ts";
import { sqrt } from "../ops/pointwise.ts";
import { sum } from "../ops/reduce.ts";
import type { Tensor } from "../tensor.ts";
import { Module } from "./module.ts";
import { type Parametrized, registerParametrization } from "./parametrize.ts";

/** The norm over all dimensions but `dim`, which (like all others) stays; over all of them for `null`. */
function normExceptDim(x: Tensor, dim: number | null): Tensor {
  const others = x.sizes.map((_, i) => i).filter((i) => dim === null || i !== (dim + x.ndim) % x.ndim);
  return dim === null ? sqrt(sum(x.mul(x))) : sqrt(sum(x.mul(x), others, true));
}

/** g·v / ‖v‖ from g and v. */
export class WeightNorm extends Module {
  /** The dimension along which norms are taken apart, or `null` for one norm. */
  readonly dim: number | null;

  /** For {@linkcode weightNorm}. */
  constructor(dim: number | null) {
    super();
    this.dim = dim;
  }

  /** @internal */
  override get reprName(): string {
    return "_WeightNorm";
  }

  /** The weight. */
  override forward(g: Tensor, v: Tensor): Tensor {
    return v.mul(g.div(normExceptDim(v, this.dim)));
  }

  /** Its norm, and the weight itself as the direction. */
  rightInverse(weight: Tensor): Tensor[] {
    return [normExceptDim(weight, this.dim), weight];
  }
}

/** Options of {@linkcode weightNorm}. */
export interface WeightNormOptions {
  /** The name of the tensor. Default: `"weight"`. */
  name?: string;
  /** The dimension along which norms are taken apart; `null` for one norm. Default: 0. */
  dim?: number | null;
}

/**
 * Takes a weight apart into its norm and its direction: w = g·v / ‖v‖ (Salimans and Kingma 2016). They are the parameters
 * `parametrizations.weight.original0` and `original1`.
 *
 * @example
 * ```ts
 * import { nn } from "@raptorch/raptorch";
 * const layer = nn.utils.parametrizations.weightNorm(new nn.Linear(20, 40));
 * console.assert(String(layer.stateDict()["parametrizations.weight.original0"].shape) === "torch.Size([40, 1])");
 * ```
 *
 * @throws {Error} When the module has no tensor of that name.
 */
export function weightNorm<M extends Module>(
  module: M,
  ...rest: Trailing<[name: string, dim: number | null], WeightNormOptions>
): Parametrized<M> {
  const o = named<WeightNormOptions>("weight_norm", rest, ["name", "dim"]);
  const dim = o.dim === undefined ? 0 : o.dim;
  return registerParametrization(module, o.name ?? "weight", new WeightNorm(dim), { unsafe: true });
}
