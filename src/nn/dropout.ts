/**
 * Dropout layers: active in training, nothing in evaluation.
 *
 * @module
 */
import { named } from "../arguments.ts";
import { formatFloat, formatValue } from "../format.ts";
import type { Trailing } from "../arguments.ts";
import { checkProbability, dropAlpha, dropChannels, dropElements } from "../ops/dropout.ts";
import * as calls from "../ops/dropout.ts";
import type { Tensor } from "../tensor.ts";
import { Module } from "./module.ts";
import { passesThrough } from "./sequential.ts";

/** Options of the dropout layers. */
export interface DropoutLayerOptions {
  /** The probability of a zero. Default: 0.5. */
  p?: number;
  /** Whether the input is overwritten. Default: false. */
  inplace?: boolean;
}

/** What the dropout layers have. */
export abstract class DropoutLayer extends Module {
  /** The probability of a zero. */
  p: number;
  /** Whether the input is overwritten. */
  inplace: boolean;

  /** `new Dropout()`, `new Dropout(0.2)`, `new Dropout({ p: 0.2 })`. */
  constructor(...rest: Trailing<[p: number, inplace: boolean], DropoutLayerOptions>) {
    super();
    const o = named<DropoutLayerOptions>("Dropout", rest, ["p", "inplace"]);
    this.p = o.p ?? 0.5;
    this.inplace = o.inplace ?? false;
    checkProbability(this.p);
  }

  /** What the repr shows between its parentheses. */
  override extraRepr(): string {
    return `p=${formatFloat(this.p)}, inplace=${formatValue(this.inplace)}`;
  }
}

/** Sets elements to zero with probability p and scales the others by 1 / (1 − p). */
export class Dropout extends DropoutLayer {
  /** x with elements dropped, in training. */
  override forward(x: Tensor): Tensor {
    return dropElements(x, this.p, this.training, this.inplace);
  }
}

/** Sets channels of `[batch, channels, length]` to zero. */
export class Dropout1d extends DropoutLayer {
  /** x with channels dropped, in training. */
  override forward(x: Tensor): Tensor {
    return calls.dropout1d(x, this.p, this.training, this.inplace);
  }
}

/** Sets channels of `[batch, channels, height, width]` to zero. */
export class Dropout2d extends DropoutLayer {
  /** x with channels dropped, in training. */
  override forward(x: Tensor): Tensor {
    return dropChannels(x, this.p, this.training, this.inplace);
  }
}

/** Sets channels of `[batch, channels, depth, height, width]` to zero. */
export class Dropout3d extends DropoutLayer {
  /** x with channels dropped, in training. */
  override forward(x: Tensor): Tensor {
    return calls.dropout3d(x, this.p, this.training, this.inplace);
  }
}

/** Dropout for SELU networks: mean and variance stay. */
export class AlphaDropout extends DropoutLayer {
  /** x with elements dropped, in training. */
  override forward(x: Tensor): Tensor {
    return dropAlpha(x, this.p, this.training, this.inplace);
  }
}

/** {@linkcode AlphaDropout} of whole channels. */
export class FeatureAlphaDropout extends DropoutLayer {
  /** x with channels dropped, in training. */
  override forward(x: Tensor): Tensor {
    return dropAlpha(x, this.p, this.training, this.inplace, true);
  }
}

passesThrough(Dropout, Dropout1d, Dropout2d, Dropout3d, AlphaDropout, FeatureAlphaDropout);
