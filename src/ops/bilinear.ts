/**
 * Bilinear maps.
 *
 * @module
 */
import { type Arguments, inOrder, named } from "../arguments.ts";
import { formatSizes, product } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { add } from "./arithmetic.ts";
import { castTo } from "./elementwise.ts";
import { matmul } from "./matmul.ts";
import { permute, reshape } from "./movement.ts";

/**
 * aᵀ·W·b + bias for each output: a `[…, m]`, b `[…, n]`, weight `[out, m, n]`.
 *
 * @throws {RangeError} When the shapes do not fit.
 */
export function bilinear(
  a: Tensor,
  ...given: Arguments<
    [b: Tensor, weight: Tensor],
    [bias: Tensor | null],
    { input2: Tensor; weight: Tensor },
    { bias?: Tensor | null }
  >
): Tensor {
  const [b, weight, ...rest] = inOrder("bilinear", given, ["input2", "weight"]);
  const { bias = null } = named<{ bias?: Tensor | null }>("bilinear", rest, ["bias"]);
  const [out, m, n] = weight.sizes, lead = a.sizes.slice(0, -1), rows = product(lead);
  if (a.sizes[a.ndim - 1] !== m || b.sizes[b.ndim - 1] !== n || product(b.sizes.slice(0, -1)) !== rows) {
    throw new RangeError(
      `bilinear(): input sizes ${formatSizes(a.sizes)} and ${formatSizes(b.sizes)} do not match weight size ${
        formatSizes(weight.sizes)
      }`,
    );
  }
  // [rows, m]·[m, out·n] = what each output makes of b.
  const left = matmul(reshape(a, [rows, m]), reshape(permute(weight, [1, 0, 2]), [m, out * n]));
  const y = matmul(reshape(left, [rows, out, n]), reshape(b, [rows, n, 1]));
  const shaped = castTo(reshape(y, [...lead, out]), a.dtype);
  return bias === null ? shaped : add(shaped, bias);
}
