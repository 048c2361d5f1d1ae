// The attention kernel against attention composed of products and a softmax.
import assert from "node:assert/strict";
import * as torch from "../mod.ts";
import { F, type Tensor } from "../mod.ts";
import { onCuda } from "./device.ts";

/** [batch, heads, groups, length, source, width]: within one block of scores, over several, and single rows. */
const shapes = onCuda
  ? [[2, 4, 4, 7, 9, 5], [1, 2, 1, 66, 130, 8], [1, 1, 1, 1, 200, 3], [1, 1, 1, 70, 20, 65]]
  : [[2, 4, 4, 7, 9, 5], [1, 2, 1, 130, 300, 8], [1, 1, 1, 1, 600, 3], [2, 2, 2, 300, 70, 20]];

type Kind = "open" | "causal" | "bool mask" | "added mask" | "blind row";

function maskOf(kind: Kind, length: number, source: number, dtype: torch.DType): Tensor | null {
  if (kind === "bool mask") return torch.rand([length, source]).gt(0.3);
  if (kind === "added mask") return torch.randn([1, 1, 1, source]).to(dtype);
  if (kind !== "blind row") return null;
  const mask = torch.zeros([length, source]).to(dtype);
  mask.select(0, 0).fill_(-Infinity);
  return mask;
}

function composed(q: Tensor, k: Tensor, v: Tensor, kind: Kind, mask: Tensor | null): Tensor {
  const share = q.sizes[1] / k.sizes[1], [keys, values] = [k, v].map((x) => x.repeatInterleave(share, 1));
  let scores = q.matmul(keys.transpose(-2, -1)).mul(1 / Math.sqrt(q.sizes[3]));
  if (kind === "causal") mask = torch.ones([q.sizes[2], k.sizes[2]]).tril().ne(0);
  if (mask !== null) {
    scores = mask.dtype === torch.bool ? scores.maskedFill(mask.logicalNot(), -1e30) : scores.add(mask);
  }
  return F.softmax(scores, -1).matmul(values);
}

for (const dtype of [torch.float32, torch.float64]) {
  for (const kind of ["open", "causal", "bool mask", "added mask", "blind row"] as Kind[]) {
    Deno.test(`attention in one kernel, ${kind}, ${dtype}`, () => {
      torch.manualSeed(0);
      for (const [batch, heads, groups, length, source, width] of shapes) {
        const of = (...sizes: number[]): Tensor => torch.randn(sizes).to(dtype).requiresGrad_();
        const q = of(batch, heads, length, width), k = of(batch, groups, source, width);
        const v = of(batch, groups, source, width), mask = maskOf(kind, length, source, dtype);
        const y = F.scaledDotProductAttention(q, k, v, {
          attnMask: mask,
          isCausal: kind === "causal",
          enableGqa: groups !== heads,
        });
        const from = kind === "blind row" ? 1 : 0, rows = (x: Tensor): Tensor => x.narrow(2, from, length - from);
        // Every row of the composition exists but the blind one, which is 0 by definition.
        if (from === 1) assert.equal(y.select(2, 0).abs().max().item(), 0);
        if (length === from) continue;
        const z = composed(q, k, v, kind, from === 1 ? null : mask), dy = torch.randn(z.sizes).to(dtype);
        if (from === 1) dy.select(2, 0).fill_(0);
        const tolerance = dtype === torch.float32 ? 5e-6 : 1e-12; // float32: sums of up to 600 products
        const close = (a: Tensor, b: Tensor): void =>
          assert.ok(a.sub(b).abs().max().item() < tolerance * (1 + b.abs().max().item()));
        torch.noGrad(() => close(rows(y), rows(z)));
        const got = torch.autograd.grad(y, [q, k, v], { gradOutputs: dy });
        const expected = torch.autograd.grad(z, [q, k, v], { gradOutputs: dy });
        got.forEach((dx, i) => close(dx!, expected[i]!));
      }
    });
  }
}

Deno.test("attention's gradient can be differentiated", () => {
  torch.manualSeed(0);
  const of = (...sizes: number[]): Tensor => torch.randn(sizes).to(torch.float64).requiresGrad_();
  for (const options of [{}, { isCausal: true }, { enableGqa: true }, { attnMask: torch.rand([3, 5]).gt(0.4) }]) {
    const groups = "enableGqa" in options ? 1 : 2;
    const inputs = [of(2, 2, 3, 4), of(2, groups, 5, 4), of(2, groups, 5, 4)];
    const f = (q: Tensor, k: Tensor, v: Tensor): Tensor => F.scaledDotProductAttention(q, k, v, options);
    assert.ok(torch.autograd.gradcheck(f as never, inputs));
    assert.ok(torch.autograd.gradgradcheck(f as never, inputs));
  }
});
