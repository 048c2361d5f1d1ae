/**
 * Resident size over a long synchronous training loop: LeNet, batch 64, SGD, no call that PyTorch does not have.
 *
 *     deno run -A bench/memory.ts [steps]
 *
 * Prints the resident size after step 500 and at the end, and fails when it has grown by more than 50 MB.
 *
 * @module
 */
import { memory, setNumThreads } from "../mod.ts";
import { workload } from "./workloads.ts";

const steps = Number(Deno.args[0] ?? 20_000);
setNumThreads(1);
const step = workload({ id: "memory", kind: "train", model: "f4" } as Parameters<typeof workload>[0], "cpu");

function megabytes(): number {
  return Deno.memoryUsage().rss / 2 ** 20;
}

let early = 0;
const start = performance.now();
for (let i = 1; i <= steps; i++) {
  step();
  if (i === 500) early = megabytes();
  if (i % 2000 === 0) {
    const { live, pooled } = memory();
    console.log(
      `step ${i}: ${megabytes().toFixed(1)} MB resident, ${(live / 2 ** 20).toFixed(1)} MB live, ` +
        `${(pooled / 2 ** 20).toFixed(1)} MB pooled, ${((performance.now() - start) / i).toFixed(2)} ms a step`,
    );
  }
}
const grown = megabytes() - early;
console.log(
  `after step 500: ${early.toFixed(1)} MB; after step ${steps}: ${megabytes().toFixed(1)} MB; grown by ${
    grown.toFixed(1)
  } MB`,
);
if (grown > 50) Deno.exit(1);
