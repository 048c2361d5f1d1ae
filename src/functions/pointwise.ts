/**
 * Pointwise functions that have options, or other names.
 *
 * @module
 */
import { type Call, inOrder, type OptionsOf, type Trailing } from "../arguments.ts";
import { checkOptions } from "../check.ts";
import { checkTensors, type Operand } from "../ops/elementwise.ts";
import { isin as isinOp } from "../ops/isin.ts";
import type { Tensor } from "../tensor.ts";
import type { ClampArguments, CloseArguments } from "../tensor/binary.ts";
import type { LogitOptions, NanToNumOptions, RoundOptions } from "../tensor/special.ts";

/** The nearest integers, the even one of two; or with `decimals` digits behind the point. */
export function round(x: Tensor, options?: RoundOptions): Tensor {
  return options === undefined ? x.round() : x.round(options);
}

/** NaN and the infinities replaced by numbers: 0 and the type's extremes, unless given. */
export function nanToNum(
  x: Tensor,
  ...args: Trailing<[nan: number | null, posinf: number | null, neginf: number | null], NanToNumOptions>
): Tensor {
  return x.nanToNum(...args);
}

/** log(x/(1 − x)); with `eps`, of x held in [eps, 1 − eps]. */
export function logit(x: Tensor, ...args: Trailing<[eps: number | null], LogitOptions>): Tensor {
  return x.logit(...args);
}

/** x held between two bounds, numbers or tensors. */
export function clamp(x: Tensor, ...args: ClampArguments): Tensor {
  return x.clamp(...args);
}

/** {@linkcode clamp} by another name. */
export function clip(x: Tensor, ...args: ClampArguments): Tensor {
  return x.clamp(...args);
}

/** x + value·a·b. */
export function addcmul(x: Tensor, ...args: Parameters<Tensor["addcmul"]>): Tensor {
  return x.addcmul(...args);
}

/** x + value·a/b. */
export function addcdiv(x: Tensor, ...args: Parameters<Tensor["addcdiv"]>): Tensor {
  return x.addcdiv(...args);
}

/** Where two tensors are close: |a − b| ≤ atol + rtol·|b|. */
export function isclose(
  a: Tensor,
  ...given: Call<[b: Tensor, ...args: CloseArguments], { other: Tensor } & OptionsOf<CloseArguments>>
): Tensor {
  const [b, ...args] = inOrder("isclose", given, ["other"]);
  checkTensors("isclose", a, b);
  return a.isclose(b, ...args);
}

/** Whether two tensors are close everywhere. */
export function allclose(
  a: Tensor,
  ...given: Call<[b: Tensor, ...args: CloseArguments], { other: Tensor } & OptionsOf<CloseArguments>>
): boolean {
  const [b, ...args] = inOrder("allclose", given, ["other"]);
  checkTensors("allclose", a, b);
  return a.allclose(b, ...args);
}

/** Options of {@linkcode isin}. */
export interface IsinOptions {
  /** A promise that neither has an element twice. Default: false. */
  assumeUnique?: boolean;
  /** Where it is not. Default: false. */
  invert?: boolean;
}

/** Where an element is one of `test`. */
export function isin(
  elements: Operand,
  ...given: Call<[test: Operand, options?: IsinOptions], { testElements: Operand } & IsinOptions>
): Tensor {
  const [test, options] = inOrder("isin", given, ["testElements"]);
  checkOptions("isin", options, ["assumeUnique", "invert"]);
  return isinOp(elements, test, options?.invert);
}
