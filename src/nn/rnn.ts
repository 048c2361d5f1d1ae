/**
 * Recurrent layers and cells.
 *
 * @module
 */
import { type Arguments, called } from "../arguments.ts";
import { float32 } from "../dtype.ts";
import { formatFloat, formatTuple } from "../format.ts";
import { empty } from "../make.ts";
import { dropElements } from "../ops/dropout.ts";
import { fill_ } from "../ops/fill.ts";
import { indexSelect } from "../ops/gather.ts";
import { cat, stack } from "../ops/join.ts";
import { linear } from "../ops/matmul.ts";
import { reshape, select, squeeze, transpose, unsqueeze } from "../ops/movement.ts";
import { underName } from "../ops/node_name.ts";
import { type CellKind, type CellState, type CellWeights, gatesOf, rowsOf, runDirection, step } from "../ops/rnn.ts";
import { formatSizes, sameSizes } from "../shape.ts";
import type { Parameter, Tensor } from "../tensor.ts";
import { type FactoryOptions, factoryOptions, parameter } from "./factory.ts";
import { uniform_ } from "./init.ts";
import { Module } from "./module.ts";
import { PackedSequence } from "./packed_sequence.ts";

/** Options of the recurrent layers. */
export interface RNNBaseOptions extends FactoryOptions {
  /** The number of layers. Default: 1. */
  numLayers?: number;
  /** Whether there are biases. Default: true. */
  bias?: boolean;
  /** Whether sequences are `[batch, steps, features]`. Default: false, `[steps, batch, features]`. */
  batchFirst?: boolean;
  /** The probability of dropout between layers. Default: 0. */
  dropout?: number;
  /** Whether there is a second direction, from the end. Default: false. */
  bidirectional?: boolean;
}

/** Options of {@linkcode RNN}. */
export interface RNNOptions extends RNNBaseOptions {
  /** The nonlinearity. Default: `"tanh"`. */
  nonlinearity?: "tanh" | "relu";
}

/** Options of {@linkcode LSTM}. */
export interface LSTMOptions extends RNNBaseOptions {
  /** The size that the hidden state is projected to. Default: 0, no projection. */
  projSize?: number;
}

/** The sizes of a recurrent layer or cell, by name. */
export interface RNNSizes {
  /** Features of the input. */
  inputSize: number;
  /** The size of the hidden state. */
  hiddenSize: number;
}

const sizes = ["inputSize", "hiddenSize"] as const;
const layerOptions = ["bias", "batchFirst", "dropout", "bidirectional"] as const;

/** The arguments of {@linkcode RNN}. */
export type RNNArguments = Arguments<
  [inputSize: number, hiddenSize: number],
  [
    numLayers: number,
    nonlinearity: "tanh" | "relu",
    bias: boolean,
    batchFirst: boolean,
    dropout: number,
    bidirectional: boolean,
  ],
  RNNSizes,
  RNNOptions
>;

/** The arguments of {@linkcode GRU}. */
export type GRUArguments = Arguments<
  [inputSize: number, hiddenSize: number],
  [numLayers: number, bias: boolean, batchFirst: boolean, dropout: number, bidirectional: boolean],
  RNNSizes,
  RNNBaseOptions
>;

/** The arguments of {@linkcode LSTM}. */
export type LSTMArguments = Arguments<
  [inputSize: number, hiddenSize: number],
  [
    numLayers: number,
    bias: boolean,
    batchFirst: boolean,
    dropout: number,
    bidirectional: boolean,
    projSize: number,
  ],
  RNNSizes,
  LSTMOptions
>;

/** What the recurrent layers have. */
export abstract class RNNBase extends Module {
  /** Which cell. */
  readonly mode: CellKind;
  /** Features of the input. */
  readonly inputSize: number;
  /** The size of the hidden state. */
  readonly hiddenSize: number;
  /** The number of layers. */
  readonly numLayers: number;
  /** Whether there are biases. */
  readonly bias: boolean;
  /** Whether sequences are `[batch, steps, features]`. */
  readonly batchFirst: boolean;
  /** The probability of dropout between layers. */
  readonly dropout: number;
  /** Whether there is a second direction. */
  readonly bidirectional: boolean;
  /** The size of the projected hidden state, or 0. */
  readonly projSize: number;

