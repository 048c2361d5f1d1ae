/**
 * Products made of matrix products and broadcasting: outer, Kronecker, tensor contractions, einsum, distances.
 *
 * @module
 */
import { record } from "../autograd/node.ts";
import { bool } from "../dtype.ts";
import { isHalf } from "../make.ts";
import { rounded } from "../read.ts";
import { broadcastSizes, formatSizes, product, type Sizes, wrapDim } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { add, mul, sub } from "./arithmetic.ts";
import { castTo, checkDevices, commonType } from "./elementwise.ts";
import { bmm, dot, expandable, gemm, mm, mv, sameType, squeezeLast } from "./matmul.ts";
import { diagonal } from "./diagonal.ts";
import { stack } from "./join.ts";
import { expand, permute, reshape, select, t, transpose, unsqueeze } from "./movement.ts";
import { underName } from "./node_name.ts";
import { sum } from "./reduce.ts";

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
  return underName("UnsafeViewBackward0", reshape(y, sa.map((s, i) => s * sb[i])));
}

/** Contracts dimensions of `a` with dimensions of `b`: the last n with the first n, or those listed. */
export function tensordot(a: Tensor, b: Tensor, dims: number | readonly [Sizes, Sizes] = 2): Tensor {
  checkDevices("tensordot", a, b);
  if (typeof dims === "number" && !(dims >= 0)) {
    throw new RangeError(`tensordot expects dims >= 0, but got dims=${dims}`);
  }
  const [da, db] = typeof dims === "number"
    ? [Array.from({ length: dims }, (_, i) => a.ndim - dims + i), Array.from({ length: dims }, (_, i) => i)]
    : [dims[0].map((d) => wrapDim(d, a.ndim)), dims[1].map((d) => wrapDim(d, b.ndim))];
  if (da.length !== db.length) throw new RangeError("both dimension lists should have same length");
  da.forEach((d, i) => {
    // A size of 1 broadcasts: the other's elements are then summed by themselves.
    if (b.sizes[db[i]] === 1) a = sum(a, d, true, a.dtype);
    else if (a.sizes[d] === 1) b = sum(b, db[i], true, b.dtype);
    else if (a.sizes[d] !== b.sizes[db[i]]) {
      throw new RangeError(
        `contracted dimensions need to match, but first has size ${a.sizes[d]} in dim ${d} and second has size ${
          b.sizes[db[i]]
        } in dim ${db[i]}`,
      );
    }
  });
  const fa = a.sizes.map((_, i) => i).filter((i) => !da.includes(i)),
    fb = b.sizes.map((_, i) => i).filter((i) => !db.includes(i));
  const { sizes: sa } = a, { sizes: sb } = b;
  const k = product(da.map((d) => a.sizes[d]));
  const left = reshape(permute(a, [...fa, ...da]), [product(fa.map((d) => sa[d])), k]);
  const right = reshape(permute(b, [...db, ...fb]), [k, product(fb.map((d) => sb[d]))]);
  return reshape(mm(left, right), [...fa.map((d) => sa[d]), ...fb.map((d) => sb[d])]);
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

/** {@linkcode cross} of tensors that are broadcast to one shape. */
function crossWide(a: Tensor, b: Tensor, d: number): Tensor {
  const sizes = broadcastSizes(a.sizes, b.sizes, "cross");
  return cross(expand(a, sizes), expand(b, sizes), d);
}

/** The cross product of 3-vectors along `dim`, by default the first dimension of size 3. */
export function cross(a: Tensor, b: Tensor, dim: number | null = null): Tensor {
  checkDevices("linalg.cross", a, b);
  if (a.ndim !== b.ndim) throw new RangeError("linalg.cross: inputs must have the same number of dimensions.");
  const first = a.sizes.indexOf(3);
  if (dim === null && first < 0) throw new RangeError("no dimension of size 3 in input");
  const d = wrapDim(dim ?? first, a.ndim);
  if (a.sizes[d] !== 3 || b.sizes[d] !== 3) {
    throw new RangeError(
      `linalg.cross: inputs dimension ${dim} must have length 3. Got ${a.sizes[d]} and ${b.sizes[d]}`,
    );
  }
  const part = (x: Tensor, i: number): Tensor => select(x.detached(), d, i % 3);
  const minor = (i: number): Tensor => sub(mul(part(a, i + 1), part(b, i + 2)), mul(part(a, i + 2), part(b, i + 1)));
  return record(
    "LinalgCrossBackward0",
    stack([minor(0), minor(1), minor(2)], d),
    [a, b],
    [a, b],
    (dy, [a, b], needs) => [
      needs[0] ? crossWide(b, dy, d) : null,
      needs[1] ? crossWide(dy, a, d) : null,
    ],
  );
}

/** What beta and alpha are for a type: whole numbers for integers. */
function factors(x: Tensor, beta: number, alpha: number): [beta: number, alpha: number] {
  return x.dtype.isFloatingPoint ? [beta, alpha] : [Math.trunc(beta), Math.trunc(alpha)];
}

function checkBatches(operation: string, a: Tensor, b: Tensor): void {
  if (a.ndim !== 3 || b.ndim !== 3) {
    const which = a.ndim !== 3 ? "batch1" : "batch2";
    throw new RangeError(
      `${which} must be a 3D tensor (${operation} of ${formatSizes(a.sizes)}, ${formatSizes(b.sizes)})`,
    );
  }
  if (a.sizes[0] !== b.sizes[0]) {
    throw new RangeError(
      `batch1 and batch2 must have same number of batches, got ${a.sizes[0]} and ${b.sizes[0]} (${operation})`,
    );
  }
  if (a.sizes[2] !== b.sizes[1]) {
    throw new RangeError(
      `Incompatible matrix sizes for bmm (${a.sizes[1]}x${a.sizes[2]} and ${b.sizes[1]}x${b.sizes[2]}) (${operation})`,
    );
  }
}

/** beta·x + alpha·Σ a[i]·b[i]. */
export function addbmm(x: Tensor, a: Tensor, b: Tensor, betaGiven = 1, alphaGiven = 1): Tensor {
  checkBatches("addbmm", a, b);
  sameType("addbmm", a, b);
  sameType("addbmm", a, x);
  const [beta, alpha] = factors(x, betaGiven, alphaGiven), sizes = [a.sizes[1], b.sizes[2]], batch = a.sizes[0];
  expandable("addbmm", x, sizes);
  // The sum over the batch is one product of the matrices side by side with those below each other.
  const depth = batch * a.sizes[2];
  const left = reshape(transpose(a.detached(), 0, 1), [sizes[0], depth]),
    right = reshape(b.detached(), [depth, sizes[1]]);
  let y = x.detached();
  if (isHalf(x.dtype)) {
    // PyTorch rounds to 16 bits behind each matrix.
    const matrix = (t: Tensor, i: number): Tensor => select(t.detached(), 0, i);
    for (let i = 0; i < batch; i++) {
      const scale = i === 0 ? beta : 1;
      y = gemm(matrix(a, i), matrix(b, i), scale === 0 ? null : y, alpha, scale);
    }
  }
  if (!isHalf(x.dtype) || batch === 0) y = gemm(left, right, beta === 0 ? null : y, alpha, beta);
  return record("AddbmmBackward0", y, [x, a, b], [a, b], (dy, [a, b], needs) => {
    const wide = expand(unsqueeze(mul(dy, alpha), 0), [batch, ...sizes]);
    return [
      needs[0] ? mul(dy, beta) : null,
      needs[1] ? bmm(wide, transpose(b, 1, 2)) : null,
      needs[2] ? bmm(transpose(a, 1, 2), wide) : null,
    ];
  });
}

/** beta·x + alpha·a[i]·b[i]. */
export function baddbmm(x: Tensor, a: Tensor, b: Tensor, betaGiven = 1, alphaGiven = 1): Tensor {
  checkBatches("baddbmm", a, b);
  sameType("baddbmm", a, b);
  sameType("baddbmm", a, x);
  const [beta, alpha] = factors(x, betaGiven, alphaGiven);
  expandable("baddbmm", x, [a.sizes[0], a.sizes[1], b.sizes[2]]);
  const y = gemm(a.detached(), b.detached(), beta === 0 ? null : x.detached(), alpha, beta);
  return record("BaddbmmBackward0", y, [x, a, b], [a, b], (dy, [a, b], needs) => [
    needs[0] ? mul(dy, beta) : null,
    needs[1] ? mul(bmm(dy, transpose(b, 1, 2)), alpha) : null,
    needs[2] ? mul(bmm(transpose(a, 1, 2), dy), alpha) : null,
  ]);
}

/** beta·x + alpha·a·v. */
export function addmv(x: Tensor, a: Tensor, v: Tensor, betaGiven = 1, alphaGiven = 1): Tensor {
  if (a.ndim !== 2 || v.ndim !== 1 || x.ndim > 1) {
    throw new RangeError(`vector + matrix @ vector expected, got ${x.ndim}, ${a.ndim}, ${v.ndim} (addmv)`);
  }
  if (a.sizes[1] !== v.count || (x.count !== a.sizes[0] && x.count !== 1)) {
    throw new RangeError(
      `size mismatch, input: ${x.count}, mat: ${a.sizes[0]}x${a.sizes[1]}, vec: ${v.count} (addmv)`,
    );
  }
  sameType("addmv", a, v);
  sameType("addmv", a, x);
  const [beta, alpha] = factors(x, betaGiven, alphaGiven);
  const column = x.ndim === 0 ? x.detached() : unsqueeze(x.detached(), 1);
  const y = gemm(a.detached(), unsqueeze(v.detached(), 1), beta === 0 ? null : column, alpha, beta);
  return record("AddmvBackward0", squeezeLast(y), [x, a, v], [a, v], (dy, [a, v], needs) => [
    needs[0] ? mul(dy, beta) : null,
    needs[1] ? outer(mul(dy, alpha), v) : null,
    needs[2] ? mul(mv(t(a), dy), alpha) : null,
  ]);
}

/** beta·x + alpha·u·vᵀ. */
export function addr(x: Tensor, u: Tensor, v: Tensor, beta = 1, alpha = 1): Tensor {
  if (u.ndim !== 1 || v.ndim !== 1) {
    throw new RangeError(
      `addr: Expected 1-D argument vec${u.ndim !== 1 ? 1 : 2}, but got ${(u.ndim !== 1 ? u : v).ndim}-D`,
    );
  }
  expandable("addr", x, [u.count, v.count]);
  const dtype = commonType(x, u, v);
  if (!dtype.isFloatingPoint && !(Number.isInteger(beta) && Number.isInteger(alpha))) {
    const which = Number.isInteger(beta) ? "alpha" : "beta";
    throw new TypeError(
      `For integral input tensors, argument ${which} must not be a floating point number. (addr)`,
    );
  }
  // Of bools, products and sums are "and" and "or", and a factor is whether it is 0. Factors have the type of the rest.
  const factor = (s: number): number | boolean => dtype === bool ? s !== 0 : rounded(s, dtype);
  const [first, second, third] = [x, u, v].map((part) => castTo(part.detached(), dtype));
  const product = mul(unsqueeze(mul(second, factor(alpha)), 1), third);
  const y = beta === 0 ? product : add(mul(first, factor(beta)), product);
  return record("AddrBackward0", y, [x, u, v], [u, v], (dy, [u, v], needs) => [
    needs[0] ? mul(dy, beta) : null,
    needs[1] ? mul(mv(dy, v), alpha) : null,
    needs[2] ? mul(mv(t(dy), u), alpha) : null,
  ]);
}

/** The sum of products of two vectors, as {@linkcode dot}. */
export function vdot(a: Tensor, b: Tensor): Tensor {
  return dot(a, b, "VdotBackward0");
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
    [x, labels] = contract(x, labels, y, other, later(i + 1), i);
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
function contract(a: Tensor, la: string, b: Tensor, lb: string, wanted: string, i: number): [Tensor, string] {
  const sizeOf = (c: string): number => {
    const sa = la.includes(c) ? a.sizes[la.indexOf(c)] : 1, sb = lb.includes(c) ? b.sizes[lb.indexOf(c)] : 1;
    if (sa !== sb && sa !== 1 && sb !== 1) {
      throw new Error(
        `einsum(): subscript ${c} has size ${sb} for operand ${i} which does not broadcast with previously seen size ${sa}`,
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
