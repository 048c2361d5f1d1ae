/** Reductions into chosen places against PyTorch (tests/golden/make_scatter.py), and in-place forms against the plain ones. */
import assert from "node:assert/strict";
import * as torch from "../mod.ts";
import type { Tensor } from "../mod.ts";

interface Packed {
  shape: number[];
  values: number[];
}
interface Case {
  name: "scatterReduce" | "indexReduce";
  reduce: "prod" | "mean" | "amax" | "amin";
  self: boolean;
  dim: number;
  x: Packed;
  source: Packed;
  index: Packed;
  result: Packed;
  dx: Packed;
  dsource: Packed;
}

const cases: Case[] = JSON.parse(await Deno.readTextFile(new URL("golden/scatter.json", import.meta.url)));
const unpack = (x: Packed, dtype = torch.float64) => torch.tensor(x.values, { dtype }).reshape(x.shape);

function close(found: Tensor, expected: Tensor, label: string): void {
  assert.deepEqual([...found.shape], [...expected.shape], label);
  assert.ok(torch.allclose(found, expected), `${label}\n${found}\n${expected}`);
}

Deno.test("reductions into chosen places agree with PyTorch in values and gradients", () => {
  for (const c of cases) {
    const label = `${c.name} ${c.reduce} ${c.self} ${c.dim} [${c.x.shape}]`;
    const x = unpack(c.x).requiresGrad_(), source = unpack(c.source).requiresGrad_();
    const index = unpack(c.index, torch.int64), options = { includeSelf: c.self };
    const reduced = (x: Tensor, source: Tensor, end: "" | "_") =>
      c.name === "scatterReduce"
        ? x[`scatterReduce${end}`](c.dim, index, source, c.reduce, options)
        : x[`indexReduce${end}`]({ dim: c.dim, index, source, reduce: c.reduce, ...options });
    const y = reduced(x, source, "");
    close(y, unpack(c.result), label);
    y.mul(torch.arange(1, y.numel() + 1, { dtype: torch.float64 }).sin().reshape(y.shape)).sum().backward();
    close(x.grad!, unpack(c.dx), `${label}: x`);
    close(source.grad!, unpack(c.dsource), `${label}: source`);
    close(reduced(unpack(c.x), source.detach(), "_"), unpack(c.result), `${label}_`);
  }
});

Deno.test("in-place forms do what the plain ones do", () => {
  torch.manualSeed(0);
  const a = torch.randn(3, 3), b = torch.randn(3, 3), v = torch.randn(3);
  const same = (found: Tensor, expected: Tensor, label: string) => close(found, expected.to(found.dtype), label);
  same(a.clone().addmm_(a, b, { beta: 2 }), a.addmm(a, b, { beta: 2 }), "addmm_");
  same(v.clone().addmv_(b, v), v.addmv(b, v), "addmv_");
  same(a.clone().addr_(v, v, { alpha: 3 }), a.addr(v, v, { alpha: 3 }), "addr_");
  same(a.clone().tril_(-1), a.tril(-1), "tril_");
  same(a.clone().triu_(), a.triu(), "triu_");
  for (const name of ["eq", "ne", "lt", "le", "gt", "ge"] as const) same(a.clone()[`${name}_`](b), a[name](b), name);
  for (const name of ["logicalAnd", "logicalOr", "logicalXor"] as const) {
    same(a.gt(0).to(torch.float32)[`${name}_`](b.gt(0)), a.gt(0)[name](b.gt(0)), name);
  }
  same(a.gt(0).to(torch.float32).logicalNot_(), a.le(0), "logicalNot_");
  const x = torch.randn(2, 3), leaf = torch.ones(2, 3, { requiresGrad: true });
  same(x.clone().t_(), x.t(), "t_");
  same(x.clone().transpose_(0, 1), x.t(), "transpose_");
  same(x.clone().unsqueeze_(1), x.unsqueeze(1), "unsqueeze_");
  same(x.clone().unsqueeze_(1).squeeze_(), x, "squeeze_");
  const y = leaf.mul(2).t_();
  y.mul(x.t()).sum().backward();
  same(leaf.grad!, x.mul(2), "through t_");
  assert.throws(() => leaf.t_(), /a leaf Variable that requires grad/);
});

Deno.test("scatter wants as many dimensions of the source as of the index", () => {
  const index = torch.zeros(2, 2, { dtype: torch.int64 }), words = /same number of dimensions as src tensor/;
  for (const sizes of [[2], [2, 2, 2]]) {
    assert.throws(() => torch.zeros(3, 5).scatter(0, index, torch.ones(sizes)), words);
    assert.throws(() => torch.zeros(3, 5).scatterAdd(0, index, torch.ones(sizes)), words);
  }
});
