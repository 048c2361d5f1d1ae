/**
 * Ready-made parametrizations, as `torch.nn.utils.parametrizations`.
 *
 * @module
 */
import { named, type Trailing } from "../arguments.ts";
import { noGrad } from "../autograd/mode.ts";
import { mv } from "../ops/matmul.ts";
import { flatten, permute } from "../ops/movement.ts";
import { sqrt } from "../ops/pointwise.ts";
import { sum } from "../ops/reduce.ts";
import { normalize } from "../ops/response_norm.ts";
import type { Tensor } from "../tensor.ts";
import { ConvTranspose1d, ConvTranspose2d, ConvTranspose3d } from "./conv.ts";
import { normal_ } from "./init.ts";
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

/** How {@linkcode SpectralNorm} measures. */
interface SpectralNormSettings {
  nPowerIterations: number;
  dim: number;
  eps: number;
}

/** The weight over its largest singular value, which power iterations follow while training. */
export class SpectralNorm extends Module {
  /** The left singular vector, as far as it is known; absent for vectors. */
  declare _u: Tensor;
  /** The right singular vector, as far as it is known; absent for vectors. */
  declare _v: Tensor;
  readonly #settings: SpectralNormSettings;

  /** For {@linkcode spectralNorm}. */
  constructor(weight: Tensor, settings: SpectralNormSettings) {
    super();
    if (!(Number.isInteger(settings.nPowerIterations) && settings.nPowerIterations > 0)) {
      throw new RangeError(
        "Expected n_power_iterations to be positive, but got n_power_iterations=" + settings.nPowerIterations,
      );
    }
    this.#settings = settings;
    if (weight.ndim < 2) return;
    noGrad(() => {
      const matrix = this.#matrix(weight.detach());
      const start = (n: number): Tensor => normalize(normal_(matrix.newEmpty([n])), { dim: 0, eps: settings.eps });
      this.registerBuffer("_u", start(matrix.sizes[0]));
      this.registerBuffer("_v", start(matrix.sizes[1]));
      this.#iterate(matrix, 15);
    });
  }

  /** @internal */
  override get reprName(): string {
    return "_SpectralNorm";
  }

  /** The weight as a matrix, one row for each index along `dim`. */
  #matrix(weight: Tensor): Tensor {
    const { dim } = this.#settings;
    const order = weight.sizes.map((_, i) => i).filter((i) => i !== dim);
    return flatten(dim === 0 ? weight : permute(weight, [dim, ...order]), 1);
  }

  #iterate(matrix: Tensor, times: number): void {
    const { eps } = this.#settings;
    for (let i = 0; i < times; i++) {
      this._u.copy_(normalize(mv(matrix, this._v), { dim: 0, eps }));
      this._v.copy_(normalize(mv(matrix.t(), this._u), { dim: 0, eps }));
    }
  }

  /** The weight. */
  override forward(weight: Tensor): Tensor {
    if (weight.ndim < 2) return normalize(weight, { dim: 0, eps: this.#settings.eps });
    const matrix = this.#matrix(weight);
    if (this.training) noGrad(() => this.#iterate(matrix.detach(), this.#settings.nPowerIterations));
    // Copies, so that the next iteration does not write to what backward needs.
    const u = this._u.clone(), v = this._v.clone();
    return weight.div(u.dot(mv(matrix, v)));
  }

  /** The weight itself. */
  rightInverse(value: Tensor): Tensor {
    return value;
  }
}

/** Options of {@linkcode spectralNorm}. */
export interface SpectralNormOptions {
  /** The name of the tensor. Default: `"weight"`. */
  name?: string;
  /** Power iterations per forward pass in training. Default: 1. */
  nPowerIterations?: number;
  /** Added to norms that are near 0. Default: 1e-12. */
  eps?: number;
  /** The dimension of the outputs. Default: 1 for transposed convolutions, else 0. */
  dim?: number | null;
}

/**
 * Divides a weight by its largest singular value, as discriminators are kept from growing steep (Miyato et al. 2018).
 *
 * @example
 * ```ts
 * import { linalg, nn } from "@raptorch/raptorch";
 * const layer = nn.utils.parametrizations.spectralNorm(new nn.Linear(20, 40));
 * console.assert(Math.abs(linalg.matrixNorm(layer.weight, 2).item() - 1) < 0.5);
 * ```
 *
 * @throws {Error} When the module has no tensor of that name.
 */
export function spectralNorm<M extends Module>(
  module: M,
  ...rest: Trailing<[name: string, nPowerIterations: number, eps: number, dim: number | null], SpectralNormOptions>
): Parametrized<M> {
  const o = named<SpectralNormOptions>("spectral_norm", rest, ["name", "nPowerIterations", "eps", "dim"]);
  const name = o.name ?? "weight", weight = new Map(module.namedParameters()).get(name);
  if (weight === undefined) throw new Error(`Module '${module.reprName}' has no parameter with name '${name}'`);
  const across = [ConvTranspose1d, ConvTranspose2d, ConvTranspose3d].some((kind) => module instanceof kind);
  const { nPowerIterations = 1, eps = 1e-12 } = o, dim = o.dim ?? (across ? 1 : 0);
  return registerParametrization(module, name, new SpectralNorm(weight, { nPowerIterations, dim, eps }));
}