  /** For the layers. */
  constructor(mode: CellKind, inputSize: number, hiddenSize: number, o: LSTMOptions) {
    super();
    const { numLayers = 1, bias = true, batchFirst = false, dropout = 0, bidirectional = false, projSize = 0 } = o;
    if (!(dropout >= 0 && dropout <= 1)) {
      throw new RangeError(
        "dropout should be a number in range [0, 1] representing the probability of an element being zeroed",
      );
    }
    if (hiddenSize <= 0) throw new RangeError("hidden_size must be greater than zero");
    if (numLayers <= 0) throw new RangeError("num_layers must be greater than zero");
    if (projSize < 0) throw new RangeError("proj_size should be a positive integer or zero to disable projections");
    if (projSize >= hiddenSize) throw new RangeError("proj_size has to be smaller than hidden_size");
    if (dropout > 0 && numLayers === 1) {
      console.warn(
        "dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects num_layers greater than " +
          `1, but got dropout=${dropout} and num_layers=1`,
      );
    }
    this.mode = mode;
    this.inputSize = inputSize;
    this.hiddenSize = hiddenSize;
    this.numLayers = numLayers;
    this.bias = bias;
    this.batchFirst = batchFirst;
    this.dropout = dropout;
    this.bidirectional = bidirectional;
    this.projSize = projSize;
    const gates = gatesOf(mode) * hiddenSize, out = projSize || hiddenSize;
    for (const [suffix, layer] of suffixesOf(this)) {
      const width = layer === 0 ? inputSize : out * (bidirectional ? 2 : 1);
      this.registerParameter(`weight_ih_${suffix}`, parameter([gates, width], o));
      this.registerParameter(`weight_hh_${suffix}`, parameter([gates, out], o));
      if (bias) {
        this.registerParameter(`bias_ih_${suffix}`, parameter([gates], o));
        this.registerParameter(`bias_hh_${suffix}`, parameter([gates], o));
      }
      if (projSize > 0) this.registerParameter(`weight_hr_${suffix}`, parameter([projSize, hiddenSize], o));
    }
    this.resetParameters();
  }

  /** Draws all weights uniformly over ±1/√hiddenSize. */
  resetParameters(): void {
    const bound = 1 / Math.sqrt(this.hiddenSize);
    for (const p of this.parameters()) uniform_(p, -bound, bound);
  }

  /** All layers over rows in steps of the given sizes. @internal */
  protected run(rows: Tensor, batchSizes: readonly number[], hx: readonly Tensor[] | null): [Tensor, Tensor[]] {
    if (rows.sizes[1] !== this.inputSize) {
      throw new RangeError(
        `input.size(-1) must be equal to input_size. Expected ${this.inputSize}, got ${rows.sizes[1]}`,
      );
    }
    const initial = initialStates(this, batchSizes[0], rows, hx);
    const last: Tensor[][] = initial.map(() => []);
    let x = rows, index = 0;
    for (let layer = 0; layer < this.numLayers; layer++) {
      const outputs: Tensor[] = [];
      for (const suffix of this.bidirectional ? [`l${layer}`, `l${layer}_reverse`] : [`l${layer}`]) {
        const at = index++;
        const state = initial.map((s) => select(s!, 0, at)) as unknown as CellState;
        const w = weightsOf(this, suffix);
        const done = runDirection(this.mode, x, batchSizes, state, w, suffix.endsWith("reverse"));
        outputs.push(done.output);
        done.last.forEach((s, i) => last[i].push(s!));
      }
      x = outputs.length === 1 ? outputs[0] : cat(outputs, -1);
      if (layer < this.numLayers - 1) x = dropElements(x, this.dropout, this.training, false);
    }
    return [x, last.map((states) => stack(states, 0))];
  }

