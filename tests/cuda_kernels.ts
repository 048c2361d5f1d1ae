// Every kernel on the emulated CUDA device against the same call on the CPU.
import assert from "node:assert/strict";
import * as codes from "../ffi/symbols.ts";
import { binary, loss, reduce, scan, symbols, ternary, unary } from "../ffi/symbols.ts";
import { buildEmulator } from "../ffi/build_cuda.ts";
import {
  Addresses,
  type Argument,
  compare,
  type Data,
  host,
  input,
  meta,
  Numbers,
  out,
  Pair,
  zeros,
} from "./cuda_pair.ts";
import { testCublas, testProducts } from "./cuda_products.ts";

// RAPTORCH_EMULATOR_RACES=1 takes the build with the race checker, which is slower.
const available = Deno.build.os === "linux";
const races = Deno.env.get("RAPTORCH_EMULATOR_RACES") === "1";
// RAPTORCH_TEST_CUDA names the library of a card instead (deno task test:cuda).
const card = Deno.env.get("RAPTORCH_TEST_CUDA");
const emulator = card ?? (available ? await buildEmulator({ races }) : null);
const pair = new Pair(emulator);

function test(name: string, run: () => void): void {
  Deno.test(`cuda kernels: ${name}`, { ignore: !available }, run);
}
const numbers = new Numbers(1);

const sizes = [1, 5, 300, 4099];

/** Float functions differ between two libraries of elementary functions by a few units in the last place. */
function tolerances(dtype: number): { tolerance: number; atol: number } {
  return dtype === 0 ? { tolerance: 4e-6, atol: 2e-6 } : { tolerance: 1e-12, atol: 1e-13 };
}

const outputOf = (dtype: number, n: number, test: boolean): Data => test ? new Uint8Array(n) : zeros(dtype, n);

test("unary", () => {
  for (const [name, op] of Object.entries(unary)) {
    if (name === "count") continue;
    const test = op > unary.bitwiseNot;
    for (const dtype of [0, 1, 2, 3, 4, 5]) {
      for (const n of dtype === 0 ? sizes : [301]) {
        const positive = ["sqrt", "rsqrt", "log", "log2", "log10", "lgamma", "digamma", "powScalar", "acosh"].includes(
          name,
        );
        const unit = ["asin", "acos", "atanh", "erfinv", "logit"].includes(name);
        const x = numbers.of(dtype, n, unit ? -0.95 : positive ? 1.01 : -4, unit ? 0.95 : 4);
        if (name === "logit" && dtype < 2) x.set(numbers.of(dtype, n, 0.05, 0.95) as never);
        const p = name === "powScalar" ? (dtype < 2 ? 1.7 : 3) : name === "clamp" || name === "hardtanh" ? -1 : 0.5;
        pair.check("unary", [op, dtype, out(outputOf(dtype, n, test)), input(x), n, p, 1.5], {
          ...tolerances(dtype),
          label: `${name} ${dtype} ${n}`,
        });
      }
    }
  }
});

test("binary, flat, broadcast, strided and with a number", () => {
  for (const [name, op] of Object.entries(binary)) {
    if (name === "count") continue;
    const test = op >= binary.eq;
    for (const dtype of [0, 1, 2, 3, 4, 5]) {
      const power = name.startsWith("pow") || name === "xlogy";
      const operand = (n: number) => numbers.of(dtype, n, power ? 0.2 : -3, 3);
      const nonzero = (n: number) => {
        const x = operand(n);
        for (let i = 0; i < n; i++) if (Number(x[i]) === 0 && dtype !== 5) x[i] = (dtype === 2 ? 1n : 1) as never;
        return x;
      };
      const label = `${name} ${dtype}`, options = { ...tolerances(dtype), label };
      for (const n of dtype === 0 ? sizes : [301]) {
        pair.check("binary", [
          op,
          dtype,
          out(outputOf(dtype, n, test)),
          input(operand(n)),
          input(nonzero(n)),
          n,
          0.5,
          0.25,
          null,
        ], options);
      }
      for (const reverse of [0, 1]) {
        const scalar = dtype === 5 ? 1 : dtype === 4 ? 2 : power ? 1.5 : reverse ? -1.5 : 2;
        const args = [op, dtype, out(outputOf(dtype, 77, test)), input(nonzero(77)), 77, reverse, scalar, 0.5, 0.25];
        pair.check("binary_scalar", args, options);
      }
      // y [4, 3, 5] = op(a [4, 1, 5] expanded, b [3, 4, 5] transposed)
      const layout = meta(3, [4, 3, 5], [15, 5, 1], [5, 0, 1], [5, 20, 1]);
      pair.check("binary", [
        op,
        dtype,
        out(outputOf(dtype, 60, test)),
        input(operand(20)),
        input(nonzero(60)),
        60,
        0.5,
        0.25,
        layout,
      ], options);
      if (name === "addScaled") {
        const args = [op, dtype, out(zeros(dtype, 301)), input(operand(301)), input(operand(301)), 301, -2, 0, null];
        if (dtype !== 5) pair.check("binary", args, { ...options, label: `${label}, subtracting` });
      }
      // y [12, 7] = op(a [12, 7], b a single element): merges to a flat call
      const single = meta(2, [12, 7], [7, 1], [7, 1], [0, 0]);
      pair.check("binary", [
        op,
        dtype,
        out(outputOf(dtype, 84, test)),
        input(operand(84)),
        input(nonzero(1)),
        84,
        0.5,
        0.25,
        single,
      ], options);
    }
  }
});

test("ternary", () => {
  const layout = meta(3, [4, 3, 5], [15, 5, 1], [5, 0, 1], [5, 20, 1], [0, 0, 1]);
  for (const [name, op] of Object.entries(ternary)) {
    if (name === "count") continue;
    for (const dtype of [0, 1, 2, 3, 4, 5]) {
      const first = (n: number) => name === "where" ? numbers.bytes(n, 0, 2) : numbers.of(dtype, n);
      const options = { ...tolerances(dtype), label: `${name} ${dtype}` };
      const n = 517;
      const args = [
        op,
        dtype,
        out(zeros(dtype, n)),
        input(first(n)),
        input(numbers.of(dtype, n)),
        input(numbers.of(dtype, n, 1, 4)),
        n,
        2,
        null,
      ];
      pair.check("ternary", args, options);
      const strided = [
        op,
        dtype,
        out(zeros(dtype, 60)),
        input(first(20)),
        input(numbers.of(dtype, 60)),
        input(numbers.of(dtype, 5, 1, 4)),
        60,
        2,
        layout,
      ];
      pair.check("ternary", strided, options);
    }
  }
});

test("fill, arange, linspace", () => {
  for (const dtype of [0, 1, 2, 3, 4, 5, 6, 7]) {
    for (const value of [0, 1, 2.75, 77]) {
      pair.check("fill", [dtype, out(zeros(dtype, 1000)), 1000, value], { label: `${dtype}` });
    }
    if (dtype > 4) continue;
    pair.check("arange", [dtype, out(zeros(dtype, 100)), 100, 3, 2], { label: `${dtype}` });
    for (const n of [1, 2, 33]) {
      pair.check("linspace", [dtype, out(zeros(dtype, n)), n, 1, 10], { label: `${dtype} ${n}` });
    }
  }
});

test("cast", () => {
  for (let from = 0; from < 8; from++) {
    const x = from === 5
      ? numbers.bytes(1003, 0, 2)
      : from >= 6
      ? Uint16Array.from(numbers.integers(1003, 0, 65536))
      : numbers.of(from, 1003, -300, 300);
    if (from < 2) x.set([NaN, Infinity, -Infinity, 1e-7, 6e-8, 65519, 65520, 3e-5, -0, 1e-40, 5e9] as never);
    for (let to = 0; to < 8; to++) {
      pair.check("cast", [to, from, out(zeros(to, 1003)), input(x), 1003], {
        label: `${from} to ${to}`,
        tolerance: 0,
        atol: 0,
      });
    }
  }
});

