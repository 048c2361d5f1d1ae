/**
 * Prints what `deno task build:cuda` found each file's kernels to need, as the table in docs/cuda.md:
 *
 *     deno run --allow-read tests/cuda/resources.ts
 *
 * @module
 */
import type { Resources } from "../../ffi/build_cuda.ts";

/** A multiprocessor: how many threads, registers and bytes of shared memory there are for blocks to share. */
const multiprocessors: Record<string, { threads: number; registers: number; shared: number }> = {
  "75": { threads: 1024, registers: 65536, shared: 64 << 10 },
  "80": { threads: 2048, registers: 65536, shared: 164 << 10 },
  "86": { threads: 1536, registers: 65536, shared: 100 << 10 },
  "89": { threads: 1536, registers: 65536, shared: 100 << 10 },
  "90": { threads: 2048, registers: 65536, shared: 228 << 10 },
};

/** Threads of a block. */
const blockOf = (file: string): number => file === "attention" ? 128 : 256;

/** The share of a multiprocessor's threads that can be resident: registers come 8 at a time, a block takes 1 KB more. */
function occupancy(k: Resources): number {
  const m = multiprocessors[k.arch], threads = blockOf(k.file);
  const byRegisters = Math.floor(m.registers / (Math.ceil(k.registers / 8) * 8 * threads));
  const byShared = Math.floor(m.shared / (k.shared + 1024));
  return Math.min(byRegisters, byShared, Math.floor(m.threads / threads)) * threads / m.threads;
}

const percent = (x: number): string => `${Math.round(x * 100)} %`;

/** A Markdown table, a row a file: the most that any of its kernels needs, and the occupancies that this leaves. */
export function table(kernels: readonly Resources[]): string {
  const archs = [...new Set(kernels.map((k) => k.arch))].sort();
  const head = ["file", "kernels", ...archs.map((a) => `registers, sm_${a}`), "shared", "occupancy", "local", "spills"];
  const rows = [...Map.groupBy(kernels, (k) => k.file)].map(([file, all]) => {
    const most = (of: (k: Resources) => number, list = all): number => Math.max(...list.map(of));
    const shares = all.map(occupancy), low = Math.min(...shares), high = Math.max(...shares);
    return [
      `\`${file}\``,
      String(new Set(all.map((k) => k.kernel)).size),
      ...archs.map((a) => String(most((k) => k.registers, all.filter((k) => k.arch === a)))),
      String(most((k) => k.shared)),
      low === high ? percent(low) : `${percent(low)}–${percent(high)}`,
      String(most((k) => k.stack)),
      String(most((k) => k.spills)),
    ];
  });
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

if (import.meta.main) {
  const file = new URL("../../build/libraptorch-cuda.so.resources.json", import.meta.url);
  console.log(table(JSON.parse(await Deno.readTextFile(Deno.args[0] ?? file))));
}
