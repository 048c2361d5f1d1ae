/**
 * Recurrent layers: cells, and their runs over padded and packed sequences.
 *
 * The inputs' part of all gates is one product over the whole sequence; what remains per step is the hidden state's.
 *
 * @module
 */
import type { Tensor } from "../tensor.ts";
import { relu, sigmoid, tanh } from "./activation.ts";
import { add, mul, sub } from "./arithmetic.ts";
import { cat } from "./join.ts";
import { linear } from "./matmul.ts";
import { narrow, reshape } from "./movement.ts";
import { chunk } from "./join.ts";

/** The kinds of recurrent layers. */
export type CellKind = "RNN_TANH" | "RNN_RELU" | "LSTM" | "GRU";

/** The weights of one direction of one layer. */
export interface CellWeights {
  inputWeight: Tensor;
  hiddenWeight: Tensor;
  inputBias: Tensor | null;
  hiddenBias: Tensor | null;
  /** Projects the hidden state of an LSTM. */
  projection: Tensor | null;
}

/** A hidden state: that of an LSTM has a cell state beside it. */
export type CellState = readonly [h: Tensor] | readonly [h: Tensor, c: Tensor];

/** How many gates a cell has: rows of its weights over the hidden size. */
export function gatesOf(kind: CellKind): number {
  return kind === "LSTM" ? 4 : kind === "GRU" ? 3 : 1;
}

/** One step. `input` is the inputs' part of the gates. */
export function step(kind: CellKind, input: Tensor, state: CellState, w: CellWeights): CellState {
  const [h] = state;
  const hidden = linear(h, w.hiddenWeight, w.hiddenBias);
  if (kind === "RNN_TANH") return [tanh(add(input, hidden))];
  if (kind === "RNN_RELU") return [relu(add(input, hidden))];
  if (kind === "GRU") {
    const [ir, iz, inew] = chunk(input, 3, -1), [hr, hz, hnew] = chunk(hidden, 3, -1);
    const reset = sigmoid(add(ir, hr)), update = sigmoid(add(iz, hz));
    const fresh = tanh(add(inew, mul(hnew, reset)));
    return [add(mul(sub(h, fresh), update), fresh)];
  }
  const [i, f, g, o] = chunk(add(input, hidden), 4, -1);
  const c = add(mul(sigmoid(f), state[1]!), mul(sigmoid(i), tanh(g)));
  const out = mul(sigmoid(o), tanh(c));
  return [w.projection === null ? out : linear(out, w.projection, null), c];
}

/**
 * One direction of one layer over a sequence: x is `[rows, features]`, all steps one after the other, with `batchSizes`
 * rows in each (never more than in the step before).
 */
export function runDirection(
  kind: CellKind,
  x: Tensor,
  batchSizes: readonly number[],
  initial: CellState,
  w: CellWeights,
  reverse: boolean,
): { output: Tensor; last: CellState } {
  const inputs = linear(x, w.inputWeight, w.inputBias);
  const starts: number[] = [];
  batchSizes.reduce((at, n) => (starts.push(at), at + n), 0);
  const outputs = new Array<Tensor>(batchSizes.length);
  const cut = (state: CellState, from: number, count: number): CellState =>
    state.map((s) => narrow(s, 0, from, count)) as unknown as CellState;
  const join = (a: CellState, b: CellState): CellState => a.map((s, i) => cat([s, b[i]!], 0)) as unknown as CellState;
  const steps = batchSizes.length;
  let state = reverse ? cut(initial, 0, batchSizes[steps - 1]) : initial;
  // States of sequences that have ended, the shortest first.
  let ended: CellState | null = null;
  for (let k = 0; k < steps; k++) {
    const t = reverse ? steps - 1 - k : k, n = batchSizes[t], have = state[0].sizes[0];
    if (n > have) state = join(state, cut(initial, have, n - have));
    else if (n < have) {
      const done = cut(state, n, have - n);
      ended = ended === null ? done : join(done, ended);
      state = cut(state, 0, n);
    }
    state = step(kind, narrow(inputs, 0, starts[t], n), state, w);
    outputs[t] = state[0];
  }
  return { output: cat(outputs, 0), last: ended === null ? state : join(state, ended) };
}

/** The rows of a padded `[steps, batch, features]` as {@linkcode runDirection} takes them. */
export function rowsOf(x: Tensor): Tensor {
  return reshape(x, [x.sizes[0] * x.sizes[1], x.sizes[2]]);
}