test("copy_strided", () => {
  const cases: [sizes: number[], y: number[], x: number[], elements: number][] = [
    [[6], [1], [1], 6],
    [[], [], [], 1],
    [[4, 5], [5, 1], [1, 4], 20],
    [[70, 45], [45, 1], [1, 70], 3150],
    [[3, 70, 45], [3150, 45, 1], [3150, 1, 70], 9450],
    [[2, 33, 3, 40], [3960, 120, 40, 1], [3960, 1, 1320, 33], 7920],
    [[9, 9], [9, 1], [0, 1], 81],
    [[5, 4, 3, 2], [24, 6, 2, 1], [1, 5, 20, 60], 120],
  ];
  const arrays = [Uint8Array, Uint16Array, Float32Array, Float64Array];
  for (const [shape, ys, xs, n] of cases) {
    arrays.forEach((Type, i) => {
      const x = new Type(n);
      for (let k = 0; k < n; k++) x[k] = k % 251;
      pair.check("copy_strided", [1 << i, out(new Type(n)), input(x), meta(shape.length, shape, ys, xs)], {
        label: `${shape} ${i}`,
      });
    });
  }
});

/** meta of rap_matmul for contiguous matrices, `a` and `b` possibly stored transposed. */
function matmulMeta(
  m: number,
  n: number,
  k: number,
  outer: number,
  inner: number,
  at: boolean,
  bt: boolean,
  relu: number,
  bias: number[],
) {
  // deno-fmt-ignore
  return meta(m, n, k, relu, outer, inner,
    at ? [1, m] : [k, 1], inner * m * k, m * k,
    bt ? [1, k] : [n, 1], inner * k * n, k * n,
    n, inner * m * n, m * n, bias);
}

test("matmul", () => {
  const shapes = [[1, 1, 1], [3, 5, 7], [64, 64, 16], [65, 67, 33], [128, 132, 40], [1, 200, 700], [130, 3, 1100], [
    4,
    4,
    0,
  ]];
  for (const dtype of [0, 1, 2, 3, 4]) {
    for (const [m, n, k] of dtype === 0 ? shapes : shapes.slice(0, 4)) {
      for (const [at, bt] of [[false, false], [true, false], [false, true], [true, true]]) {
        const a = numbers.of(dtype, m * k), b = numbers.of(dtype, k * n), row = numbers.of(dtype, n);
        const layout = matmulMeta(m, n, k, 1, 1, at, bt, 1, [0, 1, 0, 0]);
        const args = [dtype, out(zeros(dtype, m * n)), input(a), input(b), input(row), 1, 2, layout];
        pair.check("matmul", args, {
          tolerance: 1e-4,
          atol: dtype === 1 ? 1e-12 : 1e-4,
          label: `${dtype} ${m}x${n}x${k} ${at} ${bt}`,
        });
      }
    }
  }
  // Large tiles, batches with broadcasting, accumulation into c.
  const layout = matmulMeta(260, 256, 20, 1, 1, false, true, 0, [0, 0, 0, 0]);
  const a = input(numbers.floats(260 * 20)), b = input(numbers.floats(256 * 20));
  pair.check("matmul", [0, out(new Float32Array(260 * 256)), a, b, null, 0.5, 0, layout], {
    tolerance: 1e-4,
    atol: 1e-4,
  });
  const batched = matmulMeta(9, 10, 11, 3, 2, false, false, 0, [10, 1, 180, 90]);
  (batched.data as Int32Array).set([0, 110], 12); // b is the same for every outer index
  const c = numbers.floats(6 * 90);
  const operands = [input(numbers.floats(6 * 99)), input(numbers.floats(220))];
  pair.check("matmul", [0, out(c), ...operands, input(c), 1, 1, batched], {
    tolerance: 1e-4,
    atol: 1e-4,
    label: "batched",
  });
});

testProducts(pair, test);
testCublas(pair, emulator ?? "", test);

/** A convolution by its sizes; dimensions beyond `size` are 1. */
interface Convolution {
  batch: number;
  channels: number;
  outputs: number;
  groups?: number;
  size: number[];
  kernel: number[];
  stride?: number;
  padding?: number;
  dilation?: number;
}

const convolutions: Convolution[] = [
  { batch: 2, channels: 1, outputs: 6, size: [1, 12, 12], kernel: [1, 3, 3] },
  { batch: 2, channels: 6, outputs: 16, size: [1, 9, 11], kernel: [1, 3, 5], padding: 1 },
  { batch: 1, channels: 5, outputs: 40, size: [1, 10, 10], kernel: [1, 3, 3], stride: 2, padding: 1 },
  { batch: 3, channels: 8, outputs: 12, groups: 4, size: [1, 7, 7], kernel: [1, 3, 3], padding: 1 },
  { batch: 2, channels: 6, outputs: 12, groups: 6, size: [1, 8, 8], kernel: [1, 5, 5], padding: 2, stride: 2 },
  { batch: 2, channels: 20, outputs: 24, groups: 2, size: [1, 8, 8], kernel: [1, 3, 3], dilation: 2, padding: 2 },
  { batch: 2, channels: 7, outputs: 70, size: [1, 6, 6], kernel: [1, 1, 1] },
  { batch: 2, channels: 3, outputs: 4, size: [1, 1, 30], kernel: [1, 1, 7], stride: 3 },
  { batch: 1, channels: 2, outputs: 3, size: [5, 6, 7], kernel: [2, 3, 3], stride: 2, padding: 1 },
  { batch: 9, channels: 130, outputs: 70, size: [1, 8, 8], kernel: [1, 2, 2] },
];

test("convolution and its adjoints", () => {
  for (const c of convolutions) {
    const { batch, channels, outputs, size, kernel, groups = 1, stride = 1, padding = 0, dilation = 1 } = c;
    const step = (v: number) => size.map((n) => n === 1 ? 1 : v);
    const strides = step(stride),
      paddings = kernel.map((_, i) => size[i] === 1 ? 0 : padding),
      dilations = step(dilation);
    const o = size.map((n, i) =>
      Math.floor((n + 2 * paddings[i] - dilations[i] * (kernel[i] - 1) - 1) / strides[i]) + 1
    );
    const product = (v: number[]) => v.reduce((a, b) => a * b, 1);
    const nx = batch * channels * product(size), ny = batch * outputs * product(o);
    const nw = outputs * channels / groups * product(kernel);
    const layout = meta(batch, channels, outputs, groups, size, kernel, o, strides, paddings, dilations);
    for (const dtype of [0, 1]) {
      const tolerance = dtype === 0 ? 2e-5 : 1e-12, label = `${JSON.stringify(c)} ${dtype}`;
      const options = { tolerance, atol: tolerance * 20, label };
      const x = input(numbers.of(dtype, nx)), w = input(numbers.of(dtype, nw)), dy = input(numbers.of(dtype, ny));
      const bias = input(numbers.of(dtype, outputs));
      pair.check("conv_forward", [dtype, out(zeros(dtype, ny)), x, w, bias, 1, layout], options);
      pair.check("conv_forward", [dtype, out(zeros(dtype, ny)), x, w, null, 0, layout], options);
      pair.check("conv_backward_input", [dtype, out(zeros(dtype, nx)), dy, w, layout], options);
      pair.check(
        "conv_backward_weight",
        [dtype, out(zeros(dtype, nw)), out(zeros(dtype, outputs)), dy, x, layout],
        options,
      );
    }
  }
});

