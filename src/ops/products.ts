/**
 * Products made of matrix products and broadcasting: outer, Kronecker, tensor contractions, einsum, distances.
 *
 * @module
 */
import { formatSizes, product, type Sizes, wrapDim } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { add, mul, sub } from "./arithmetic.ts";
import { checkDevices } from "./elementwise.ts";
import { bmm, dot, mm, mv } from "./matmul.ts";
import { diagonal } from "./diagonal.ts";
import { expand, permute, reshape, unsqueeze } from "./movement.ts";
import { stack } from "./join.ts";
import { select } from "./movement.ts";

/** The products of all pairs of elements of two vectors. */
export function outer(a: Tensor, b: Tensor): Tensor {
  if (a.ndim !== 1 || b.ndim !== 1) {
    throw new RangeError(
      `outer: Expected 1-D argument ${a.ndim !== 1 ? "self" : "vec2"}, but got ${(a.ndim !== 1 ? a : b).ndim}-D`,
    );
  }
  return mul(reshape(a, [a.count, 1]), b);
}

/** The sum of products over the last dimensions. */
export function inner(a: Tensor, b: Tensor): Tensor {
  if (a.ndim === 0 || b.ndim === 0) return mul(a, b);
  if (a.sizes[a.ndim - 1] !== b.sizes[b.ndim - 1]) {
    throw new RangeError(
      `inner() the last dimension must match on both input tensors but got shapes ${formatSizes(a.sizes)} and ${
        formatSizes(b.sizes)
      }`,
    );
  }
  return tensordot(a, b, [[-1], [-1]]);
}

/** The Kronecker product. */
export function kron(a: Tensor, b: Tensor): Tensor {
  const n = Math.max(a.ndim, b.ndim);
  const wide = (x: Tensor): number[] => [...new Array<number>(n - x.ndim).fill(1), ...x.sizes];
  const sa = wide(a), sb = wide(b);
  const y = mul(reshape(a, sa.flatMap((s) => [s, 1])), reshape(b, sb.flatMap((s) => [1, s])));
  return reshape(y, sa.map((s, i) => s * sb[i]));
}

/** Contracts dimensions of `a` with dimensions of `b`: the last n with the first n, or those listed. */
export function tensordot(a: Tensor, b: Tensor, dims: number | readonly [Sizes, Sizes]): Tensor {
  checkDevices("tensordot", a, b);
  const [da, db] = typeof dims === "number"
    ? [Array.from({ length: dims }, (_, i) => a.ndim - dims + i), Array.from({ length: dims }, (_, i) => i)]
    : [dims[0].map((d) => wrapDim(d, a.ndim)), dims[1].map((d) => wrapDim(d, b.ndim))];
  if (da.length !== db.length) throw new RangeError("both dimension lists should have same length");
  da.forEach((d, i) => {
    if (a.sizes[d] !== b.sizes[db[i]]) {
      throw new RangeError(
        `contracted dimensions need to match, but first has size ${a.sizes[d]} in dim ${d} and second has size ${
          b.sizes[db[i]]
        } in dim ${db[i]}`,
      );
    }
  });
  const fa = a.sizes.map((_, i) => i).filter((i) => !da.includes(i)),
    fb = b.sizes.map((_, i) => i).filter((i) => !db.includes(i));
  const k = product(da.map((d) => a.sizes[d]));
  const left = reshape(permute(a, [...fa, ...da]), [product(fa.map((d) => a.sizes[d])), k]);
  const right = reshape(permute(b, [...db, ...fb]), [k, product(fb.map((d) => b.sizes[d]))]);
  return reshape(mm(left, right), [...fa.map((d) => a.sizes[d]), ...fb.map((d) => b.sizes[d])]);
}

