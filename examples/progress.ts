/**
 * A progress bar on a terminal; nothing where the output is not a terminal.
 */
export class Progress {
  readonly #total: number;
  readonly #label: string;
  readonly #start = performance.now();
  #drawn = 0;

  constructor(label: string, total: number) {
    this.#label = label;
    this.#total = total;
  }

  /** Shows that `done` of all steps are done, at most 20 times a second. */
  update(done: number, note: string): void {
    const now = performance.now();
    if (!Deno.stderr.isTerminal() || (now - this.#drawn < 50 && done < this.#total)) return;
    this.#drawn = now;
    const filled = Math.round(28 * done / this.#total);
    const left = (now - this.#start) / done * (this.#total - done) / 1000;
    const bar = "█".repeat(filled) + "░".repeat(28 - filled);
    this.#write(`\r\x1b[K${this.#label} ${bar} ${done}/${this.#total}  ${note}  ${left.toFixed(0)} s left`);
  }

  /** Takes the bar away. */
  clear(): void {
    if (Deno.stderr.isTerminal()) this.#write("\r\x1b[K");
  }

  #write(text: string): void {
    Deno.stderr.writeSync(new TextEncoder().encode(text));
  }
}