const lineShapes: [outer: number, dim: number, inner: number][] = [
  [1, 1, 1],
  [5, 3, 1],
  [3, 100, 1],
  [2, 3000, 1],
  [1, 20000, 1],
  [2, 7, 5],
  [3, 600, 40],
  [1, 33, 5000],
];

test("reductions", () => {
  for (const [name, op] of Object.entries(reduce)) {
    for (const dtype of [0, 1, 2, 3, 4, 5]) {
      if (dtype > 1 && op >= reduce.mean && op <= reduce.logsumexp) continue;
      for (const [outer, dim, inner] of lineShapes) {
        const n = outer * dim * inner, lines = outer * inner;
        const x = name === "prod" ? numbers.of(dtype, n, 0.9, 1.1) : numbers.of(dtype, n);
        if (dtype < 2 && dim === 100) x.set([NaN] as never, 7);
        const position = op === reduce.argmax || op === reduce.argmin || op === reduce.countNonzero ||
          (dtype > 1 && op <= reduce.nansum);
        const y = position
          ? zeros(2, lines)
          : op === reduce.any || op === reduce.all
          ? zeros(5, lines)
          : zeros(dtype, lines);
        const indices = op === reduce.max || op === reduce.min ? out(zeros(2, lines)) : null;
        const tolerance = dtype === 0 ? 1e-5 : 1e-11;
        for (const p of name === "norm" ? [2, 1, 3, 0, Infinity, -Infinity] : [0]) {
          const args = [op, dtype, out(y), indices, input(x), outer, dim, inner, p];
          pair.check("reduce", args, {
            tolerance,
            atol: tolerance,
            label: `${name} ${dtype} ${outer}x${dim}x${inner} ${p}`,
          });
        }
      }
    }
  }
  for (const dtype of [0, 1]) {
    for (const [outer, dim, inner] of lineShapes) {
      const tolerance = dtype === 0 ? 1e-5 : 1e-11,
        lines = outer * inner,
        x = numbers.of(dtype, outer * dim * inner, 99, 101);
      const args = [
        dtype,
        out(zeros(dtype, lines)),
        out(zeros(dtype, lines)),
        input(x),
        outer,
        dim,
        inner,
        1,
        dim > 1 ? 1 : 0,
      ];
      pair.check("var", args, { tolerance, atol: tolerance, label: `${dtype} ${outer}x${dim}x${inner}` });
    }
  }
});

test("scans", () => {
  for (const [name, op] of Object.entries(scan)) {
    for (const dtype of [0, 1, 2, 3, 4, 5]) {
      if (op === scan.logcumsumexp && dtype > 1) continue;
      for (const [outer, dim, inner] of lineShapes) {
        const n = outer * dim * inner;
        const x = op === scan.cumprod && dtype < 2 ? numbers.of(dtype, n, 0.95, 1.05) : numbers.of(dtype, n);
        if (dtype < 2 && dim === 100 && op >= scan.cummax) x.set([NaN] as never, 50);
        const indices = op === scan.cummax || op === scan.cummin ? out(zeros(2, n)) : null;
        const tolerance = dtype === 0 ? 1e-5 : 1e-11;
        const options = { tolerance, atol: tolerance * 10, label: `${name} ${dtype} ${outer}x${dim}x${inner}` };
        pair.check("scan", [op, dtype, out(zeros(dtype, n)), indices, input(x), outer, dim, inner], options);
      }
    }
  }
});

test("attention", () => {
  // batch, heads, groups, length, source, width, out
  const shapes = [[2, 2, 2, 5, 7, 3, 4], [1, 4, 2, 30, 40, 8, 8], [1, 1, 1, 3, 300, 16, 5], [1, 2, 1, 270, 4, 5, 5]];
  // Several tiles each way, and features in more than one part.
  const wide = [[1, 2, 1, 70, 132, 24, 64], [1, 1, 1, 65, 66, 72, 136], [1, 1, 1, 40, 70, 70, 67]];
  for (const dtype of [0, 1]) {
    for (const [batch, heads, groups, length, source, width, features] of dtype === 0 ? [...shapes, ...wide] : shapes) {
      for (const causal of [0, 1]) {
        for (const masked of [false, true]) {
          const of = (...sizes: number[]): Data => numbers.of(dtype, sizes.reduce((a, b) => a * b));
          const q = of(batch, heads, length, width), k = of(batch, groups, source, width);
          const v = of(batch, groups, source, features), dy = of(batch, heads, length, features);
          const mask = masked ? of(length, source) : null;
          // The first query sees nothing; and a mask that is the same for all batches and heads.
          if (mask !== null && causal === 0) (mask as Float32Array).fill(-Infinity, 0, source);
          // Heads beside each other for q and y, one after the other for k and v.
          const beside = (n: number, rows: number): number[] => [heads * rows * n, n, heads * n];
          const after = (n: number): number[] => [groups * source * n, source * n, n];
          const layout = meta(
            [batch, heads, groups, length, source, width, features, causal],
            [beside(width, length), after(width), after(features), beside(features, length)].flat(),
            masked ? [0, 0, source, 1] : [0, 0, 0, 0],
            [beside(features, length), beside(width, length), after(width), after(features)].flat(),
          );
          const options = {
            ...tolerances(dtype),
            tolerance: dtype === 0 ? 2e-5 : 1e-12,
            // The longest products sum 136 terms, and an exponential's error is its argument's.
            atol: dtype === 0 ? 5e-5 : 1e-12,
            label: `${dtype} ${length}x${source} causal ${causal} mask ${masked}`,
          };
          const given = [input(q), input(k), input(v), mask === null ? null : input(mask), 0.4, layout];
          const y = out(zeros(dtype, dy.length)), lse = out(zeros(dtype, batch * heads * length));
          const [values, sums] = pair.check("attention", [dtype, y, lse, ...given], options);
          const slopes = [q, k, v].map((x) => out(zeros(dtype, x.length)));
          const args = [dtype, ...slopes, input(dy), input(values), input(sums), ...given];
          pair.check("attention_backward", args, options);
        }
      }
    }
  }
});

test("softmax", () => {
  for (const dtype of [0, 1]) {
    for (const [outer, dim, inner] of lineShapes) {
      for (const takeLog of [0, 1]) {
        const n = outer * dim * inner, x = numbers.of(dtype, n, -8, 8), dy = numbers.of(dtype, n);
        const options = {
          ...tolerances(dtype),
          tolerance: dtype === 0 ? 2e-5 : 1e-12,
          label: `${dtype} ${outer}x${dim}x${inner} ${takeLog}`,
        };
        const [y] = pair.check("softmax", [dtype, out(zeros(dtype, n)), input(x), outer, dim, inner, takeLog], options);
        const args = [dtype, out(zeros(dtype, n)), input(dy), input(y), outer, dim, inner, takeLog];
        pair.check("softmax_backward", args, { ...options, atol: dtype === 0 ? 2e-5 : 1e-11 });
      }
    }
  }
});

test("cross entropy", () => {
  for (const dtype of [0, 1]) {
    for (const [batch, classes, inner] of [[7, 10, 1], [3, 5, 6], [4, 1500, 1], [300, 3, 1]]) {
      const rows = batch * inner, n = rows * classes, target = numbers.longs(rows, 0, classes);
      target[1] = -100n;
      for (const weight of [null, input(numbers.of(dtype, classes, 0.5, 2))]) {
        for (const reduction of [0, 1, 2]) {
          for (const [logProbs, smoothing] of [[0, 0], [1, 0], [0, 0.1]]) {
            const x = input(numbers.of(dtype, n)), t = input(target), each = reduction === 0 ? rows : 1;
            const tail = [batch, classes, inner, -100, reduction, logProbs, smoothing];
            const options = {
              tolerance: dtype === 0 ? 2e-5 : 1e-12,
              atol: dtype === 0 ? 2e-6 : 1e-12,
              label: `${dtype} ${tail}`,
            };
            const forward = [dtype, out(zeros(dtype, each)), out(zeros(dtype, rows + 1)), x, t, weight, ...tail];
            const saved = pair.check("cross_entropy", forward, options)[1];
            const dloss = input(numbers.of(dtype, each));
            const backward = [dtype, out(zeros(dtype, n)), dloss, input(saved), x, t, weight, ...tail];
            pair.check("cross_entropy_backward", backward, options);
          }
        }
      }
    }
  }
});

