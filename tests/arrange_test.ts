/** Rearrangements and composed products; the expected values are PyTorch 2.13's. */
import { strict as assert } from "node:assert";
import * as torch from "../mod.ts";
import { arange, autograd, float64, randn, tensor } from "../mod.ts";

Deno.test("diagonals and triangles", () => {
  const x = arange(12).view(3, 4);
  assert.deepEqual(x.diagonal(1).tolist(), [1, 6, 11]);
  assert.deepEqual(x.diagonal(-1).tolist(), [4, 9]);
  assert.deepEqual(torch.diagEmbed(tensor([[1, 2], [3, 4]])).tolist(), [[[1, 0], [0, 2]], [[3, 0], [0, 4]]]);
  assert.deepEqual(torch.tril(x).tolist(), [[0, 0, 0, 0], [4, 5, 0, 0], [8, 9, 10, 0]]);
  assert.deepEqual(torch.triu(x, 1).tolist(), [[0, 1, 2, 3], [0, 0, 6, 7], [0, 0, 0, 11]]);
  assert.deepEqual(torch.trilIndices(3, 3).tolist(), [[0, 1, 1, 2, 2, 2], [0, 0, 1, 0, 1, 2]]);
  assert.equal(torch.trace(x.index([torch.slice(), torch.slice(0, 3)])).item(), 15);
  assert.deepEqual(torch.eye(2, 3).tolist(), [[1, 0, 0], [0, 1, 0]]);
  assert.deepEqual(torch.diagonalScatter(torch.zeros(2, 2), tensor([1, 2])).tolist(), [[1, 0], [0, 2]]);
});

Deno.test("flip, roll, movedim, unfold", () => {
  const x = arange(6).view(2, 3);
  assert.deepEqual(x.flip(0, 1).tolist(), [[5, 4, 3], [2, 1, 0]]);
  assert.deepEqual(x.roll(1).tolist(), [[5, 0, 1], [2, 3, 4]]);
  assert.deepEqual(x.roll([1, -1], [0, 1]).tolist(), [[4, 5, 3], [1, 2, 0]]);
  assert.deepEqual([...torch.zeros(2, 3, 4).movedim(0, -1).shape], [3, 4, 2]);
  assert.deepEqual(arange(7).unfold(0, 3, 2).tolist(), [[0, 1, 2], [2, 3, 4], [4, 5, 6]]);
});

Deno.test("stacking, grids and repetition", () => {
  const a = tensor([1, 2]), b = tensor([3, 4]);
  assert.deepEqual(torch.hstack([a, b]).tolist(), [1, 2, 3, 4]);
  assert.deepEqual(torch.vstack([a, b]).tolist(), [[1, 2], [3, 4]]);
  assert.deepEqual(torch.dstack([a, b]).tolist(), [[[1, 3], [2, 4]]]);
  assert.deepEqual(torch.columnStack([a, b]).tolist(), [[1, 3], [2, 4]]);
  assert.deepEqual(torch.meshgrid([a, tensor([5, 6, 7])], { indexing: "xy" })[0].tolist(), [[1, 2], [1, 2], [1, 2]]);
  assert.deepEqual(torch.cartesianProd(a, b).tolist(), [[1, 3], [1, 4], [2, 3], [2, 4]]);
  assert.deepEqual(torch.combinations(tensor([1, 2, 3])).tolist(), [[1, 2], [1, 3], [2, 3]]);
  assert.deepEqual(torch.blockDiag(tensor([[1, 2]]), tensor([[3]])).tolist(), [[1, 2, 0], [0, 0, 3]]);
  assert.deepEqual(tensor([[1, 2], [3, 4]]).repeatInterleave(2, 1).tolist(), [[1, 1, 2, 2], [3, 3, 4, 4]]);
  assert.deepEqual(a.repeatInterleave(tensor([1n, 3n])).tolist(), [1, 2, 2, 2]);
  assert.deepEqual(torch.constantPadNd(tensor([[1, 2]]), [1, 0, 0, 1], 9).tolist(), [[9, 1, 2], [9, 9, 9]]);
  assert.deepEqual(torch.unravelIndex(tensor([5n, 3n]), [2, 3]).map((t) => t.tolist()), [[1, 1], [2, 0]]);
});

Deno.test("einsum and other products", () => {
  const a = arange(6).float().view(2, 3), b = arange(12).float().view(3, 4);
  assert.deepEqual(torch.einsum("ij,jk->ik", a, b).tolist(), a.matmul(b).tolist());
  assert.deepEqual(torch.einsum("ii->i", torch.eye(3)).tolist(), [1, 1, 1]);
  assert.equal(torch.einsum("ij->", a).item(), 15);
  assert.deepEqual(torch.einsum("...i,...i->...", a, a).tolist(), [5, 50]);
  assert.deepEqual(torch.einsum("i,j", tensor([1, 2]), tensor([3, 4])).tolist(), [[3, 4], [6, 8]]);
  assert.deepEqual(torch.tensordot(a, b, 1).tolist(), a.matmul(b).tolist());
  assert.deepEqual(torch.kron(tensor([1, 2]), tensor([1, 1])).tolist(), [1, 1, 2, 2]);
  assert.deepEqual(torch.cross(tensor([1, 0, 0]), tensor([0, 1, 0])).tolist(), [0, 0, 1]);
  assert.deepEqual(torch.outer(tensor([1, 2]), tensor([3, 4])).tolist(), [[3, 4], [6, 8]]);
  assert.throws(() => torch.einsum("ij,jk->ix", a, b), /output subscript x does not appear/);
});

Deno.test("gradients of rearrangements, first and second", () => {
  const x = randn([3, 4], { dtype: float64, requiresGrad: true });
  const square = (f: (x: torch.Tensor) => torch.Tensor) => (x: torch.Tensor) => {
    const y = f(x);
    return y.mul(y);
  };
  for (
    const f of [
      (x: torch.Tensor) => x.diagonal(1),
      (x: torch.Tensor) => x.diagEmbed(),
      (x: torch.Tensor) => x.tril(),
      (x: torch.Tensor) => x.flip(1),
      (x: torch.Tensor) => x.roll(2, 1),
      (x: torch.Tensor) => x.unfold(1, 3, 1),
      (x: torch.Tensor) => x.repeatInterleave(2, 0),
      (x: torch.Tensor) => torch.constantPadNd(x, [1, -1]),
      (x: torch.Tensor) => x.index([[0, 2, 0]]),
      (x: torch.Tensor) => torch.einsum("ij,kj->ik", x, x),
      (x: torch.Tensor) => x.repeat(2, 1),
    ]
  ) {
    assert.ok(autograd.gradcheck(square(f), [x]), String(f));
    assert.ok(autograd.gradgradcheck(square(f), [x]), String(f));
  }
});
