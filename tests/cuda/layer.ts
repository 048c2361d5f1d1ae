/** The device layer: memory, streams, events, pinned memory, random numbers, errors. */
import { strict as assert } from "node:assert";
import {
  cpu,
  cuda,
  empty,
  Generator,
  getDefaultDevice,
  getFloat32MatmulPrecision,
  manualSeed,
  memory,
  multinomial,
  nn,
  ones,
  poisson,
  rand,
  randint,
  randn,
  randperm,
  scope,
  setFloat32MatmulPrecision,
  type Tensor,
  tensor,
  utils,
} from "../../mod.ts";

Deno.test("cuda: what there is", () => {
  assert.equal(cuda.isAvailable(), true);
  assert.equal(cuda.whyUnavailable(), null);
  assert.ok(cuda.deviceCount() >= 1);
  assert.equal(cuda.currentDevice(), 0);
  assert.ok(cuda.getDeviceName().length > 0);
  cuda.init();
  const { major, minor, totalMemory, multiProcessorCount, ...rest } = cuda.getDeviceProperties();
  assert.deepEqual(cuda.getDeviceCapability(0), [major, minor]);
  assert.ok(totalMemory > 0 && multiProcessorCount > 0);
  const { maxThreadsPerMultiProcessor, regsPerMultiprocessor, sharedMemoryPerBlock, L2CacheSize, warpSize } = rest;
  assert.ok(maxThreadsPerMultiProcessor >= 1024 && regsPerMultiprocessor >= 32768 && warpSize === 32);
  assert.ok(sharedMemoryPerBlock >= 48 * 1024 && L2CacheSize > 0);
  assert.equal(ones(1).isCuda, true);
  assert.equal(ones(1).device, getDefaultDevice());
  cuda.synchronize();
});

Deno.test("cuda: memory is counted, given back, and refused by name", () => {
  const before = cuda.memoryAllocated();
  {
    using _ = scope();
    const x = empty(1000, 1000);
    assert.ok(cuda.memoryAllocated() >= before + 4e6);
    assert.equal(memory("cuda").live, cuda.memoryAllocated());
    assert.ok(cuda.maxMemoryAllocated() >= cuda.memoryAllocated());
    assert.ok(cuda.memoryReserved() >= cuda.memoryAllocated());
    assert.ok(cuda.maxMemoryReserved() >= cuda.memoryReserved());
    x.fill_(1);
  }
  assert.equal(cuda.memoryAllocated(), before);
  assert.ok(cuda.maxMemoryAllocated() >= before + 4e6);
  cuda.resetPeakMemoryStats();
  assert.equal(cuda.maxMemoryAllocated(), before);
  assert.equal(cuda.maxMemoryReserved(), cuda.memoryReserved());
  cuda.emptyCache();
  const [free, total] = cuda.memGetInfo();
  assert.ok(free > 0 && free <= total);
  assert.match(cuda.memorySummary(), /held by tensors .* MiB/);
  const size = Math.ceil(total / 2 ** 22);
  const hold: Tensor[] = [];
  assert.throws(
    () => {
      while (hold.length < 5) hold.push(empty(size, 2 ** 18));
    },
    (error: Error) =>
      error instanceof cuda.OutOfMemoryError &&
      /CUDA out of memory\. Tried to allocate [\d.]+ [GM]iB\. GPU 0 has a total capacity of .* is free\..* live in \d+ tensors' blocks.*Release tensors/
        .test(error.message),
  );
  for (const x of hold) x.dispose();
  assert.equal(ones(3).sum().item(), 3);
});

Deno.test("cuda: streams and events", () => {
  const side = new cuda.Stream(), main = cuda.currentStream();
  const begin = new cuda.Event({ enableTiming: true }), end = new cuda.Event({ enableTiming: true });
  assert.equal(begin.query(), true);
  const x = ones(100);
  assert.throws(() => begin.elapsedTime(end), /Both events must be recorded/);
  begin.record();
  side.waitStream(main);
  const y = cuda.stream(side, () => {
    assert.equal(String(cuda.currentStream()), String(side));
    return x.mul(3);
  });
  x.recordStream(side);
  x.dispose();
  assert.equal(String(cuda.currentStream()), String(main));
  main.waitEvent(side.recordEvent());
  end.record();
  end.synchronize();
  assert.ok(begin.elapsedTime(end) >= 0);
  assert.equal(y.sum().item(), 300);
  {
    using _ = cuda.stream(side);
    assert.equal(ones(2).sum().item(), 2);
  }
  side.synchronize();
  assert.equal(side.query(), true);
  assert.throws(() => new cuda.Event().elapsedTime(end), /enableTiming: true/);
  assert.match(String(cuda.defaultStream()), /^<torch.cuda.Stream device=cuda:0 cuda_stream=0x0>$/);
});