  /** A padded batch, or one sequence. @internal */
  protected runPadded(x: Tensor, hx: readonly Tensor[] | null): [Tensor, Tensor[]] {
    if (x.ndim !== 2 && x.ndim !== 3) {
      throw new RangeError(`${this.reprName}: Expected input to be 2D or 3D, got ${x.ndim}D instead`);
    }
    const single = x.ndim === 2;
    hx?.forEach((h) => {
      if (h.ndim !== (single ? 2 : 3)) {
        throw new RangeError(
          `For ${single ? "unbatched 2-D" : "batched 3-D"} input, hx should also be ${
            single ? "2" : "3"
          }-D but got ${h.ndim}-D tensor`,
        );
      }
    });
    const batched = single ? unsqueeze(x, 1) : this.batchFirst ? transpose(x, 0, 1) : x;
    const [steps, batch] = batched.sizes;
    if (steps === 0) throw new RangeError("Expected sequence length to be larger than 0 in RNN");
    const states = hx === null || !single ? hx : hx.map((h) => unsqueeze(h, 1));
    const [rows, last] = this.run(rowsOf(batched), new Array<number>(steps).fill(batch), states);
    const output = underName(nodeOf(this, rows), reshape(rows, [steps, batch, rows.sizes[1]]));
    if (single) return [squeeze(output, 1), last.map((h) => squeeze(h, 1))];
    return [this.batchFirst ? transpose(output, 0, 1) : output, last];
  }

  /** A packed batch. @internal */
  protected runPacked(x: PackedSequence, hx: readonly Tensor[] | null): [PackedSequence, Tensor[]] {
    const { sortedIndices: sorted, unsortedIndices: unsorted } = x;
    const states = hx === null || sorted === null ? hx : hx.map((h) => indexSelect(h, 1, sorted));
    const [data, last] = this.run(x.data, x.sizes, states);
    const back = unsorted === null ? last : last.map((h) => indexSelect(h, 1, unsorted));
    return [new PackedSequence(data, x.batchSizes, sorted, unsorted), back];
  }

  /** What the repr shows between its parentheses. */
  override extraRepr(): string {
    let text = `${this.inputSize}, ${this.hiddenSize}`;
    if (this.projSize !== 0) text += `, proj_size=${this.projSize}`;
    if (this.numLayers !== 1) text += `, num_layers=${this.numLayers}`;
    if (!this.bias) text += ", bias=False";
    if (this.batchFirst) text += ", batch_first=True";
    if (this.dropout !== 0) text += `, dropout=${formatFloat(this.dropout)}`;
    if (this.bidirectional) text += ", bidirectional=True";
    return text;
  }
}

/** `l0`, `l0_reverse`, `l1` …, with the number of the layer. */
function* suffixesOf(net: RNNBase): Generator<[string, number], void, unknown> {
  for (let layer = 0; layer < net.numLayers; layer++) {
    yield [`l${layer}`, layer];
    if (net.bidirectional) yield [`l${layer}_reverse`, layer];
  }
}

function weightsOf(net: RNNBase, suffix: string): CellWeights {
  // Not getParameter: it may be parametrized.
  const get = (name: string): Tensor => Reflect.get(net, `${name}_${suffix}`) as Tensor;
  return {
    inputWeight: get("weight_ih"),
    hiddenWeight: get("weight_hh"),
    inputBias: net.bias ? get("bias_ih") : null,
    hiddenBias: net.bias ? get("bias_hh") : null,
    projection: net.projSize > 0 ? get("weight_hr") : null,
  };
}

/** The node that PyTorch's output comes from: its fast LSTM is a node of its own, the rest is made of steps. */
function nodeOf(net: RNNBase, rows: Tensor): string {
  if (rows.isCuda) return "CudnnRnnBackward0";
  if (net.bidirectional) return "CatBackward0";
  const fast = net.mode === "LSTM" && net.projSize === 0 && rows.dtype === float32;
  return fast ? "MkldnnRnnLayerBackward0" : "StackBackward0";
}

