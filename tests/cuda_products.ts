// Products on the emulated CUDA device: what tensor cores and cuBLAS make of them, against the CPU.
import assert from "node:assert/strict";
import { input, meta, Numbers, out, type Pair, zeros } from "./cuda_pair.ts";

const precision = { float32: 0, tf32: 1, bfloat16: 2 };
const compute = { float32: 68, float64: 70, bfloat16: 75, tf32: 77 };

/** Strides of one product: row and column of a matrix that is contiguous, or stored transposed. */
const strides = (rows: number, columns: number, transposed: boolean) => transposed ? [1, rows] : [columns, 1];

interface Product {
  m: number;
  n: number;
  k: number;
  outer?: number;
  inner?: number;
  at?: boolean;
  bt?: boolean;
  relu?: number;
  /** Elements between rows of c beyond n. */
  gap?: number;
}

/** meta of rap_matmul; the bias is a row, or c itself. */
function layout(p: Product, bias: "row" | "c" | "none") {
  const { m, n, k, outer = 1, inner = 1, at = false, bt = false, relu = 0, gap = 0 } = p, line = n + gap;
  // deno-fmt-ignore
  return meta(m, n, k, relu, outer, inner, strides(m, k, at), inner * m * k, m * k, strides(k, n, bt), inner * k * n, k * n,
    line, inner * m * line, m * line, bias === "c" ? [line, 1, inner * m * line, m * line] : [0, 1, 0, 0]);
}

const products: Product[] = [
  { m: 16, n: 16, k: 8 },
  { m: 64, n: 64, k: 64 },
  { m: 72, n: 100, k: 44, relu: 1 },
  { m: 132, n: 260, k: 36 },
  { m: 20, n: 36, k: 40, outer: 3, inner: 2 },
  { m: 24, n: 40, k: 1200 },
  { m: 260, n: 256, k: 20 },
  { m: 40, n: 24, k: 32, gap: 4 },
];
const orders = [[false, false], [true, false], [false, true], [true, true]];

/** Small whole numbers, which every precision holds exactly: so are their products and sums. */
const whole = (numbers: Numbers, n: number) => Float32Array.from(numbers.integers(n, -8, 9));