test("pointwise losses", () => {
  for (const [name, kind] of Object.entries(loss)) {
    if (name === "count") continue;
    for (const dtype of [0, 1]) {
      for (const reduction of [0, 1, 2]) {
        for (const weighted of [false, true]) {
          const n = 1500, each = reduction === 0 ? n : 1, probability = name === "bce" || name.startsWith("klDiv");
          const x = input(numbers.of(dtype, n, probability ? 0.05 : -3, probability ? 0.95 : 3));
          const t = input(numbers.of(dtype, n, probability ? 0.05 : -3, probability ? 0.95 : 3));
          const w = weighted ? input(numbers.of(dtype, n, 0, 2)) : null;
          const options = {
            tolerance: dtype === 0 ? 2e-5 : 1e-12,
            atol: dtype === 0 ? 2e-5 : 1e-12,
            label: `${name} ${dtype} ${reduction}`,
          };
          pair.check("loss", [kind, dtype, out(zeros(dtype, each)), x, t, w, n, reduction, 0.8], options);
          const args = [kind, dtype, out(zeros(dtype, n)), input(numbers.of(dtype, each)), x, t, w, n, reduction, 0.8];
          pair.check("loss_backward", args, options);
        }
      }
    }
  }
});

test("normalisation", () => {
  for (const dtype of [0, 1]) {
    const options = { tolerance: dtype === 0 ? 5e-5 : 1e-11, atol: dtype === 0 ? 5e-5 : 1e-11 };
    const of = (n: number, low = -2, high = 2) => numbers.of(dtype, n, low, high),
      blank = (n: number) => out(zeros(dtype, n));
    for (const [batch, channels, inner] of [[4, 3, 10], [70, 40, 1], [2, 5, 700]]) {
      const n = batch * channels * inner,
        x = input(of(n)),
        gamma = input(of(channels)),
        beta = input(of(channels)),
        dy = input(of(n));
      for (const training of [0, 1]) {
        const label = `${dtype} ${batch}x${channels}x${inner} ${training}`,
          running = [out(of(channels)), out(of(channels, 0.5, 2))];
        const forward = [
          dtype,
          blank(n),
          blank(channels),
          blank(channels),
          ...running,
          x,
          gamma,
          beta,
          batch,
          channels,
          inner,
          training,
          0.1,
          1e-5,
        ];
        const [, mean, invstd] = pair.check("batch_norm", forward, { ...options, label });
        const statistics = [input(mean), input(invstd)];
        const backward = [
          dtype,
          blank(n),
          blank(channels),
          blank(channels),
          dy,
          x,
          gamma,
          ...statistics,
          batch,
          channels,
          inner,
          training,
        ];
        pair.check("batch_norm_backward", backward, { ...options, label });
      }
    }
    for (const [rows, cols] of [[3, 4], [65, 40], [4, 1300], [700, 7]]) {
      const n = rows * cols,
        x = input(of(n)),
        gamma = input(of(cols)),
        beta = input(of(cols)),
        dy = input(of(n)),
        label = `${dtype} ${rows}x${cols}`;
      const [, mean, rstd] = pair.check("layer_norm", [
        dtype,
        blank(n),
        blank(rows),
        blank(rows),
        x,
        gamma,
        beta,
        rows,
        cols,
        1e-5,
      ], { ...options, label });
      const layer = [dtype, blank(n), blank(cols), blank(cols), dy, x, gamma, input(mean), input(rstd), rows, cols];
      pair.check("layer_norm_backward", layer, { ...options, label });
      const [, rms] = pair.check("rms_norm", [dtype, blank(n), blank(rows), x, gamma, rows, cols, 1e-5], {
        ...options,
        label,
      });
      pair.check("rms_norm_backward", [dtype, blank(n), blank(cols), dy, x, gamma, input(rms), rows, cols], {
        ...options,
        label,
      });
    }
    for (const [batch, channels, inner, groups] of [[2, 6, 5, 3], [3, 8, 200, 2], [1, 4, 1, 1]]) {
      const n = batch * channels * inner,
        lines = batch * groups,
        label = `${dtype} ${batch}x${channels}x${inner}/${groups}`;
      const x = input(of(n)), gamma = input(of(channels)), beta = input(of(channels)), dy = input(of(n));
      const forward = [
        dtype,
        blank(n),
        blank(lines),
        blank(lines),
        x,
        gamma,
        beta,
        batch,
        channels,
        inner,
        groups,
        1e-5,
      ];
      const [, mean, rstd] = pair.check("group_norm", forward, { ...options, label });
      const gradients = [blank(n), blank(channels), blank(channels)];
      const backward = [dtype, ...gradients, dy, x, gamma, input(mean), input(rstd), batch, channels, inner, groups];
      pair.check("group_norm_backward", backward, { ...options, label });
    }
  }
});

test("pooling", () => {
  const pools = [
    {
      planes: 3,
      size: [1, 8, 8],
      kernel: [1, 2, 2],
      stride: [1, 2, 2],
      padding: [0, 0, 0],
      dilation: [1, 1, 1],
      o: [1, 4, 4],
    },
    {
      planes: 2,
      size: [1, 9, 7],
      kernel: [1, 3, 3],
      stride: [1, 2, 1],
      padding: [0, 1, 1],
      dilation: [1, 1, 1],
      o: [1, 5, 7],
    },
    {
      planes: 2,
      size: [1, 9, 9],
      kernel: [1, 2, 3],
      stride: [1, 1, 2],
      padding: [0, 0, 1],
      dilation: [1, 2, 2],
      o: [1, 7, 4],
    },
    {
      planes: 2,
      size: [4, 6, 5],
      kernel: [2, 3, 2],
      stride: [2, 2, 2],
      padding: [1, 1, 0],
      dilation: [1, 1, 1],
      o: [3, 3, 3],
    },
    {
      planes: 4,
      size: [1, 7, 10],
      kernel: [0, 0, 0],
      stride: [0, 0, 0],
      padding: [0, 0, 0],
      dilation: [0, 0, 0],
      o: [1, 3, 4],
    },
  ];
  for (const { planes, size, kernel, stride, padding, dilation, o } of pools) {
    const layout = meta(planes, size, o, kernel, stride, padding, dilation), adaptive = kernel[0] === 0;
    const nx = planes * size[0] * size[1] * size[2], ny = planes * o[0] * o[1] * o[2];
    for (const dtype of [0, 1]) {
      const x = input(numbers.of(dtype, nx)), dy = input(numbers.of(dtype, ny));
      const options = { ...tolerances(dtype), label: `${size} ${kernel} ${dtype}` };
      for (const index of adaptive ? [2, 3] : [2, 3, 4]) {
        const [, at] = pair.check(
          "max_pool",
          [dtype, out(zeros(dtype, ny)), out(zeros(index, ny)), x, index, layout],
          options,
        );
        pair.check("max_pool_backward", [dtype, out(zeros(dtype, nx)), dy, input(at), index, layout], options);
        pair.check("max_pool_gather", [dtype, out(zeros(dtype, ny)), x, input(at), index, layout], options);
        if (index !== 4) {
          pair.check("max_unpool", [dtype, out(zeros(dtype, nx)), dy, input(at), index, layout], options);
        }
      }
      if (dilation[2] > 1) continue;
      for (const [include, divisor] of [[0, 0], [1, 0], [0, 3]]) {
        pair.check("avg_pool", [dtype, out(zeros(dtype, ny)), x, include, divisor, layout], options);
        pair.check("avg_pool_backward", [dtype, out(zeros(dtype, nx)), dy, include, divisor, layout], options);
      }
    }
  }
});