/** The product of a chain of matrices, in the cheapest order. */
export function chainMatmul(tensors: readonly Tensor[]): Tensor {
  if (tensors.length === 0) throw new Error("chain_matmul(): Expected one or more matrices");
  if (tensors.length === 1) return tensors[0];
  // cost[i][j] of the product i … j, and where it is cut (Cormen et al., Introduction to Algorithms, 15.2).
  const n = tensors.length, p = [tensors[0].sizes[0], ...tensors.map((t) => t.sizes[1])];
  const cost = Array.from({ length: n }, () => new Array<number>(n).fill(0));
  const cut = Array.from({ length: n }, () => new Array<number>(n).fill(0));
  for (let length = 2; length <= n; length++) {
    for (let i = 0; i + length <= n; i++) {
      const j = i + length - 1;
      cost[i][j] = Infinity;
      for (let k = i; k < j; k++) {
        const total = cost[i][k] + cost[k + 1][j] + p[i] * p[k + 1] * p[j + 1];
        if (total < cost[i][j]) [cost[i][j], cut[i][j]] = [total, k];
      }
    }
  }
  const multiply = (i: number, j: number): Tensor =>
    i === j ? tensors[i] : mm(multiply(i, cut[i][j]), multiply(cut[i][j] + 1, j));
  return multiply(0, n - 1);
}

/** The cross product of 3-vectors along `dim`. */
export function cross(a: Tensor, b: Tensor, dim = -1): Tensor {
  const n = Math.max(a.ndim, b.ndim), d = wrapDim(dim, n);
  if (a.ndim !== b.ndim) throw new RangeError("linalg.cross: inputs must have the same number of dimensions.");
  if (a.sizes[d] !== 3 || b.sizes[d] !== 3) {
    throw new RangeError(
      `linalg.cross: inputs dimension ${dim} must have length 3. Got ${a.sizes[d]} and ${b.sizes[d]}`,
    );
  }
  const [a0, a1, a2] = [0, 1, 2].map((i) => select(a, d, i)), [b0, b1, b2] = [0, 1, 2].map((i) => select(b, d, i));
  return stack([sub(mul(a1, b2), mul(a2, b1)), sub(mul(a2, b0), mul(a0, b2)), sub(mul(a0, b1), mul(a1, b0))], d);
}

/** beta·x + alpha·Σ a[i]·b[i]. */
export function addbmm(x: Tensor, a: Tensor, b: Tensor, beta = 1, alpha = 1): Tensor {
  return add(mul(x, beta), bmm(a, b).sum(0), alpha);
}

/** beta·x + alpha·a[i]·b[i]. */
export function baddbmm(x: Tensor, a: Tensor, b: Tensor, beta = 1, alpha = 1): Tensor {
  return beta === 0 ? mul(bmm(a, b), alpha) : add(beta === 1 ? x : mul(x, beta), bmm(a, b), alpha);
}

/** beta·x + alpha·a·v. */
export function addmv(x: Tensor, a: Tensor, v: Tensor, beta = 1, alpha = 1): Tensor {
  return beta === 0 ? mul(mv(a, v), alpha) : add(beta === 1 ? x : mul(x, beta), mv(a, v), alpha);
}

/** beta·x + alpha·u·vᵀ. */
export function addr(x: Tensor, u: Tensor, v: Tensor, beta = 1, alpha = 1): Tensor {
  return beta === 0 ? mul(outer(u, v), alpha) : add(beta === 1 ? x : mul(x, beta), outer(u, v), alpha);
}

/** The sum of products of two vectors, as {@linkcode dot}. */
export function vdot(a: Tensor, b: Tensor): Tensor {
  return dot(a, b);
}

/**
 * Sums of products by Einstein's convention: `einsum("bij,bjk->bik", [a, b])`. Operands are contracted from left to right.
 *
 * @throws {Error} When the equation and the operands do not fit.
 */