/** Registers the tests of products with both libraries. */
export function testProducts(pair: Pair, test: (name: string, run: () => void) => void): void {
  const numbers = new Numbers(7);
  const setPrecision = (level: number) => pair.check("set_matmul_precision", [level]);

  test("rounded products are exact where the operands are", () => {
    pair.check("use_cublas", [0], { status: 0 });
    for (const level of [precision.tf32, precision.bfloat16]) {
      setPrecision(level);
      for (const product of products) {
        for (const [at, bt] of orders) {
          const p = { ...product, at, bt }, count = (p.outer ?? 1) * (p.inner ?? 1), line = p.n + (p.gap ?? 0);
          const a = input(whole(numbers, count * p.m * p.k)), b = input(whole(numbers, count * p.k * p.n));
          const c = out(whole(numbers, count * p.m * line)),
            options = { tolerance: 0, atol: 0, label: JSON.stringify(p) };
          pair.check("matmul", [0, c, a, b, input(whole(numbers, p.n)), 0.5, 2, layout(p, "row")], options);
        }
      }
    }
    setPrecision(precision.float32);
  });

  test("operands are rounded only when that was asked for", () => {
    const n = 64, p = { m: n, n, k: n }, a = numbers.floats(n * n), b = numbers.floats(n * n);
    const args = () => [0, out(new Float32Array(n * n)), input(a), input(b), null, 1, 0, layout(p, "none")];
    const exact = pair.check("matmul", args(), { tolerance: 1e-5, atol: 1e-5 })[0] as Float32Array;
    const farthest = (level: number) => {
      setPrecision(level);
      const got = pair.onCuda("rap_matmul", args()).outputs[0] as Float32Array;
      return got.reduce((most, v, i) => Math.max(most, Math.abs(v - exact[i])), 0);
    };
    // 64 products of numbers below 2, each rounded by at most 2^-11 (TF32) or 2^-8 (bfloat16) of its size.
    const tf32 = farthest(precision.tf32), bfloat16 = farthest(precision.bfloat16);
    setPrecision(precision.float32);
    assert(tf32 > 1e-4 && tf32 < 2e-2, `${tf32}`);
    assert(bfloat16 > 2e-3 && bfloat16 < 0.2, `${bfloat16}`);
  });

  test("rounded convolutions are exact where the operands are", () => {
    const convolutions = [
      { batch: 2, channels: 5, outputs: 18, size: 9, kernel: 3, padding: 1, stride: 1 },
      { batch: 3, channels: 20, outputs: 70, size: 12, kernel: 3, padding: 1, stride: 2 },
      { batch: 2, channels: 34, outputs: 33, size: 8, kernel: 2, padding: 0, stride: 1 },
      { batch: 3, channels: 72, outputs: 68, size: 13, kernel: 3, padding: 0, stride: 1 },
    ];
    for (const level of [precision.tf32, precision.bfloat16]) {
      setPrecision(level);
      for (const { batch, channels, outputs, size, kernel, padding, stride } of convolutions) {
        const o = Math.floor((size + 2 * padding - kernel) / stride) + 1;
        // deno-fmt-ignore
        const shape = meta(batch, channels, outputs, 1, 1, size, size, 1, kernel, kernel, 1, o, o, 1, stride, stride, 0, padding, padding, 1, 1, 1);
        const nx = batch * channels * size * size,
          ny = batch * outputs * o * o,
          nw = outputs * channels * kernel * kernel;
        const x = input(whole(numbers, nx)), w = input(whole(numbers, nw)), dy = input(whole(numbers, ny));
        const options = { tolerance: 0, atol: 0, label: `${channels} to ${outputs}, ${level}` };
        pair.check("conv_forward", [0, out(zeros(0, ny)), x, w, input(whole(numbers, outputs)), 1, shape], options);
        pair.check("conv_backward_input", [0, out(zeros(0, nx)), dy, w, shape], options);
        pair.check("conv_backward_weight", [0, out(zeros(0, nw)), null, dy, x, shape], options);
      }
    }
    setPrecision(precision.float32);
  });
}

