import assert from "node:assert/strict";
import * as torch from "../mod.ts";
import type { Tensor } from "../mod.ts";
import { cholesky, qr, solveTriangular } from "../src/ops/linalg.ts";

const f64 = { dtype: torch.float64 };
const eye = (n: number) => torch.arange(n).view(n, 1).eq(torch.arange(n)).to(torch.float64);
const random = (...sizes: number[]) => torch.randn(sizes, f64);

function close(a: Tensor, b: Tensor, tolerance = 1e-10): void {
  assert.deepEqual([...a.shape], [...b.shape]);
  const worst = a.numel() === 0 ? 0 : a.sub(b).mul(a.sub(b)).amax().item();
  assert.ok(Math.sqrt(worst) <= tolerance, `${a}\n${b}`);
}

/** The gradient of f at x against central differences, in float64. */
function checkGradient(f: (x: Tensor) => Tensor, x: Tensor): void {
  const leaf = x.detach().clone().requiresGrad_();
  f(leaf).backward();
  const base = x.clone().reshape(-1), step = 1e-6;
  const slopes = Array.from({ length: x.numel() }, (_, i) => {
    const at = (shift: number) => {
      const moved = base.clone();
      moved.select(0, i).add_(shift);
      return f(moved.view(x.shape)).item();
    };
    return (at(step) - at(-step)) / (2 * step);
  });
  close(leaf.grad!.reshape(-1), torch.tensor(slopes, f64), 1e-6);
}

Deno.test("cholesky, triangular solves and QR multiply back to what they came from", () => {
  torch.manualSeed(0);
  for (const n of [0, 1, 2, 5, 20]) {
    const x = random(3, n, n), a = x.matmul(x.transpose(-2, -1)).add(eye(n));
    const L = cholesky(a), U = cholesky(a, true), b = random(n, 4);
    close(L.matmul(L.transpose(-2, -1)), a, 1e-9);
    close(U, L.transpose(-2, -1));
    close(L.matmul(solveTriangular(L, b, false)), b.expand(3, n, 4), 1e-8);
    close(U.matmul(solveTriangular(U, b, true)), b.expand(3, n, 4), 1e-8);
    for (const rows of [1, 3, n + 2]) {
      for (const complete of [false, true]) {
        const y = random(2, rows, n), [Q, R] = qr(y, complete), k = Q.size(-1);
        assert.equal(k, complete ? rows : Math.min(rows, n));
        close(Q.matmul(R), y, 1e-9);
        close(Q.transpose(-2, -1).matmul(Q), eye(k).expand(2, k, k), 1e-9);
      }
    }
  }
});

Deno.test("gradients of factorisations agree with differences", () => {
  torch.manualSeed(1);
  const w = random(3, 3), b = random(3, 2), v = random(4, 3);
  const positive = (x: Tensor) => x.matmul(x.transpose(-2, -1)).add(eye(3));
  checkGradient((x) => cholesky(positive(x)).mul(w).sum(), random(2, 3, 3));
  checkGradient((x) => solveTriangular(x, b, true).mul(b).sum(), eye(3).mul(2).add(random(2, 3, 3).mul(0.3)));
  checkGradient((x) => solveTriangular(x, b, false, true).mul(b).sum(), random(3, 3).mul(0.3));
  checkGradient((x) => solveTriangular(w, x, false).mul(b).sum(), random(3, 2));
  checkGradient((x) => {
    const [Q, R] = qr(x);
    return Q.mul(v).sum().add(R.mul(R).mul(w).sum());
  }, random(4, 3));
});

Deno.test("second derivatives go through factorisations", () => {
  torch.manualSeed(2);
  const x = random(3, 3), w = random(3, 3);
  checkGradient((x) => {
    const leaf = x.requiresGrad ? x : x.detach().requiresGrad_();
    const y = cholesky(leaf.matmul(leaf.t()).add(eye(3))).mul(w).sum();
    const [g] = torch.autograd.grad([y], [leaf], { createGraph: true });
    return g!.mul(g!).sum();
  }, x);
});

Deno.test("bad matrices are named", () => {
  assert.throws(() => cholesky(torch.ones(2, 2).mul(-1)), /leading minor of order 1 is not positive-definite/);
  assert.throws(() => cholesky(torch.ones(2, 3)), /A must be batches of square matrices, but they are 2 by 3 matrices/);
  assert.throws(() => cholesky(torch.ones(2)), /must have at least 2 dimensions/);
  assert.throws(() => solveTriangular(torch.ones(2, 2), torch.ones(3, 1), true), /Incompatible shapes of A and B/);
  assert.throws(() => qr(torch.ones(2, 2, { dtype: torch.int64 })), /"linalg\.qr" not implemented for 'Long'/);
});

Deno.test("linalg takes PyTorch's options", () => {
  const a = torch.tensor([[4, 2], [2, 5]], f64), upper = torch.linalg.cholesky(a, { upper: true });
  assert.deepEqual(upper.tolist(), [[2, 1], [0, 2]]);
  const { Q, R } = torch.linalg.qr(torch.ones(3, 2, f64), { mode: "complete" });
  assert.deepEqual([[...Q.shape], [...R.shape]], [[3, 3], [3, 2]]);
  const [q] = torch.linalg.qr(torch.ones(3, 2, f64), "reduced");
  assert.deepEqual([...q.shape], [3, 2]);
  const b = random(3, 2), x = torch.linalg.solveTriangular(upper, b, { upper: true, left: false });
  close(x.matmul(upper), b);
  assert.throws(() => torch.linalg.qr(a, "r" as "reduced"), /qr received unrecognized mode 'r'/);
});
