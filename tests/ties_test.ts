/** Which of several equal elements is taken on the CPU: PyTorch's choice (tests/golden/make_ties.py). */
import { strict as assert } from "node:assert";
import * as torch from "../mod.ts";
import type { Tensor } from "../mod.ts";

interface Case {
  kind: "few" | "many" | "pipe" | "killer" | "nan";
  n: number;
  dtype: "float32";
  name: "kthvalue";
  args: [number];
  indices: number[];
}
const cases: Case[] = JSON.parse(await Deno.readTextFile(new URL("golden/ties.json", import.meta.url)));

const numbers = (x: Tensor): number[] => [x.view(-1).tolist()].flat(2).map(Number);

/** The rows of the maker. */
function element(kind: Case["kind"], i: number, n: number): number {
  const half = n / 2;
  switch (kind) {
    case "few":
      return (i * i * 7 + i * 3) % 5;
    case "nan":
      return i % 5 === 0 ? NaN : element("many", i, n);
    case "many":
      return (i * i * 13 + i * 5) % 97;
    case "pipe":
      return Math.min(i, n - 1 - i);
    case "killer":
      return Math.floor((i >= half ? 2 * (i - half + 1) : i % 2 === 0 ? i + 1 : half + i + half % 2) / 3);
  }
}

for (const { kind, n, dtype, name, args, indices } of cases) {
  Deno.test(`ties: ${name}(${args}) of ${n} ${dtype}, ${kind}`, () => {
    const x = torch.tensor(Array.from({ length: n }, (_, i) => element(kind, i, n))).to(torch[dtype]);
    const picked = x[name](...args);
    assert.deepEqual(numbers(picked.indices), indices);
    assert.deepEqual(picked.values.view(-1).tolist(), x.gather(0, picked.indices.view(-1)).tolist());
  });
}

Deno.test("ties: rows do not mix, and other dimensions are sorted alike", () => {
  const x = torch.arange(6 * 40).mul(7).remainder(3).view(6, 40);
  const rows = torch.stack(Array.from({ length: 6 }, (_, i) => x.select(0, i).topk(9).indices));
  assert.deepEqual(x.topk(9).indices.tolist(), rows.tolist());
  assert.deepEqual(x.t().topk(9, 0).indices.t().tolist(), rows.tolist());
});

Deno.test("ties keep their order where PyTorch sorts by digits, in what is expanded, and when stable is asked for", () => {
  const ordered = (x: Tensor, at: Tensor): boolean => {
    const list = numbers(at), values = numbers(x);
    return list.every((k, i) => i === 0 || values[k] !== values[list[i - 1]] || k > list[i - 1]);
  };
  const x = torch.arange(40000).mul(7919).remainder(11);
  assert.ok(ordered(x, x.argsort()));
  assert.ok(!ordered(x, x.argsort({ descending: true })));
  assert.ok(ordered(x, x.argsort({ descending: true, stable: true })));
  assert.ok(ordered(x, x.double().sort({ stable: true }).indices));
  assert.deepEqual(numbers(torch.ones(1).expand(50).argsort()), Array.from({ length: 50 }, (_, i) => i));
});