/** The states before the first step: zeros unless they are given. */
function initialStates(net: RNNBase, batch: number, like: Tensor, hx: readonly Tensor[] | null): CellState {
  const layers = net.numLayers * (net.bidirectional ? 2 : 1);
  const shapes = [[layers, batch, net.projSize || net.hiddenSize]];
  if (net.mode === "LSTM") shapes.push([layers, batch, net.hiddenSize]);
  return shapes.map((shape, i) => {
    if (hx === null) {
      const zero = empty(shape, like.dtype, like.device);
      fill_(zero, 0);
      return zero;
    }
    if (!sameSizes(hx[i].sizes, shape)) {
      const which = net.mode !== "LSTM" ? "hidden size" : i === 0 ? "hidden[0] size" : "hidden[1] size";
      throw new RangeError(`Expected ${which} ${formatTuple(shape)}, got ${formatSizes(hx[i].sizes)}`);
    }
    return hx[i];
  }) as unknown as CellState;
}

/** {@linkcode RNN} and {@linkcode GRU} take padded or packed sequences. */
export interface RecurrentCalls {
  /** Padded sequences or one, and perhaps a hidden state: the outputs, and the last hidden state. */
  (x: Tensor, hx?: Tensor | null): [output: Tensor, hn: Tensor];
  /** Packed sequences. */
  (x: PackedSequence, hx?: Tensor | null): [output: PackedSequence, hn: Tensor];
}

/** What {@linkcode RNN} and {@linkcode GRU} share. */
export interface SimpleRecurrent extends RecurrentCalls {}

/** What {@linkcode RNN} and {@linkcode GRU} share: a hidden state of one tensor. */
export abstract class SimpleRecurrent extends RNNBase {
  /** See {@linkcode RecurrentCalls}. */
  override forward(x: Tensor, hx?: Tensor | null): [Tensor, Tensor];
  /** The same for a packed batch of sequences. */
  override forward(x: PackedSequence, hx?: Tensor | null): [PackedSequence, Tensor];
  override forward(x: Tensor | PackedSequence, hx: Tensor | null = null): [Tensor | PackedSequence, Tensor] {
    const states = hx === null ? null : [hx];
    const [y, [hn]] = x instanceof PackedSequence ? this.runPacked(x, states) : this.runPadded(x, states);
    return [y, hn];
  }
}

/**
 * Layers of h' = tanh(W·x + b + U·h + c).
 *
 * Shape: x `[steps, batch, inputSize]`, output `[steps, batch, hiddenSize]`, hidden state `[layers, batch, hiddenSize]`.
 */
export class RNN extends SimpleRecurrent {
  /** The nonlinearity. */
  readonly nonlinearity: "tanh" | "relu";

  /** `new RNN(10, 20, 2)`, `new RNN(10, 20, { nonlinearity: "relu" })`. */
  constructor(...args: RNNArguments) {
    const { inputSize, hiddenSize, nonlinearity = "tanh", ...rest } = called<RNNSizes & RNNOptions>(
      "RNN",
      args,
      sizes,
      ["numLayers", "nonlinearity", ...layerOptions],
      factoryOptions,
    );
    if (nonlinearity !== "tanh" && nonlinearity !== "relu") {
      throw new TypeError(`Unknown nonlinearity '${nonlinearity}'. Select from 'tanh' or 'relu'.`);
    }
    super(nonlinearity === "tanh" ? "RNN_TANH" : "RNN_RELU", inputSize, hiddenSize, rest);
    this.nonlinearity = nonlinearity;
  }
}

/** Layers of gated recurrent units (Cho et al. 2014); shapes as of {@linkcode RNN}. */
export class GRU extends SimpleRecurrent {
  /** `new GRU(10, 20, 2)`. */
  constructor(...args: GRUArguments) {
    const { inputSize, hiddenSize, ...options } = called<RNNSizes & RNNBaseOptions>(
      "GRU",
      args,
      sizes,
      ["numLayers", ...layerOptions],
      factoryOptions,
    );
    super("GRU", inputSize, hiddenSize, options);
  }
}

/** The hidden and cell states of an LSTM. */
export type LSTMState = readonly [h: Tensor, c: Tensor];

/** {@linkcode LSTM} takes padded or packed sequences. */
export interface LSTM {
  /** Padded sequences or one, and perhaps the states: the outputs, and the last states. */
  (x: Tensor, hx?: LSTMState | null): [output: Tensor, state: [h: Tensor, c: Tensor]];
  /** Packed sequences. */
  (x: PackedSequence, hx?: LSTMState | null): [output: PackedSequence, state: [h: Tensor, c: Tensor]];
}