test("optimizer steps", () => {
  const sizes = [5, 300, 1, 70];
  const step = (
    name: string,
    dtype: number,
    states: number,
    flags: number,
    scalars: number[],
    absent: number[] = [],
  ) => {
    const blocks = sizes.flatMap((n) =>
      Array.from(
        { length: states },
        (_, k) => absent.includes(k) ? null : out(numbers.of(dtype, n, k < 2 ? -1 : 0.1, 1)),
      )
    );
    const options = {
      tolerance: dtype === 0 ? 1e-5 : 1e-12,
      atol: dtype === 0 ? 1e-6 : 1e-12,
      label: `${flags} ${dtype}`,
    };
    pair.check(name, [dtype, new Addresses(blocks), flags, ...scalars, meta(sizes.length, sizes)], options);
  };
  for (const dtype of [0, 1]) {
    step("sgd", dtype, 3, 0, [0.1, 0, 0, 0], [2]);
    for (const flags of [0, 1, 2, 4]) step("sgd", dtype, 3, flags, [0.1, 0.9, 0.1, 0.01]);
    for (const flags of [0, 1, 4]) step("adam", dtype, 5, flags, [0.01, 0.9, 0.999, 1e-8, 0.1, 0.19, 0.002], [4]);
    step("adam", dtype, 5, 2, [0.01, 0.9, 0.999, 1e-8, 0, 0.19, 0.002]);
    step("rmsprop", dtype, 5, 0, [0.01, 0.99, 1e-8, 0.1, 0], [3, 4]);
    step("adagrad", dtype, 3, 0, [0.01, 1e-10, 0.1]);
    step("adadelta", dtype, 4, 0, [1, 0.9, 1e-6, 0.1]);
    step("adamax", dtype, 4, 0, [0.01, 0.9, 0.999, 1e-8, 0.1]);
  }
});

test("sorting", () => {
  for (const dtype of [0, 1, 2, 3, 4, 5]) {
    for (const [outer, n, k] of [[1, 1, 1], [3, 5, 5], [4, 300, 7], [2, 512, 512], [2, 3000, 3000]]) {
      for (const descending of [0, 1]) {
        const x = numbers.of(dtype, outer * n, -50, 50);
        if (dtype < 2 && n === 300) x.set([NaN, 1, NaN] as never, 5);
        const results = [dtype, out(zeros(dtype, outer * k)), out(zeros(2, outer * k))];
        const args = [...results, input(x), outer, n, k, descending, 1];
        pair.check("sort", args, { tolerance: 0, atol: 0, label: `${dtype} ${outer}x${n} ${k} ${descending}` });
      }
    }
  }
});

test("selecting", () => {
  for (const dtype of [0, 1, 2, 3, 4]) {
    for (const [outer, n, k] of [[1, 1, 1], [3, 101, 1], [3, 101, 40], [2, 101, 101], [2, 250, 3]]) {
      // Distinct, since which of equal elements is taken may differ; the last row of numbers has two NaNs.
      const x = numbers.of(dtype, outer * n);
      for (let i = 0; i < x.length; i++) x.set([dtype === 2 ? BigInt((i * 37) % n) : (i * 37) % n] as never, i);
      const label = `${dtype} ${outer}x${n} ${k}`, exact = { tolerance: 0, atol: 0, label };
      const results = (count: number) => [dtype, out(zeros(dtype, count)), out(zeros(2, count)), input(x), outer, n];
      for (const largest of [0, 1]) pair.check("topk", [...results(outer * k), k, largest, 1], exact);
      pair.check("kth", [...results(outer), k - 1], exact);
      pair.check("median", [...results(outer), 0], exact);
      if (dtype < 2 && n > 1) x.set([NaN, 1, NaN] as never, (outer - 1) * n + 5);
      for (const ignoreNaN of [0, 1]) pair.check("median", [...results(outer), ignoreNaN], exact);
      if (n < 17) pair.check("mode", results(outer), exact); // of distinct ones the least
    }
  }
});

test("bags of rows", () => {
  const rows = 11, n = 40, starts = BigInt64Array.from([0n, 3n, 3n, 20n, 38n]), bags = starts.length - 1;
  for (const [dtype, width] of [[0, 1], [0, 37], [1, 16]]) {
    const w = input(numbers.of(dtype, rows * width)), index = input(numbers.longs(n, 0, rows)), at = input(starts);
    const dy = input(numbers.of(dtype, bags * width)), factor = input(numbers.of(dtype, n));
    for (const padding of [-1, 4]) {
      const options = { ...tolerances(dtype), label: `${dtype} ${width} ${padding}` };
      const y = (mode: number) => out(zeros(dtype, mode < 0 ? n : bags * width));
      for (const mode of [0, 1, 2]) {
        const from = mode === 2 ? out(zeros(3, bags * width)) : null;
        for (const f of mode === 2 ? [null] : [null, factor]) {
          pair.check("bag", [dtype, mode, y(mode), from, w, index, at, f, bags, width, padding], options);
          const dw = out(numbers.of(dtype, rows * width));
          if (mode < 2) pair.check("bag_spread", [dtype, mode, dw, dy, index, at, f, n, bags, width, padding], options);
        }
      }
      pair.check("bag_dot", [dtype, y(-1), dy, w, index, at, bags, width, padding], options);
    }
  }
});

test("fractional max pooling", () => {
  for (const dtype of [0, 1]) {
    for (const [size, o, kernel] of [[[1, 7, 9], [1, 3, 4], [1, 2, 3]], [[5, 6, 7], [2, 1, 6], [3, 2, 2]]]) {
      const count = (of: number[]) => 3 * of.reduce((a, b) => a * b), x = numbers.of(dtype, count(size));
      x.set([NaN] as never, 8);
      const samples = input(numbers.of(dtype, 9, 0, 1)), layout = meta(3, size, o, kernel);
      const results = [dtype, out(zeros(dtype, count(o))), out(zeros(2, count(o)))];
      const exact = { tolerance: 0, atol: 0, label: `${dtype} ${size}` };
      pair.check("fractional_max_pool", [...results, input(x), samples, layout], exact);
    }
  }
});

