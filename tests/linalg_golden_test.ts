/** torch.linalg against PyTorch's values and gradients (tests/golden/make_linalg.py), and what has no unique answer by its properties. */
import assert from "node:assert/strict";
import * as torch from "../mod.ts";
import type { Tensor } from "../mod.ts";

interface Packed {
  shape: number[];
  values: number[];
}
interface Case {
  name: string;
  tensors: Packed[];
  args: (number | string)[];
  pick: number | null;
  dtype?: "float16" | "bfloat16";
  result: Packed;
  gradients?: Packed[];
}

const f64 = { dtype: torch.float64 };
const unpack = (x: Packed) => torch.tensor(x.values, f64).reshape(x.shape);
const cases: Case[] = JSON.parse(await Deno.readTextFile(new URL("golden/linalg.json", import.meta.url)));

function close(found: Tensor, expected: Tensor, label: string, tolerance = 1e-9): void {
  assert.deepEqual([...found.shape], [...expected.shape], label);
  const ok = torch.allclose(found.to(torch.float64), expected, { rtol: tolerance, atol: tolerance });
  assert.ok(ok, `${label}\n${found}\n${expected}`);
}

function call({ name, args, pick }: Case, xs: Tensor[]): Tensor {
  // The names and arguments come from the golden file, which only names functions of torch.linalg.
  const camel = name.replace(/_(\w)/g, (_, c: string) => c.toUpperCase()) as keyof typeof torch.linalg;
  const f = torch.linalg[camel] as unknown as (...args: unknown[]) => Tensor | Iterable<Tensor>;
  const y = name === "multi_dot" ? f(xs) : f(...xs, ...args);
  return pick === null ? y as Tensor : [...y as Iterable<Tensor>][pick];
}

Deno.test("linalg agrees with PyTorch in values and gradients", () => {
  for (const c of cases) {
    const label = `${c.name}(${c.tensors.map((x) => `[${x.shape}]`)}, ${c.args}) ${c.pick ?? ""}`;
    const dtype = torch[c.dtype ?? "float64"];
    const xs = c.tensors.map((x) => unpack(x).to(dtype).requiresGrad_(c.gradients !== undefined));
    const y = call(c, xs);
    if (c.dtype !== undefined) assert.equal(String(y.dtype), String(dtype), label);
    // Of 16 bits a rounding of the result, and one of each step before a gradient.
    const tolerance = c.dtype === undefined ? 1e-9 : c.dtype === "float16" ? 2e-3 : 1.6e-2;
    close(y, unpack(c.result), label, tolerance);
    if (c.dtype === undefined) {
      close(call(c, c.tensors.map((x) => unpack(x).to(torch.float32))), unpack(c.result), `${label} in float32`, 2e-3);
    }
    if (c.gradients === undefined) continue;
    const n = y.numel(), w = torch.arange(1, n + 1, f64).sin().reshape(y.shape);
    y.mul(w).sum().backward();
    c.gradients.forEach((g, i) => close(xs[i].grad!, unpack(g), `${label}: gradient ${i}`, tolerance));
  }
});

const eye = (n: number) => torch.eye(n, f64);