export function einsum(equation: string, operands: readonly Tensor[]): Tensor {
  const [inputs, given] = equation.replaceAll(" ", "").split("->") as [string, string | undefined];
  const terms = inputs.split(",");
  if (terms.length !== operands.length) {
    throw new Error(
      `einsum(): ${
        terms.length > operands.length ? "fewer" : "more"
      } operands were provided than specified in the equation`,
    );
  }
  // Ellipses become upper-case labels of their own, aligned at the right.
  const covered = terms.map((term, i) => term.includes("...") ? operands[i].ndim - term.replace("...", "").length : 0);
  const most = Math.max(0, ...covered);
  const hidden = Array.from({ length: most }, (_, i) => String.fromCharCode(0x100 + i)).join("");
  const spelled = terms.map((term, i) => term.replace("...", covered[i] === 0 ? "" : hidden.slice(most - covered[i])));
  const counts = new Map<string, number>();
  for (const c of spelled.join("")) counts.set(c, (counts.get(c) ?? 0) + 1);
  const output = given === undefined
    ? hidden + [...counts].filter(([c, n]) => n === 1 && !hidden.includes(c)).map(([c]) => c).sort().join("")
    : given.replace("...", hidden);
  for (const c of output) {
    if (!counts.has(c) && !hidden.includes(c)) {
      throw new Error(`einsum(): output subscript ${c} does not appear in the equation for any input operand`);
    }
    if (output.indexOf(c) !== output.lastIndexOf(c)) {
      throw new Error(`einsum(): output subscript ${c} appears more than once in the output`);
    }
  }
  let [x, labels] = takeDiagonals(operands[0], spelled[0]);
  const later = (from: number): string => spelled.slice(from).join("") + output;
  [x, labels] = sumAway(x, labels, later(1));
  for (let i = 1; i < operands.length; i++) {
    let [y, other] = takeDiagonals(operands[i], spelled[i]);
    [y, other] = sumAway(y, other, labels + later(i + 1));
    [x, labels] = contract(x, labels, y, other, later(i + 1));
  }
  const missing = [...output].filter((c) => !labels.includes(c));
  for (const c of missing) {
    x = unsqueeze(x, 0);
    labels = c + labels;
  }
  return permute(x, [...output].map((c) => labels.indexOf(c)));
}

/** A label that an operand has twice is a diagonal. */
function takeDiagonals(x: Tensor, labels: string): [Tensor, string] {
  if (labels.length !== x.ndim) {
    throw new Error(
      `einsum(): the number of subscripts in the equation (${labels.length}) does not match the number of dimensions ` +
        `(${x.ndim}) for operand of shape ${formatSizes(x.sizes)}`,
    );
  }
  for (let i = 0; i < labels.length; i++) {
    const j = labels.indexOf(labels[i], i + 1);
    if (j < 0) continue;
    if (x.sizes[i] !== x.sizes[j]) {
      throw new Error(
        `einsum(): subscript ${labels[i]} is repeated for operand but the sizes don't match, ${x.sizes[j]} != ${
          x.sizes[i]
        }`,
      );
    }
    const rest = [...labels].filter((_, k) => k !== i && k !== j).join("");
    return takeDiagonals(diagonal(x, 0, i, j), rest + labels[i]);
  }
  return [x, labels];
}

/** Sums over labels that nobody asks for any more. */
function sumAway(x: Tensor, labels: string, wanted: string): [Tensor, string] {
  const dims = [...labels].map((c, i) => wanted.includes(c) ? -1 : i).filter((i) => i >= 0);
  if (dims.length === 0) return [x, labels];
  return [x.sum(dims), [...labels].filter((c) => wanted.includes(c)).join("")];
}

/** One batched matrix product: labels in both and still wanted are the batch, in both and not wanted are summed over. */
function contract(a: Tensor, la: string, b: Tensor, lb: string, wanted: string): [Tensor, string] {
  const sizeOf = (c: string): number => {
    const sa = la.includes(c) ? a.sizes[la.indexOf(c)] : 1, sb = lb.includes(c) ? b.sizes[lb.indexOf(c)] : 1;
    if (sa !== sb && sa !== 1 && sb !== 1) {
      throw new Error(
        `einsum(): operands do not broadcast with remapped shapes [original->remapped]: subscript ${c} has sizes ${sa} and ${sb}`,
      );
    }
    return Math.max(sa, sb);
  };
  const both = [...la].filter((c) => lb.includes(c));
  const batch = both.filter((c) => wanted.includes(c)), summed = both.filter((c) => !wanted.includes(c));
  const left = [...la].filter((c) => !lb.includes(c)), right = [...lb].filter((c) => !la.includes(c));
  const shape = (labels: string[]): number[] => labels.map(sizeOf);
  const form = (x: Tensor, labels: string, groups: string[][]): Tensor => {
    const all = groups.flat();
    return reshape(
      expand(permute(x, all.map((c) => labels.indexOf(c))), shape(all)),
      groups.map((g) => product(shape(g))),
    );
  };
  const y = bmm(form(a, la, [batch, left, summed]), form(b, lb, [batch, summed, right]));
  return [reshape(y, shape([...batch, ...left, ...right])), [...batch, ...left, ...right].join("")];
}