test("indexing", () => {
  const exact = { tolerance: 0, atol: 0 };
  pair.check("wrap_index", [out(zeros(2, 50)), input(numbers.longs(50, -9, 9)), 50, 9], exact);
  for (const dtype of [0, 1, 2, 3, 4, 5, 6]) {
    const size = [4, 8, 8, 4, 1, 1, 2][dtype], label = `${dtype}`;
    const of = (n: number) => dtype === 6 ? Uint16Array.from(numbers.integers(n, 0, 60000)) : numbers.of(dtype, n);
    const index = input(numbers.longs(40, 0, 11));
    pair.check("take_rows", [size, out(zeros(dtype, 40 * 7)), input(of(11 * 7)), index, 40, 7], { ...exact, label });
    for (const op of dtype === 6 ? [0] : [0, 1, 2, 3, 4]) {
      const options = { tolerance: 1e-6, atol: 1e-6, label: `${label} ${op}` };
      pair.check("put_rows", [op, dtype, out(of(11 * 7)), index, input(of(40 * 7)), 40, 7, 7], options);
      pair.check("put_rows", [op, dtype, out(of(11 * 7)), index, input(of(7)), 40, 7, 0], options);
      // y [6, 11], index [6, 20] along dimension 1; then y [11, 6] along dimension 0 with transposed values
      const rows = meta(2, 1, [6, 20], [11, 1], [20, 1]), columns = meta(2, 0, [20, 6], [6, 1], [1, 20]);
      const at = input(numbers.longs(120, 0, 11));
      pair.check("scatter", [op, dtype, out(of(66)), at, input(of(120)), 120, rows], options);
      pair.check("scatter", [op, dtype, out(of(66)), at, input(of(120)), 120, columns], options);
    }
    const layout = meta(2, 1, [6, 20], [1, 6], [0, 0]);
    pair.check("gather", [size, out(zeros(dtype, 120)), input(of(66)), input(numbers.longs(120, 0, 11)), 120, layout], {
      ...exact,
      label,
    });
  }
  for (const n of [1, 100, 4096, 9999]) {
    const mask = numbers.bytes(n, 0, 2), count = mask.reduce((a, b) => a + b, 0);
    pair.check("nonzero", [out(zeros(2, count)), input(mask), n], { ...exact, label: `${n}` });
  }
  for (const dtype of [0, 1, 2, 3, 4]) {
    const sorted = numbers.of(dtype, 300, -20, 20).sort(), values = input(numbers.of(dtype, 60, -25, 25));
    for (const right of [0, 1]) {
      pair.check("searchsorted", [dtype, out(zeros(2, 60)), input(sorted), values, -1, 300, 60, right], {
        ...exact,
        label: `${dtype}`,
      });
      const rows = numbers.of(dtype, 20, -20, 20).sort(), three = input(zeros(dtype, 60));
      three.data.set(rows as never, 0), three.data.set(rows as never, 20), three.data.set(rows as never, 40);
      pair.check("searchsorted", [dtype, out(zeros(2, 60)), three, values, 3, 20, 20, right], {
        ...exact,
        label: `${dtype} rows`,
      });
    }
  }
  const index = input(numbers.longs(500, 0, 9));
  pair.check("bincount", [2, out(zeros(2, 9)), index, null, 500], exact);
  for (const dtype of [0, 1]) {
    const weights = input(numbers.of(dtype, 500));
    pair.check("bincount", [dtype, out(zeros(dtype, 9)), index, weights, 500], { tolerance: 1e-5, atol: 1e-5 });
  }
});

/** One call on CUDA with a generator of its own; what it wrote and the generator after it. */
function draw(
  seed: number,
  name: string,
  args: (block: Argument) => Argument[],
): { outputs: Data[]; block: Uint8Array } {
  const block = new Uint8Array(5056);
  new BigUint64Array(block.buffer, 0, 1)[0] = BigInt(seed);
  const { status, outputs } = pair.onCuda(`rap_${name}`, args(host(block)));
  assert.equal(status, 0, name);
  pair.reached.add(`rap_${name}`);
  return { outputs: outputs.slice(0, -1), block: outputs[outputs.length - 1] as Uint8Array };
}

test("random numbers are PyTorch's on CUDA", () => {
  const block = host(new Uint8Array(5056));
  const seeded = pair.onCuda("rap_generator_seed", [block, 7, 1]).outputs[0] as Uint8Array;
  pair.reached.add("rap_generator_seed");
  assert.deepEqual([...new BigUint64Array(seeded.buffer, 0, 2)], [(1n << 32n) + 7n, 0n]);
  // torch.manual_seed(0); torch.rand(4, device="cuda"), and torch.randn
  const uniform = draw(0, "random_fill", (g) => [0, out(new Float32Array(4)), g, 4, 0, 0, 1]);
  compare(uniform.outputs[0], Float32Array.of(0.3990, 0.5167, 0.0249, 0.9401), 0, 5e-5, "rand");
  assert.deepEqual([...new BigUint64Array(uniform.block.buffer, 0, 2)], [0n, 4n]);
  const normal = draw(0, "random_fill", (g) => [0, out(new Float32Array(4)), g, 4, 1, 0, 1]);
  compare(normal.outputs[0], Float32Array.of(-0.9247, -0.4253, -2.6438, 0.1452), 0, 5e-5, "randn");
});

function moments(data: Data): { mean: number; variance: number } {
  const values = Array.from(data, Number), mean = values.reduce((a, b) => a + b, 0) / values.length;
  return { mean, variance: values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length };
}

test("random distributions", () => {
  const n = 20000;
  // Means and variances within five of their own standard errors, roughly.
  const near = (data: Data, mean: number, variance: number, label: string) => {
    const m = moments(data);
    const within = Math.abs(m.mean - mean) < 5 * Math.sqrt(variance / n) &&
      Math.abs(m.variance - variance) < 0.1 * variance + 1e-9;
    assert(within, `${label}: mean ${m.mean}, variance ${m.variance}, expected ${mean} and ${variance}`);
  };
  const fills: [name: string, code: number, a: number, b: number, mean: number, variance: number, dtypes: number[]][] =
    [
      ["uniform", 0, -1, 3, 1, 16 / 12, [0, 1]],
      ["normal", 1, 2, 3, 2, 9, [0, 1]],
      ["normal each", 2, 2, 3, 2, 9, [0, 1]],
      ["log normal", 3, 0, 0.25, Math.exp(1 / 32), (Math.exp(1 / 16) - 1) * Math.exp(1 / 16), [0, 1]],
      ["exponential", 5, 2, 0, 0.5, 0.25, [0, 1]],
      ["geometric", 6, 0.25, 0, 4, 12, [0, 1, 2, 3]],
      ["bernoulli", 7, 0.3, 1, 0.3, 0.21, [0, 1, 2, 3, 4, 5]],
    ];
  for (const [name, code, a, b, mean, variance, dtypes] of fills) {
    for (const dtype of dtypes) {
      near(
        draw(3, "random_fill", (g) => [dtype, out(zeros(dtype, n)), g, n, code, a, b]).outputs[0],
        mean,
        variance,
        `${name} ${dtype}`,
      );
    }
  }
  const cauchy = draw(3, "random_fill", (g) => [0, out(new Float32Array(n)), g, n, 4, 1, 2]).outputs[0];
  assert(Math.abs(Array.from(cauchy, Number).sort((x, y) => x - y)[n / 2] - 1) < 0.1);
  for (const dtype of [0, 1, 2, 3, 4]) {
    const integers =
      draw(5, "random_integers", (g) => [dtype, out(zeros(dtype, n)), g, n, meta(10, 0, 3, 0)]).outputs[0];
    near(integers, 7.5, 99 / 12, `integers ${dtype}`);
    assert(Array.from(integers, Number).every((v) => v >= 3 && v < 13));
  }
  const wide = draw(5, "random_integers", (g) => [2, out(new BigInt64Array(n)), g, n, meta(0, 16, 0, 0)]).outputs[0];
  near(Float64Array.from(wide as BigInt64Array, (v) => Number(v) / 2 ** 36), 0.5, 1 / 12, "wide integers");
  near(draw(5, "random_any", (g) => [4, out(new Uint8Array(n)), g, n]).outputs[0], 127.5, 65535 / 12, "any");
  const permutation = draw(5, "randperm", (g) => [2, out(new BigInt64Array(1000)), g, 1000]).outputs[0];
  assert.deepEqual(Array.from(permutation, Number).sort((x, y) => x - y), Array.from({ length: 1000 }, (_, i) => i));
  const p = input(new Float32Array(n).fill(0.7));
  near(
    draw(5, "random_bernoulli", (g) => [0, out(new Float32Array(n)), g, p, 0, n]).outputs[0],
    0.7,
    0.21,
    "bernoulli each",
  );
  const samples: [code: number, a: number, b: number, mean: number, variance: number][] = [
    [0, 3, 0, 3, 3],
    [0, 40, 0, 40, 40],
    [1, 0.5, 0, 0.5, 0.5],
    [1, 7, 0, 7, 7],
    [2, 10, 0.3, 3, 2.1],
    [2, 100, 0.8, 80, 16],
  ];
  for (const [code, a, b, mean, variance] of samples) {
    for (const dtype of [0, 1]) {
      const parameters = [
        input(zeros(dtype, n).fill(a as never)),
        code === 2 ? input(zeros(dtype, n).fill(b as never)) : null,
      ];
      const sample =
        draw(9, "random_sample", (g) => [dtype, out(zeros(dtype, n)), g, ...parameters, n, code]).outputs[0];
      near(sample, mean, variance, `sample ${code} ${a} ${b}`);
    }
  }
  const weights = input(Float32Array.of(1, 0, 3, 0, 4, 1, 1, 2));
  const drawn =
    draw(5, "multinomial", (g) => [0, out(new BigInt64Array(2 * 4000)), g, weights, 2, 4, 4000, 1]).outputs[0];
  const first = Array.from(drawn.slice(0, 4000), Number), second = Array.from(drawn.slice(4000), Number);
  assert(Math.abs(first.filter((v) => v === 2).length / 4000 - 0.75) < 0.04);
  assert(first.every((v) => v % 2 === 0));
  assert(Math.abs(second.filter((v) => v === 0).length / 4000 - 0.5) < 0.04);
  const without =
    draw(5, "multinomial", (g) => [1, out(new BigInt64Array(4)), g, input(new Float64Array(8).fill(1)), 1, 8, 4, 0])
      .outputs[0];
  assert.equal(new Set(Array.from(without, Number)).size, 4);
});

