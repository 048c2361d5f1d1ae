/**
 * Peak resident memory of each training workload, a process each, as a Markdown table.
 *
 *     deno run -A bench/peak_memory.ts [--threads 1] [--torch "python bench_torch.py"]
 *
 * With `--torch` also PyTorch's: the command is called as `… THREADS OUT.jsonl --only ID`.
 *
 * @module
 */

interface Row {
  id: string;
  peak_rss_mb: number;
}

function option(name: string, otherwise: string): string {
  const at = Deno.args.indexOf(`--${name}`);
  return at >= 0 ? Deno.args[at + 1] : otherwise;
}

const here = new URL(".", import.meta.url);
const threads = option("threads", "1"), torch = option("torch", "").split(" ").filter((w) => w);

/** The peak that a benchmark process reports for one workload, in MB. */
async function peak(command: string, args: (out: string) => string[]): Promise<number> {
  const out = await Deno.makeTempFile({ suffix: ".jsonl" });
  const process = new Deno.Command(command, { args: args(out), stdout: "null", stderr: "inherit" });
  const { success } = await process.output();
  const lines = (await Deno.readTextFile(out)).trim().split("\n");
  await Deno.remove(out);
  if (!success) throw new Error(`${command} failed`);
  return (JSON.parse(lines[0]) as Row).peak_rss_mb;
}

const file = new URL("workloads.json", here);
const { workloads }: { workloads: Row[] } = JSON.parse(await Deno.readTextFile(file));
console.log(torch.length > 0 ? "| workload | Raptorch MB | PyTorch MB |" : "| workload | Raptorch MB |");
console.log(torch.length > 0 ? "| --- | --- | --- |" : "| --- | --- |");
for (const { id } of workloads.filter((w) => w.id.startsWith("F"))) {
  const run = new URL("run.ts", here).pathname;
  const own = await peak(
    Deno.execPath(),
    (out) => ["run", "-A", "--no-check", run, "--threads", threads, "--out", out, "--only", id],
  );
  const cells = [id, own.toFixed(0)];
  if (torch.length > 0) {
    cells.push(
      (await peak(torch[0], (out) => [...torch.slice(1), threads, out, "--only", id])).toFixed(0),
    );
  }
  console.log(`| ${cells.join(" | ")} |`);
}