/** Builds a stand-in for cuBLAS, which the library then finds loaded under cuBLAS's name. */
function standIn(emulator: string) {
  const folder = Deno.makeTempDirSync(), path = `${folder}/libcublas.so.13`;
  const source = new URL("./cuda_emulator/cublas.c", import.meta.url).pathname;
  // deno-fmt-ignore
  const { success, stderr } = new Deno.Command(Deno.env.get("CC") ?? "gcc", {
    args: ["-std=c11", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-Wl,-soname,libcublas.so.13", source, "-ldl", "-o", path],
  }).outputSync();
  assert(success, new TextDecoder().decode(stderr));
  const library = Deno.dlopen(path, {
    stand_in_open: { parameters: ["buffer"], result: "i32" },
    stand_in_count: { parameters: ["i32"], result: "i32" },
  });
  assert.equal(library.symbols.stand_in_open(new TextEncoder().encode(`${emulator}\0`)), 1);
  const count = (what: number) => library.symbols.stand_in_count(what);
  return {
    counts: () => ({ handles: count(0), workspaces: count(1), calls: count(2), compute: count(3) }),
    close: () => {
      library.close();
      Deno.removeSync(folder, { recursive: true });
    },
  };
}

/** Registers the tests of cuBLAS, of which a stand-in does the arithmetic. */
export function testCublas(pair: Pair, emulator: string, test: (name: string, run: () => void) => void): void {
  const numbers = new Numbers(8);
  const use = (choice: number) => pair.onCuda("rap_use_cublas", [choice]).status;

  test("without cuBLAS its absence is an error only where it was asked for", () => {
    assert.equal(use(2), 0);
    assert.throws(() => use(1), /shared object initialization failed.*opening libcublas/);
    assert.equal(use(0), 0);
  });

  test("cuBLAS is asked for the right products", () => {
    const library = standIn(emulator);
    try {
      assert.equal(use(-1), 1); // RAPTORCH_CUBLAS is not set: where possible
      let calls = 0;
      for (const dtype of [0, 1]) {
        for (const product of [...products, { m: 1, n: 30, k: 7 }, { m: 9, n: 1, k: 5 }, { m: 5, n: 6, k: 1 }]) {
          for (const [at, bt] of orders) {
            const p = { ...product, at, bt }, count = (p.outer ?? 1) * (p.inner ?? 1), line = p.n + (p.gap ?? 0);
            const a = input(numbers.of(dtype, count * p.m * p.k)), b = input(numbers.of(dtype, count * p.k * p.n));
            const c = numbers.of(dtype, count * p.m * line),
              options = { tolerance: 1e-5, atol: 1e-4, label: JSON.stringify(p) };
            pair.check(
              "matmul",
              [dtype, out(c), a, b, input(numbers.of(dtype, p.n)), 0.5, 2, layout(p, "row")],
              options,
            );
            pair.check("matmul", [dtype, out(c), a, b, null, 1.5, 0, layout(p, "none")], options);
            calls += 2;
          }
        }
      }
      const { handles, workspaces, compute: last } = library.counts();
      assert.deepEqual({ handles, workspaces, last }, { handles: 1, workspaces: 1, last: compute.float64 });
      assert.equal(library.counts().calls, calls);

      // Batches that no single stride describes: b is the same for every outer index, c lies apart. One call for each.
      // deno-fmt-ignore
      const uneven = meta(4, 5, 6, 1, 3, 2, 6, 1, 48, 24, 5, 1, 0, 30, 5, 40, 20, 0, 0, 0, 0);
      const operands = [input(numbers.floats(144)), input(numbers.floats(60))];
      pair.check("matmul", [0, out(new Float32Array(120)), ...operands, input(numbers.floats(1)), 1, 1, uneven], {
        atol: 1e-5,
      });
      assert.equal(library.counts().calls, calls + 3);

      // What cuBLAS has no call for goes to the kernels: overlapping rows, and integers.
      const overlapping = meta(4, 5, 6, 0, 1, 1, 2, 1, 0, 0, 5, 1, 0, 0, 5, 0, 0, 0, 0, 0, 0);
      pair.check("matmul", [0, out(new Float32Array(20)), ...operands, null, 1, 0, overlapping], { atol: 1e-5 });
      const integers = [3, out(zeros(3, 20)), input(numbers.of(3, 24)), input(numbers.of(3, 30)), null, 1, 0];
      pair.check("matmul", [...integers, layout({ m: 4, n: 5, k: 6 }, "none")]);
      assert.equal(library.counts().calls, calls + 3);

      for (const [name, level] of Object.entries(precision)) {
        pair.onCuda("rap_set_matmul_precision", [level]);
        const p = { m: 4, n: 5, k: 6 };
        pair.check("matmul", [0, out(new Float32Array(20)), ...operands, null, 1, 0, layout(p, "none")], {
          atol: 1e-5,
        });
        assert.equal(library.counts().compute, compute[name as keyof typeof precision], name);
      }
      pair.onCuda("rap_set_matmul_precision", [precision.float32]);

      // On another stream the handle follows, with memory of its own.
      const stream = pair.device("stream_create") as Deno.PointerValue;
      pair.device("stream", 0, stream);
      pair.check("matmul", [
        0,
        out(new Float32Array(20)),
        ...operands,
        null,
        1,
        0,
        layout({ m: 4, n: 5, k: 6 }, "none"),
      ], { atol: 1e-5 });
      pair.device("stream", 0, null);
      pair.device("stream", 3, stream);
      assert.deepEqual([library.counts().handles, library.counts().workspaces], [1, 2]);
    } finally {
      assert.equal(use(0), 0);
      library.close();
    }
  });
}