Deno.test("cuda: pinned memory, and copies out of it that need not be waited for", () => {
  const x = tensor([[1, 2], [3, 4]], { device: "cpu" }), pinned = x.t().pinMemory();
  assert.equal(x.isPinned(), false);
  assert.equal(pinned.isPinned(), true);
  assert.equal(pinned.pinMemory(), pinned);
  assert.equal(pinned.device, cpu);
  assert.deepEqual(pinned.add(1).tolist(), [[2, 4], [3, 5]]);
  const y = pinned.to("cuda", { nonBlocking: true });
  cuda.synchronize();
  assert.deepEqual(y.tolist(), [[1, 3], [2, 4]]);
  assert.deepEqual(pinned.cuda("cuda", { nonBlocking: true }).cpu().tolist(), [[1, 3], [2, 4]]);
  assert.throws(() => y.pinMemory(), /only dense CPU tensors can be pinned/);
  const loader = new utils.data.DataLoader([[x, 1], [x, 2]] as [Tensor, number][], { batchSize: 2, pinMemory: true });
  for (const [xs, labels] of loader) {
    assert.equal(xs.isPinned() && labels.isPinned(), true);
    assert.deepEqual(labels.cuda().tolist(), [1, 2]);
  }
});

Deno.test("cuda: float32 products by tensor cores, when asked for", () => {
  assert.equal(getFloat32MatmulPrecision(), "highest");
  assert.throws(() => setFloat32MatmulPrecision("low" as "high"), /is not one of .highest., .high., or .medium./);
  manualSeed(3);
  const a = randn(64, 64), b = randn(64, 64), exact = a.double().matmul(b.double());
  const error = (): number => a.matmul(b).double().sub(exact).abs().amax().item();
  const errors = (["highest", "high", "medium"] as const).map((precision) => {
    setFloat32MatmulPrecision(precision);
    return error();
  });
  setFloat32MatmulPrecision("highest");
  // √64 · 2⁻ᵇⁱᵗˢ, for 24 (and the roundings of the sums), 11 and 8 bits, times 5 deviations for the largest of 4096.
  [2 ** -16, 2 ** -5, 2 ** -2].forEach((most, i) => assert.ok(errors[i] < most, `${errors}`));
  assert.ok(errors[0] < errors[1] / 8 && errors[1] < errors[2], `${errors}`);
});

Deno.test("cuda: rand and randn draw what PyTorch's CUDA generator draws", () => {
  const near = (x: Tensor, expected: number[]): void =>
    (x.tolist() as number[]).forEach((v, i) =>
      assert.ok(Math.abs(v - expected[i]) < 1e-4, `${v}, expected ${expected[i]}`)
    );
  manualSeed(0);
  near(rand(3), [0.3990, 0.5167, 0.0249]);
  manualSeed(0);
  near(randn(4), [-0.9247, -0.4253, -2.6438, 0.1452]);
});

Deno.test("cuda: generators have seeds and states of their own", () => {
  manualSeed(7);
  const state = cuda.getRngState(), first = rand(5).tolist();
  assert.equal(state.numel(), 16);
  assert.notDeepEqual(rand(5).tolist(), first);
  cuda.setRngState(state);
  assert.deepEqual(rand(5).tolist(), first);
  assert.equal(cuda.initialSeed(), 7);
  const generator = new Generator("cuda").manualSeed(7);
  assert.deepEqual(rand(5, { generator }).tolist(), first);
  const other = new Generator().manualSeed(7);
  assert.throws(() => rand(5, { generator: other }), /Expected a 'cuda' device type for generator but found 'cpu'/);
  assert.throws(
    () => rand(5, { generator, device: "cpu" }),
    /Expected a 'cpu' device type for generator but found 'cuda'/,
  );
  const u = utils.checkpoint.checkpoint((x) => nn.functional.dropout(x, 0.5), [ones(100).requiresGrad_()]);
  u.sum().backward();
});

Deno.test("cuda: draws have the distributions that they should", () => {
  manualSeed(1);
  const n = 4000,
    within = (x: Tensor, mean: number, by: number): void => {
      const found = x.to("float64").mean().item();
      assert.ok(Math.abs(found - mean) < by, `${found}, expected ${mean}`);
    };
  // Five standard errors of each mean.
  within(rand(n), 0.5, 5 * Math.sqrt(1 / 12 / n));
  within(randn(n).square(), 1, 5 * Math.sqrt(2 / n));
  within(randint(0, 10, [n]), 4.5, 5 * Math.sqrt(8.25 / n));
  within(ones(n).mul(0.3).bernoulli(), 0.3, 5 * Math.sqrt(0.21 / n));
  within(poisson(ones(n).mul(3)), 3, 5 * Math.sqrt(3 / n));
  within(ones(n).exponential_(2), 0.5, 5 * Math.sqrt(0.25 / n));
  within(multinomial(tensor([1, 2, 1]), n, true).eq(1), 0.5, 5 * Math.sqrt(0.25 / n));
  assert.deepEqual(randperm(50).sort().values.tolist(), Array.from({ length: 50 }, (_, i) => i));
});