test("gradients of samples", () => {
  for (const dtype of [0, 1]) {
    const n = 300, a = input(numbers.of(dtype, n, 0.1, 20)), x = input(numbers.of(dtype, n, 0.05, 25));
    const options = { tolerance: dtype === 0 ? 1e-5 : 1e-10, atol: 1e-7, label: `${dtype}` };
    pair.check("random_gradient", [dtype, out(zeros(dtype, n)), x, a, null, n], options);
    const unit = input(numbers.of(dtype, n, 0.01, 0.99)), total = input(numbers.of(dtype, n, 20, 40));
    pair.check("random_gradient", [dtype, out(zeros(dtype, n)), unit, a, total, n], options);
  }
});

test("distances between rows", () => {
  for (const dtype of [0, 1]) {
    for (const p of [0, 0.5, 1, 1.7, 2, 3, Infinity]) {
      const rows = 23,
        cols = 5,
        pairs = rows * (rows - 1) / 2,
        options = { ...tolerances(dtype), label: `${dtype} ${p}` };
      const x = numbers.of(dtype, rows * cols), dy = numbers.of(dtype, pairs);
      x.copyWithin(cols, 0, cols); // two rows are the same
      const [y] = pair.check("pdist", [dtype, out(zeros(dtype, pairs)), input(x), rows, cols, p], options);
      const args = [dtype, out(zeros(dtype, rows * cols)), input(dy), input(x), input(y), rows, cols, p];
      pair.check("pdist_backward", args, options);
    }
  }
});

test("alignments of sequences", () => {
  const steps = 9, batch = 4, classes = 5, longest = 3;
  // One target is as long as it can be, one is empty, one repeats itself and one does not fit its input.
  const lengths = BigInt64Array.from([9, 7, 6, 2, 3, 0, 3, 3, 0, 3, 6, 9], BigInt);
  const targets = BigInt64Array.from([1, 2, 4, 0, 0, 0, 3, 3, 1, 4, 2, 1], BigInt);
  for (const dtype of [0, 1]) {
    const options = { ...tolerances(dtype), label: `${dtype}` };
    const x = input(numbers.of(dtype, steps * batch * classes, -3, -0.5));
    const alphas = batch * steps * (2 * longest + 1);
    const sizes = [steps, batch, classes, longest, 0];
    const fixed = [x, input(targets), input(lengths)];
    const forward = [dtype, out(zeros(dtype, batch)), out(zeros(dtype, alphas)), ...fixed, ...sizes];
    const [loss, alpha] = pair.check("ctc_loss", forward, options);
    assert.equal(Number(loss[3]), Infinity);
    const dloss = input(numbers.of(dtype, batch));
    const kept = [dloss, input(loss), input(alpha), ...fixed, ...sizes];
    pair.check("ctc_loss_backward", [dtype, out(zeros(dtype, steps * batch * classes)), ...kept, 1], options);
  }
});

test("images at the points of a grid", () => {
  const { grid } = codes, batch = 2, channels = 3;
  for (
    const [dims, mode] of [[2, grid.linear], [2, grid.nearest], [2, grid.cubic], [3, grid.linear], [3, grid.nearest]]
  ) {
    const image = dims === 2 ? [1, 5, 4] : [3, 5, 4], points = dims === 2 ? [1, 3, 6] : [2, 3, 6];
    const product = (sizes: number[]): number => sizes.reduce((a, b) => a * b, 1);
    const inputs = batch * channels * product(image), outputs = batch * channels * product(points);
    const coordinates = batch * product(points) * dims;
    for (const padding of [grid.zeros, grid.border, grid.reflection]) {
      for (const [dtype, align] of [[0, 0], [1, 0], [1, 1]]) {
        // Derivatives of the cubic weights add up to zero: what is left of a sum is as exact as its terms.
        const close = dtype === 0 ? { tolerance: 1e-5, atol: 1e-5 } : tolerances(dtype);
        const options = { ...close, label: `${dims} ${mode} ${padding} ${dtype} ${align}` };
        const x = input(numbers.of(dtype, inputs)), at = input(numbers.of(dtype, coordinates, -2.3, 2.3));
        const how = [mode, padding, align, meta(batch, channels, dims, image, points)];
        pair.check("grid_sample", [dtype, out(zeros(dtype, outputs)), x, at, ...how], options);
        const gradients = [
          out(zeros(dtype, inputs)),
          out(zeros(dtype, coordinates)),
          input(numbers.of(dtype, outputs)),
        ];
        pair.check("grid_sample_backward", [dtype, ...gradients, x, at, ...how], options);
      }
    }
  }
});

test("resampling", () => {
  const outer = 3, count = 7, width = 4, taps = 3;
  // The rows have three, two and one tap.
  const positions = input(Int32Array.from([0, 1, 2, 3, 6, -1, 5, -1, -1, 2, 2, 2, 6, 0, -1]));
  const rows = positions.data.length / taps, weights = input(numbers.doubles(rows * taps));
  for (const dtype of [0, 1]) {
    for (const inner of [1, width]) {
      const shape = [positions, weights, outer, count, inner, rows, taps];
      const options = { ...tolerances(dtype), label: `${dtype} ${inner}` };
      const x = input(numbers.of(dtype, outer * count * inner)), y = zeros(dtype, outer * rows * inner);
      pair.check("resample", [dtype, out(y), x, ...shape], options);
      const dy = input(numbers.of(dtype, y.length));
      pair.check("resample_backward", [dtype, out(zeros(dtype, outer * count * inner)), dy, ...shape], options);
    }
  }
});

