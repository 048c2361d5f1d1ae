/**
 * The normal distribution of vectors.
 *
 * @module
 */
import { named, type Trailing } from "../arguments.ts";
import { arange } from "../ranges.ts";
import { cholesky, solveTriangular } from "../ops/linalg.ts";
import { randn } from "../random.ts";
import { broadcastSizes, type Sizes } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import * as constraints from "./constraints.ts";
import { Distribution, type DistributionOptions, inherit } from "./distribution.ts";

/** Options of {@linkcode MultivariateNormal}: exactly one of the three matrices. */
export interface MultivariateNormalOptions extends DistributionOptions {
  /** The covariance. */
  covarianceMatrix?: Tensor;
  /** The inverse of the covariance. */
  precisionMatrix?: Tensor;
  /** The lower triangular L with L Lᵀ = covariance. */
  scaleTril?: Tensor;
}

const matrices = ["covarianceMatrix", "precisionMatrix", "scaleTril"] as const;

/** PyTorch's names of the matrices. */
const pythonNames = {
  covarianceMatrix: "covariance_matrix",
  precisionMatrix: "precision_matrix",
  scaleTril: "scale_tril",
};

const transposed = (x: Tensor) => x.transpose(-2, -1);

function identity(like: Tensor): Tensor {
  const n = like.sizes[like.ndim - 1], i = arange(n, { device: like.device });
  return i.view(n, 1).eq(i).to(like.dtype);
}

/** The lower triangular L with (L Lᵀ)⁻¹ = P: the factor of P, turned round, inverted. */
function factorOfPrecision(precision: Tensor): Tensor {
  const turned = (x: Tensor) => {
    const back = arange(x.sizes[x.ndim - 1], { device: x.device }).mul(-1).add(x.sizes[x.ndim - 1] - 1);
    return x.indexSelect(-2, back).indexSelect(-1, back);
  };
  const inverse = transposed(turned(cholesky(turned(precision))));
  return solveTriangular(inverse, identity(precision), false);
}

/** |L⁻¹ x|² of each vector in `x`, for one factor L or one per batch. @internal */
export function mahalanobis(factor: Tensor, x: Tensor): Tensor {
  return solveTriangular(factor, x.unsqueeze(-1), false).squeeze(-1).pow(2).sum(-1);
}

/**
 * The normal distribution of vectors of mean `loc` and a covariance, given as such, by its inverse or by its factor.
 *
 * @example
 * ```ts
 * import { distributions, tensor } from "@raptorch/raptorch";
 * const d = new distributions.MultivariateNormal(tensor([0, 0]), tensor([[1, 0], [0, 4]]));
 * console.assert(String(d.variance) === "tensor([1., 4.])");
 * ```
 */
export class MultivariateNormal extends Distribution {
  /** The mean. */
  readonly loc: Tensor;
  /** The factor of the covariance, not expanded to the batch. @internal */
  readonly factor: Tensor;
  #given: Partial<Record<typeof matrices[number], Tensor>> = {};

  /** @throws {TypeError} When not exactly one of the matrices is given. */
  constructor(
    loc: Tensor,
    ...args: Trailing<[covarianceMatrix: Tensor, precisionMatrix: Tensor, scaleTril: Tensor], MultivariateNormalOptions>
  ) {
    const o = named<MultivariateNormalOptions>("MultivariateNormal", args, matrices, ["validateArgs"]);
    if (loc.ndim < 1) throw new RangeError("loc must be at least one-dimensional.");
    const given = matrices.filter((name) => o[name] !== undefined);
    if (given.length !== 1) {
      throw new TypeError(
        "Exactly one of covariance_matrix or precision_matrix or scale_tril may be specified.",
      );
    }
    const [name] = given, matrix = o[name]!;
    if (matrix.ndim < 2) {
      throw new RangeError(
        `${pythonNames[name]}${
          name === "scaleTril" ? " matrix" : ""
        } must be at least two-dimensional, with optional leading batch dimensions`,
      );
    }
    const batch = broadcastSizes(matrix.sizes.slice(0, -2), loc.sizes.slice(0, -1));
    const n = loc.sizes[loc.ndim - 1];
    super(batch, [n], o);
    this.loc = loc.expand([...batch, n]);
    this.#given[name] = matrix.expand([...batch, ...matrix.sizes.slice(-2)]);
    this.checkParameters();
    if (name === "scaleTril") this.factor = matrix;
    else this.factor = name === "covarianceMatrix" ? cholesky(matrix) : factorOfPrecision(matrix);
  }

