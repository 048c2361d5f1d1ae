/**
 * Raptorch's side of the reference workloads.
 *
 *     deno run -A bench/run.ts --workloads FILE --threads N --out OUT.jsonl [--only prefix,prefix] [--device cuda]
 *
 * Appends one JSON line per workload: {"id", "ms" (median), "min_ms", "p90_ms", "n", "peak_rss_mb"}, timed as the file's
 * "timing" says. `--table` also prints them; `--serve` waits for lines {"id", "seconds"} on standard input and answers each
 * with {"ms"}, for bench/interleaved.py. A result that a workload throws away is disposed of at once, which is what the
 * end of a Python expression does to it; training steps are plain loops.
 *
 * @module
 */
import * as torch from "../mod.ts";
import { type Workload, workload } from "./workloads.ts";

interface Timing {
  min_total_s: number;
  min_samples: number;
  warmup_s: number;
  sample_target_s: number;
}

interface Measured {
  ms: number;
  min_ms: number;
  p90_ms: number;
  n: number;
}

/**
 * Median over samples; a sample is a loop of calls long enough for the clock, until `wait` says that all is done. As in the
 * reference.
 */
function measure(step: () => void, timing: Timing, wait: () => void): Measured {
  const now = (): number => {
    wait();
    return performance.now() / 1000;
  };
  step();
  let begin = now();
  step();
  let each = Math.max(now() - begin, 1e-7);
  begin = now();
  let calls = 0;
  while (now() - begin < timing.warmup_s) {
    step();
    calls++;
  }
  if (calls > 0) each = Math.min(each, (now() - begin) / calls);
  const inner = Math.max(1, Math.floor(timing.sample_target_s / each + 0.999));
  const samples: number[] = [];
  begin = now();
  while ((now() - begin < timing.min_total_s || samples.length < timing.min_samples) && samples.length < 5000) {
    const start = now();
    for (let i = 0; i < inner; i++) step();
    samples.push((now() - start) / inner);
  }
  samples.sort((a, b) => a - b);
  return {
    ms: samples[samples.length >> 1] * 1e3,
    min_ms: samples[0] * 1e3,
    p90_ms: samples[Math.floor(samples.length * 0.9)] * 1e3,
    n: samples.length * inner,
  };
}

/** The largest resident size of this process so far, in MB. */
function peakRss(): number {
  try {
    const line = /VmHWM:\s+(\d+) kB/.exec(Deno.readTextFileSync("/proc/self/status"));
    if (line) return Number(line[1]) / 1024;
  } catch {
    // Not Linux: the size now is the best there is.
  }
  return Deno.memoryUsage().rss / 2 ** 20;
}

function option(name: string, otherwise: string): string {
  const at = Deno.args.indexOf(`--${name}`);
  return at >= 0 ? Deno.args[at + 1] : otherwise;
}

const file = option("workloads", new URL("./workloads.json", import.meta.url).pathname);
const spec: { timing: Timing; workloads: Workload[] } = JSON.parse(Deno.readTextFileSync(file));
const only = option("only", "").split(",").filter((p) => p);
const out = option("out", "");
const table = Deno.args.includes("--table");
torch.setNumThreads(Number(option("threads", "1")));
torch.manualSeed(0);
const device = option("device", "cpu");
/** A card goes on by itself after a call has returned. */
const wait = device === "cpu" ? () => {} : () => torch.cuda.synchronize(device);

/** Answers the lines of standard input: the median time of a workload over some seconds. */
async function serve(): Promise<void> {
  let loaded = "", step = () => {}, rest = "";
  for await (const chunk of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop()!;
    for (const line of lines) {
      const { id, seconds } = JSON.parse(line) as { id: string; seconds: number };
      if (id !== loaded) step = workload(spec.workloads.find((w) => w.id === id)!, device);
      loaded = id;
      const timing = { min_total_s: seconds, min_samples: 3, warmup_s: seconds / 5, sample_target_s: 0.001 };
      console.log(JSON.stringify({ ms: measure(step, timing, wait).ms }));
    }
  }
}

if (Deno.args.includes("--serve")) {
  await serve();
  Deno.exit();
}
for (const w of spec.workloads) {
  if (only.length > 0 && !only.some((p) => w.id.startsWith(p))) continue;
  let row: Record<string, unknown> = { id: w.id };
  try {
    row = { ...row, ...measure(workload(w, device), spec.timing, wait), peak_rss_mb: peakRss() };
  } catch (error) {
    row.error = String(error).slice(0, 300);
  }
  if (out) Deno.writeTextFileSync(out, JSON.stringify(row) + "\n", { append: true });
  if (table) console.log(`${w.id.padEnd(42)} ${row.error ?? `${(row.ms as number).toFixed(5)} ms`}`);
}
