/**
 * Checks of hyperparameters, with PyTorch's texts.
 *
 * @module
 */

/** Fails unless `value` is at least 0. */
export function atLeastZero(what: string, value: number): void {
  if (!(value >= 0)) throw new RangeError(`Invalid ${what}: ${value}`);
}

/** Fails unless both are in [0, 1). */
export function checkBetas(betas: readonly number[]): void {
  if (betas.length !== 2) throw new RangeError(`betas must be two numbers, got ${betas}`);
  betas.forEach((beta, i) => {
    if (!(beta >= 0 && beta < 1)) throw new RangeError(`Invalid beta parameter at index ${i}: ${beta}`);
  });
}

/** Options that choose between implementations in PyTorch. There is one here, so they change nothing. */
export interface ImplementationOptions {
  /** Accepted and ignored: steps are always batched. */
  foreach?: boolean | null;
  /** Accepted and ignored: CUDA graphs need no other update. */
  capturable?: boolean;
  /** Accepted when false: steps are not recorded. */
  differentiable?: boolean;
}

/** @throws {Error} For `differentiable: true`, and for contradictory choices. */
export function checkImplementation(
  options: { foreach?: boolean | null; fused?: boolean | null; differentiable?: boolean },
): void {
  if (options.fused && options.differentiable) throw new Error("`fused` does not support `differentiable`");
  if (options.fused && options.foreach) throw new Error("`fused` and `foreach` cannot be `True` together.");
  if (options.differentiable) {
    throw new Error("differentiable: true is not supported: optimizer steps are not recorded");
  }
}