Deno.test("eigenvectors and singular vectors multiply back, also of matrices with repeated or missing values", () => {
  torch.manualSeed(0);
  const random = (...sizes: number[]) => torch.randn(sizes, f64);
  const symmetric = (x: Tensor) => x.add(x.transpose(-2, -1));
  const low = random(6, 1).matmul(random(1, 6));
  for (const a of [random(2, 5, 5), random(40, 40), torch.zeros(3, 3, f64), eye(4), low, random(1, 1), random(0, 0)]) {
    const s = symmetric(a), { eigenvalues, eigenvectors: V } = torch.linalg.eigh(s), n = a.size(-1);
    close(V.mul(eigenvalues.unsqueeze(-2)).matmul(V.transpose(-2, -1)), s, "eigh");
    close(V.transpose(-2, -1).matmul(V), eye(n).expand(s.shape), "eigenvectors");
  }
  for (const a of [random(3, 5, 2), random(2, 5), random(30, 20), torch.zeros(4, 2, f64), low, eye(3), random(3, 0)]) {
    const [m, n] = a.shape.slice(-2), k = Math.min(m, n);
    for (const full of [false, true]) {
      const { U, S, Vh } = torch.linalg.svd(a, { fullMatrices: full });
      close(U.narrow(-1, 0, k).mul(S.unsqueeze(-2)).matmul(Vh.narrow(-2, 0, k)), a, "svd");
      const left = U.transpose(-2, -1).matmul(U), right = Vh.matmul(Vh.transpose(-2, -1));
      assert.deepEqual([left.size(-1), right.size(-1)], full ? [m, n] : [k, k]);
      close(left, eye(left.size(-1)).expand(left.shape), "U");
      close(right, eye(right.size(-1)).expand(right.shape), "Vh");
    }
  }
});

Deno.test("gradients through vectors agree with differences, once and twice", () => {
  torch.manualSeed(1);
  const check = (f: (x: Tensor) => Tensor, ...sizes: number[]): void => {
    const x = torch.randn(sizes, f64).requiresGrad_();
    assert.ok(torch.autograd.gradcheck(f, [x]));
    assert.ok(torch.autograd.gradgradcheck(f, [x]));
  };
  // Products that do not depend on the vectors' signs.
  check(
    (x) => {
      const [w, V] = torch.linalg.eigh(x.add(x.transpose(-2, -1)));
      return V.mul(w.exp().unsqueeze(-2)).matmul(V.transpose(-2, -1)).add(V.mul(V));
    },
    2,
    3,
    3,
  );
  for (const sizes of [[3, 3], [4, 2], [2, 4]]) {
    check((x) => {
      const [U, S, Vh] = torch.linalg.svd(x, false);
      return U.mul(S.square().unsqueeze(-2)).matmul(Vh).sum().add(U.mul(U).mul(S).sum()).add(Vh.pow(4).sum());
    }, ...sizes);
  }
  check((x) => torch.linalg.inv(x), 2, 2);
  check((x) => torch.linalg.det(x), 2, 3, 3);
  check((x) => torch.linalg.slogdet(x).logabsdet, 3, 3);
  check((x) => torch.linalg.solve(x, torch.ones(3, f64)), 3, 3);
  check((x) => torch.linalg.pinv(x), 3, 2);
  const singular = torch.tensor([[1, 2], [2, 4]], { ...f64, requiresGrad: true });
  torch.linalg.det(singular).backward();
  close(singular.grad!, torch.tensor([[4, -2], [-2, 1]], f64), "the cofactors of a singular matrix");
});

Deno.test("linalg names what is wrong", () => {
  const singular = torch.tensor([[1, 2], [2, 4]]), { linalg } = torch;
  assert.throws(() => linalg.inv(singular), /linalg\.inv: The diagonal element 2 is zero, the inversion could not be/);
  assert.throws(() => linalg.inv(torch.stack([torch.eye(2), singular])), /\(Batch element 1\)/);
  assert.throws(() => linalg.solve(singular, torch.ones(2)), /the input matrix is singular/);
  assert.throws(() => linalg.solve(torch.eye(2), torch.ones(3, 1)), /Incompatible shapes/);
  assert.throws(() => linalg.det(torch.ones(2, 3)), /must be batches of square matrices/);
  assert.throws(() => linalg.matrixNorm(torch.eye(2), 3), /Order 3 not supported/);
  assert.throws(() => linalg.svd(torch.ones(2)), /must have at least 2 dimensions/);
  assert.equal(linalg.det(torch.tensor([[2, 1], [1, 3]])).item(), 5);
  assert.equal(linalg.det(torch.zeros(0, 0)).item(), 1);
});