/**
 * Layers of long short-term memory (Hochreiter and Schmidhuber 1997); shapes as of {@linkcode RNN}.
 *
 * @example
 * ```ts
 * import { nn, randn } from "@raptorch/raptorch";
 * const lstm = new nn.LSTM(10, 20, 2);
 * const [output, [h, c]] = lstm(randn(5, 3, 10));
 * console.assert(output.size(2) === 20 && h.size(0) === 2 && c.size(2) === 20);
 * ```
 */
export class LSTM extends RNNBase {
  /** `new LSTM(10, 20, 2)`, `new LSTM(10, 20, { projSize: 5 })`. */
  constructor(...args: LSTMArguments) {
    const { inputSize, hiddenSize, ...options } = called<RNNSizes & LSTMOptions>(
      "LSTM",
      args,
      sizes,
      ["numLayers", ...layerOptions, "projSize"],
      factoryOptions,
    );
    super("LSTM", inputSize, hiddenSize, options);
  }

  /** See the class. */
  override forward(x: Tensor, hx?: LSTMState | null): [Tensor, [Tensor, Tensor]];
  /** The same for a packed batch of sequences. */
  override forward(x: PackedSequence, hx?: LSTMState | null): [PackedSequence, [Tensor, Tensor]];
  override forward(
    x: Tensor | PackedSequence,
    hx: LSTMState | null = null,
  ): [Tensor | PackedSequence, [Tensor, Tensor]] {
    const [y, [h, c]] = x instanceof PackedSequence ? this.runPacked(x, hx) : this.runPadded(x, hx);
    return [y, [h, c]];
  }
}

/** Options of the cells. */
export interface CellOptions extends FactoryOptions {
  /** Whether there are biases. Default: true. */
  bias?: boolean;
}

/** The arguments of {@linkcode GRUCell} and {@linkcode LSTMCell}. */
export type CellArguments = Arguments<
  [inputSize: number, hiddenSize: number],
  [bias: boolean],
  RNNSizes,
  CellOptions
>;

/** What the cells have. */
export abstract class RNNCellBase extends Module {
  /** Features of the input. */
  readonly inputSize: number;
  /** The size of the hidden state. */
  readonly hiddenSize: number;
  /** `[gates · hiddenSize, inputSize]`. */
  weight_ih: Parameter;
  /** `[gates · hiddenSize, hiddenSize]`. */
  weight_hh: Parameter;
  /** `[gates · hiddenSize]`, or `null`. */
  bias_ih: Parameter | null;
  /** `[gates · hiddenSize]`, or `null`. */
  bias_hh: Parameter | null;

  /** For the cells. */
  constructor(kind: CellKind, inputSize: number, hiddenSize: number, o: CellOptions) {
    super();
    const gates = gatesOf(kind) * hiddenSize, bias = o.bias ?? true;
    this.inputSize = inputSize;
    this.hiddenSize = hiddenSize;
    this.weight_ih = parameter([gates, inputSize], o);
    this.weight_hh = parameter([gates, hiddenSize], o);
    this.bias_ih = bias ? parameter([gates], o) : null;
    this.bias_hh = bias ? parameter([gates], o) : null;
    this.resetParameters();
  }

  /** Draws all weights uniformly over ±1/√hiddenSize. */
  resetParameters(): void {
    const bound = this.hiddenSize > 0 ? 1 / Math.sqrt(this.hiddenSize) : 0;
    for (const p of this.parameters()) uniform_(p, -bound, bound);
  }