test("linear algebra", () => {
  for (const dtype of [0, 1]) {
    const options = { tolerance: dtype === 0 ? 1e-5 : 1e-10, atol: dtype === 0 ? 1e-5 : 1e-10 };
    for (const n of [1, 5, 33]) {
      const batch = 3, size = n * n, a = zeros(dtype, batch * size);
      for (let b = 0; b < batch; b++) {
        const f = numbers.doubles(size);
        for (let i = 0; i < n; i++) {
          for (let j = 0; j < n; j++) {
            let sum = i === j ? 1 : 0;
            for (let k = 0; k < n; k++) sum += f[i * n + k] * f[j * n + k];
            a[b * size + i * n + j] = sum as never;
          }
        }
      }
      a[2 * size] = -1 as never; // not positive definite
      const cholesky = [dtype, out(zeros(dtype, batch * size)), out(new Int32Array(batch)), input(a), batch, n];
      pair.check("cholesky", cholesky, { ...options, label: `${dtype} ${n}` });
      for (let flags = 0; flags < 8; flags++) {
        const b = input(numbers.of(dtype, batch * n * 4));
        const triangular = zeros(dtype, batch * size);
        for (let i = 0; i < triangular.length; i++) {
          triangular[i] = (i % size % (n + 1) === 0 ? 3 : numbers.next() / n) as never;
        }
        const args = [dtype, out(zeros(dtype, batch * n * 4)), input(triangular), b, batch, n, 4, flags];
        pair.check("solve_triangular", args, { ...options, label: `${dtype} ${n} ${flags}` });
      }
    }
    for (const [m, n] of [[1, 1], [5, 3], [3, 5], [20, 20]]) {
      for (const complete of [0, 1]) {
        const k = complete ? m : Math.min(m, n), a = input(numbers.of(dtype, 2 * m * n));
        const args = [dtype, out(zeros(dtype, 2 * m * k)), out(zeros(dtype, 2 * k * n)), a, 2, m, n, complete];
        pair.check("qr", args, { ...options, label: `${dtype} ${m}x${n} ${complete}` });
      }
    }
    for (const n of [1, 4, 9]) {
      const batch = 3, matrix = () => zeros(dtype, batch * n * n), a = numbers.of(dtype, batch * n * n);
      const order = out(new BigInt64Array(batch * n)), label = `${dtype} ${n}`;
      pair.check("lu", [dtype, out(matrix()), order, out(new Int32Array(2 * batch)), input(a), batch, n], { label });
      const symmetric = matrix();
      for (let b = 0; b < batch; b++) {
        for (let i = 0; i < n; i++) {
          for (let j = 0; j < n; j++) symmetric[(b * n + i) * n + j] = a[(b * n + Math.max(i, j)) * n + Math.min(i, j)];
        }
      }
      for (const upper of [0, 1]) {
        const eigh = [dtype, out(zeros(dtype, batch * n)), out(matrix()), input(symmetric), batch, n, upper];
        pair.check("eigh", eigh, { ...options, label });
      }
      const u = out(zeros(dtype, batch * (n + 2) * (n + 3))), tall = input(numbers.of(dtype, batch * n * (n + 3)));
      for (const wide of [0, 1]) {
        const svd = [dtype, u, out(zeros(dtype, batch * n)), out(matrix()), tall, batch, n + 3, n, n + 2, wide];
        pair.check("svd", svd, { ...options, label });
      }
    }
  }
});

/** What rap_device_error has to say, and that it says so once. */
function pendingError(): string {
  const text = new Uint8Array(512);
  const code = pair.device("device_error", Deno.UnsafePointer.of(text), text.length);
  const words = new TextDecoder().decode(text.subarray(0, text.indexOf(0)));
  assert.equal(code === 0, words === "");
  assert.equal(pair.device("device_error", Deno.UnsafePointer.of(text), text.length), 0);
  return words;
}

test("the device layer", () => {
  const { info, stream, event } = codes;
  const bytes = new BigInt64Array(8), base = Deno.UnsafePointer.of(bytes), address = Deno.UnsafePointer.value(base);
  assert.equal(pair.device("abi_hash"), codes.abiHash);
  assert.equal(Deno.UnsafePointer.value(pair.device("offset", base, 24) as Deno.PointerValue), address + 24n);
  assert.equal(Deno.UnsafePointer.value(pair.device("offset_far", base, 3, 8) as Deno.PointerValue), address + 24n);
  pair.device("set_address", base, 2, base);
  assert.equal(bytes[2], BigInt(address));
  pair.device("advise_huge", base, 64);
  pair.device("set_num_threads", 4);
  assert.equal(pair.device("get_num_threads"), 1);
  assert.equal(pair.device("device_synchronize"), 0);
  assert.equal(pair.device("device_count"), 2);
  assert.equal(pair.device("device_set", 1), 0);
  assert.equal(pair.device("device_set", 0), 0);
  const name = new Uint8Array(64);
  pair.device("device_name", Deno.UnsafePointer.of(name), name.length);
  assert.match(new TextDecoder().decode(name), /^Raptorch CUDA emulator\0/);
  const before = pair.device("device_info", info.live) as number;
  const block = pair.device("device_alloc", 1000) as Deno.PointerValue;
  assert.equal(pair.device("device_info", info.live), before + 1000);
  assert((pair.device("device_info", info.peak) as number) >= before + 1000);
  assert((pair.device("device_info", info.total) as number) > (pair.device("device_info", info.free) as number));
  assert.equal(pair.device("device_info", info.multiprocessors), 4);
  pair.device("device_free", block);
  assert.equal(pair.device("device_info", info.live), before);
  assert((pair.device("device_info", info.peakReserved) as number) >= before + 1000);
  pair.device("device_reset_peaks");
  assert.equal(pair.device("device_info", info.peak), before);
  assert.equal(pair.device("device_info", info.peakReserved), pair.device("device_info", info.reserved));
  assert.equal(pair.device("device_info", info.threads), 1536);
  pair.device("device_trim");

  const s = pair.device("stream_create") as Deno.PointerValue,
    [begin, end] = [0, 1].map(() => pair.device("event_create") as Deno.PointerValue);
  assert.equal(pair.device("stream", stream.use, s), 0);
  for (const e of [begin, end]) assert.equal(pair.device("event", event.record, e), 0);
  assert.equal(pair.device("event", event.synchronize, end), 0);
  assert((pair.device("event_elapsed", begin, end) as number) >= 0);
  assert.equal(pair.device("stream", stream.synchronize, s), 0);
  assert.equal(pair.device("stream", stream.destroy, s), 0);
  for (const e of [begin, end]) assert.equal(pair.device("event", event.destroy, e), 0);
  const pinned = pair.device("pinned_alloc", 4096) as Deno.PointerValue;
  assert(pinned);
  pair.device("pinned_free", pinned);
  assert.equal(pendingError(), "");

  assert.equal(pair.device("device_alloc", 2 ** 50), null);
  assert.match(
    pendingError(),
    /^CUDA out of memory\. Tried to allocate 1073741824\.00 MiB\. GPU 0 has a total capacity of/,
  );
});

test("what an input does wrong shows at the next synchronisation", () => {
  const cases: [name: string, args: Argument[], text: RegExp][] = [
    ["wrap_index", [out(new BigInt64Array(2)), input(BigInt64Array.of(1n, 9n)), 2, 9], /index is out of bounds/],
    [
      "cross_entropy",
      [
        0,
        out(new Float32Array(1)),
        out(new Float32Array(2)),
        input(new Float32Array(3)),
        input(BigInt64Array.of(3n)),
        null,
        1,
        3,
        1,
        -100,
        1,
        0,
        0,
      ],
      /target is neither a class nor ignore_index/,
    ],
    [
      "random_bernoulli",
      [0, out(new Float32Array(1)), host(new Uint8Array(5056)), input(Float32Array.of(1.5)), 0, 1],
      /parameter is out of its range/,
    ],
  ];
  for (const [name, args, text] of cases) assert.throws(() => pair.onCuda(`rap_${name}`, args), text);
});

test("every symbol of the header is there, and was reached", () => {
  const missing = Object.values(symbols).filter(({ name }) => !pair.cuda.has(name)).map(({ name }) => name);
  assert.deepEqual(missing, []);
  const unreached = Object.values(symbols).filter(({ name }) => !pair.reached.has(name)).map((
    { name },
  ) => name);
  assert.deepEqual(unreached, []);
});
