// Every kernel on the emulated CUDA device against the same call on the CPU.
import { binary, ternary, unary } from "../ffi/symbols.ts";
import { buildEmulator } from "../ffi/build_cuda.ts";
import { type Data, input, meta, Numbers, out, Pair, zeros } from "./cuda_pair.ts";

const pair = new Pair(await buildEmulator());
const numbers = new Numbers(1);

const sizes = [1, 5, 300, 4099];

/** Float functions differ between two libraries of elementary functions by a few units in the last place. */
function tolerances(dtype: number): { tolerance: number; atol: number } {
  return dtype === 0 ? { tolerance: 4e-6, atol: 2e-6 } : { tolerance: 1e-12, atol: 1e-13 };
}

const outputOf = (dtype: number, n: number, test: boolean): Data => test ? new Uint8Array(n) : zeros(dtype, n);

Deno.test("cuda kernels: unary", () => {
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

Deno.test("cuda kernels: binary, flat, broadcast, strided and with a number", () => {
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

Deno.test("cuda kernels: ternary", () => {
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

Deno.test("cuda kernels: fill, arange, linspace", () => {
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

Deno.test("cuda kernels: cast", () => {
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

Deno.test("cuda kernels: copy_strided", () => {
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

Deno.test("cuda kernels: matmul", () => {
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