  /** One step. @internal */
  protected runStep(kind: CellKind, x: Tensor, hx: readonly Tensor[] | null): Tensor[] {
    if (x.ndim !== 1 && x.ndim !== 2) {
      throw new RangeError(`${this.reprName}: Expected input to be 1D or 2D, got ${x.ndim}D instead`);
    }
    const single = x.ndim === 1, input = single ? unsqueeze(x, 0) : x;
    if (input.sizes[1] !== this.inputSize) {
      throw new RangeError(`input has inconsistent input_size: got ${input.sizes[1]} expected ${this.inputSize}`);
    }
    const zero = (): Tensor => {
      const h = empty([input.sizes[0], this.hiddenSize], x.dtype, x.device);
      fill_(h, 0);
      return h;
    };
    const states = hx === null
      ? kind === "LSTM" ? [zero(), zero()] : [zero()]
      : hx.map((h) => single ? unsqueeze(h, 0) : h);
    for (const h of states) {
      if (h.sizes[h.ndim - 1] !== this.hiddenSize) {
        throw new RangeError(
          `hidden0 has inconsistent hidden_size: got ${h.sizes[h.ndim - 1]}, expected ${this.hiddenSize}`,
        );
      }
    }
    const weights: CellWeights = {
      inputWeight: this.weight_ih,
      hiddenWeight: this.weight_hh,
      inputBias: this.bias_ih,
      hiddenBias: this.bias_hh,
      projection: null,
    };
    const gates = linear(input, this.weight_ih, this.bias_ih);
    const next = step(kind, gates, states as unknown as CellState, weights);
    return next.map((h) => single ? squeeze(h!, 0) : h!);
  }

  /** What the repr shows between its parentheses. */
  override extraRepr(): string {
    return `${this.inputSize}, ${this.hiddenSize}${this.bias_ih === null ? ", bias=False" : ""}`;
  }
}

/** Options of {@linkcode RNNCell}. */
export interface RNNCellOptions extends CellOptions {
  /** The nonlinearity. Default: `"tanh"`. */
  nonlinearity?: "tanh" | "relu";
}

/** The arguments of {@linkcode RNNCell}. */
export type RNNCellArguments = Arguments<
  [inputSize: number, hiddenSize: number],
  [bias: boolean, nonlinearity: "tanh" | "relu"],
  RNNSizes,
  RNNCellOptions
>;

/** One step of an {@linkcode RNN}. */
export class RNNCell extends RNNCellBase {
  /** The nonlinearity. */
  readonly nonlinearity: "tanh" | "relu";

  /** `new RNNCell(10, 20)`. */
  constructor(...args: RNNCellArguments) {
    const { inputSize, hiddenSize, ...options } = called<RNNSizes & RNNCellOptions>(
      "RNNCell",
      args,
      sizes,
      ["bias", "nonlinearity"],
      factoryOptions,
    );
    super("RNN_TANH", inputSize, hiddenSize, options);
    this.nonlinearity = options.nonlinearity ?? "tanh";
  }

  /** The next hidden state. */
  override forward(x: Tensor, hx: Tensor | null = null): Tensor {
    return this.runStep(this.nonlinearity === "tanh" ? "RNN_TANH" : "RNN_RELU", x, hx === null ? null : [hx])[0];
  }

  /** What the repr shows between its parentheses. */
  override extraRepr(): string {
    return super.extraRepr() + (this.nonlinearity === "tanh" ? "" : `, nonlinearity=${this.nonlinearity}`);
  }
}

/** One step of a {@linkcode GRU}. */
export class GRUCell extends RNNCellBase {
  /** `new GRUCell(10, 20)`. */
  constructor(...args: CellArguments) {
    const { inputSize, hiddenSize, ...options } = called<RNNSizes & CellOptions>(
      "GRUCell",
      args,
      sizes,
      ["bias"],
      factoryOptions,
    );
    super("GRU", inputSize, hiddenSize, options);
  }

  /** The next hidden state. */
  override forward(x: Tensor, hx: Tensor | null = null): Tensor {
    return this.runStep("GRU", x, hx === null ? null : [hx])[0];
  }
}

/** One step of an {@linkcode LSTM}. */
export class LSTMCell extends RNNCellBase {
  /** `new LSTMCell(10, 20)`. */
  constructor(...args: CellArguments) {
    const { inputSize, hiddenSize, ...options } = called<RNNSizes & CellOptions>(
      "LSTMCell",
      args,
      sizes,
      ["bias"],
      factoryOptions,
    );
    super("LSTM", inputSize, hiddenSize, options);
  }

  /** The next hidden and cell states. */
  override forward(x: Tensor, hx: LSTMState | null = null): [Tensor, Tensor] {
    const [h, c] = this.runStep("LSTM", x, hx);
    return [h, c];
  }
}