  /** @internal */
  parameters(): Record<string, Tensor> {
    const found: Record<string, Tensor> = { loc: this.loc };
    for (const name of matrices) {
      const matrix = this.#given[name];
      if (matrix !== undefined) found[pythonNames[name]] = matrix;
    }
    return found;
  }

  /** The region of each parameter. */
  get argConstraints(): Record<string, constraints.Constraint> {
    const { positiveDefinite, lowerCholesky, realVector } = constraints;
    return {
      loc: realVector,
      covariance_matrix: positiveDefinite,
      precision_matrix: positiveDefinite,
      scale_tril: lowerCholesky,
    };
  }

  /** Vectors of numbers. */
  get support(): constraints.Constraint {
    return constraints.realVector;
  }

  override get hasRsample(): boolean {
    return true;
  }

  #expanded(matrix: Tensor): Tensor {
    return matrix.expand([...this.batchShape, ...this.eventShape, ...this.eventShape]);
  }

  /** The lower triangular L with L Lᵀ = covariance. */
  get scaleTril(): Tensor {
    return this.#given.scaleTril ??= this.#expanded(this.factor);
  }

  /** The covariance. */
  get covarianceMatrix(): Tensor {
    return this.#given.covarianceMatrix ??= this.#expanded(this.factor.matmul(transposed(this.factor)));
  }

  /** The inverse of the covariance. */
  get precisionMatrix(): Tensor {
    if (this.#given.precisionMatrix === undefined) {
      const inverse = solveTriangular(this.factor, identity(this.factor), false);
      this.#given.precisionMatrix = this.#expanded(transposed(inverse).matmul(inverse));
    }
    return this.#given.precisionMatrix;
  }

  /** The mean. */
  get mean(): Tensor {
    return this.loc;
  }

  /** The mean. */
  get mode(): Tensor {
    return this.loc;
  }

  /** The diagonal of the covariance. */
  get variance(): Tensor {
    return this.factor.pow(2).sum(-1).expand([...this.batchShape, ...this.eventShape]);
  }

  override rsample(shape: Sizes = []): Tensor {
    const eps = randn(this.extendedShape(shape), { dtype: this.loc.dtype, device: this.loc.device });
    return this.loc.add(this.factor.matmul(eps.unsqueeze(-1)).squeeze(-1));
  }

  /** Half the logarithm of the covariance's determinant. @internal */
  halfLogDeterminant(): Tensor {
    // Off the diagonal ones, whose logarithm is 0.
    return this.factor.where(identity(this.factor).ne(0), 1).log().sum([-2, -1]);
  }

  /** The logarithm of the density: -(n ln 2π + |L⁻¹ (x - μ)|²) / 2 - ln det L. */
  logProb(value: Tensor): Tensor {
    this.checkValue(value);
    const square = mahalanobis(this.factor, value.sub(this.loc));
    return square.add(this.eventShape[0] * Math.log(2 * Math.PI)).mul(-0.5).sub(this.halfLogDeterminant());
  }

  /** n/2 (1 + ln 2π) + ln det L. */
  entropy(): Tensor {
    const constant = 0.5 * this.eventShape[0] * (1 + Math.log(2 * Math.PI));
    return this.halfLogDeterminant().add(constant).expand(this.batchShape);
  }

  /** The same distributions for a larger batch. */
  expand(batchShape: Sizes): MultivariateNormal {
    const loc = this.loc.expand([...batchShape, ...this.eventShape]);
    const made = inherit(new MultivariateNormal(loc, { scaleTril: this.factor, validateArgs: false }), this);
    made.#given = {};
    for (const name of matrices) {
      const matrix = this.#given[name];
      if (matrix) made.#given[name] = matrix.expand([...batchShape, ...this.eventShape, ...this.eventShape]);
    }
    return made;
  }
}
