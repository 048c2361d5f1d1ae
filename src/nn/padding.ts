/**
 * Padding as layers.
 *
 * @module
 */
import { type Arguments, called } from "../arguments.ts";
import { formatTuple, formatValue } from "../format.ts";
import { pad, type PadMode } from "../ops/pad.ts";
import type { Sizes } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { Module } from "./module.ts";
import { passesThrough } from "./sequential.ts";

/** The argument of the padding layers. */
export type PadArguments = [padding: number | Sizes] | [options: { padding: number | Sizes }];

/** The arguments of the layers that pad by a constant. */
export type ConstantPadArguments = Arguments<
  [padding: number | Sizes, value: number],
  [],
  { padding: number | Sizes; value: number },
  object
>;

/** What the padding layers have. */
export abstract class PadLayer extends Module {
  /** [before, after] of the last dimension, then of the one before it, and so on. */
  readonly padding: Sizes;
  /** What is put around the image. @internal */
  protected readonly mode: PadMode;

  /** For the layers. */
  constructor(n: number, args: PadArguments, mode: PadMode) {
    super();
    const { padding } = called<{ padding: number | Sizes }>(`${mode} padding`, args, ["padding"]);
    this.padding = typeof padding === "number" ? new Array<number>(2 * n).fill(padding) : [...padding];
    if (this.padding.length !== 2 * n) {
      throw new RangeError(`padding must be an integer or ${2 * n} of them, got ${formatTuple(this.padding)}`);
    }
    this.mode = mode;
  }

  /** x with its padding. */
  override forward(x: Tensor): Tensor {
    return pad(x, this.padding, this.mode);
  }

  /** What the repr shows between its parentheses. */
  override extraRepr(): string {
    return formatTuple(this.padding);
  }
}

/** What the layers that pad by a constant have. */
export abstract class ConstantPad extends PadLayer {
  /** The constant. */
  readonly value: number;

  /** For the layers. */
  constructor(n: number, args: ConstantPadArguments) {
    const { padding, value } = called<{ padding: number | Sizes; value: number }>(`ConstantPad${n}d`, args, [
      "padding",
      "value",
    ]);
    super(n, [padding], "constant");
    this.value = value;
  }

  /** x with its padding. */
  override forward(x: Tensor): Tensor {
    return pad(x, this.padding, "constant", this.value);
  }

  /** What the repr shows between its parentheses. The value is printed as it was given, and has no default. */
  override extraRepr(): string {
    return `padding=${formatTuple(this.padding)}, value=${formatValue(this.value)}`;
  }
}

/** Pads `[…, length]` by a constant. */
export class ConstantPad1d extends ConstantPad {
  /** `new ConstantPad1d(2, 3.5)`. */
  constructor(...args: ConstantPadArguments) {
    super(1, args);
  }
}

/** Pads `[…, length]` by zeros. */
export class ZeroPad1d extends PadLayer {
  /** `new ZeroPad1d(2)`. */
  constructor(...args: PadArguments) {
    super(1, args, "constant");
  }
}

/** Pads `[…, length]` by its reflection. */
export class ReflectionPad1d extends PadLayer {
  /** `new ReflectionPad1d(2)`. */
  constructor(...args: PadArguments) {
    super(1, args, "reflect");
  }
}

/** Pads `[…, length]` by its border. */
export class ReplicationPad1d extends PadLayer {
  /** `new ReplicationPad1d(2)`. */
  constructor(...args: PadArguments) {
    super(1, args, "replicate");
  }
}

/** Pads `[…, length]` by its other end. */
export class CircularPad1d extends PadLayer {
  /** `new CircularPad1d(2)`. */
  constructor(...args: PadArguments) {
    super(1, args, "circular");
  }
}

/** Pads `[…, height, width]` by a constant. */
export class ConstantPad2d extends ConstantPad {
  /** `new ConstantPad2d(2, 3.5)`. */
  constructor(...args: ConstantPadArguments) {
    super(2, args);
  }
}

/** Pads `[…, height, width]` by zeros. */
export class ZeroPad2d extends PadLayer {
  /** `new ZeroPad2d(2)`. */
  constructor(...args: PadArguments) {
    super(2, args, "constant");
  }
}

/** Pads `[…, height, width]` by its reflection. */
export class ReflectionPad2d extends PadLayer {
  /** `new ReflectionPad2d(2)`. */
  constructor(...args: PadArguments) {
    super(2, args, "reflect");
  }
}

/** Pads `[…, height, width]` by its border. */
export class ReplicationPad2d extends PadLayer {
  /** `new ReplicationPad2d(2)`. */
  constructor(...args: PadArguments) {
    super(2, args, "replicate");
  }
}

/** Pads `[…, height, width]` by its other end. */
export class CircularPad2d extends PadLayer {
  /** `new CircularPad2d(2)`. */
  constructor(...args: PadArguments) {
    super(2, args, "circular");
  }
}

/** Pads `[…, depth, height, width]` by a constant. */
export class ConstantPad3d extends ConstantPad {
  /** `new ConstantPad3d(2, 3.5)`. */
  constructor(...args: ConstantPadArguments) {
    super(3, args);
  }
}

/** Pads `[…, depth, height, width]` by zeros. */
export class ZeroPad3d extends PadLayer {
  /** `new ZeroPad3d(2)`. */
  constructor(...args: PadArguments) {
    super(3, args, "constant");
  }
}

/** Pads `[…, depth, height, width]` by its reflection. */
export class ReflectionPad3d extends PadLayer {
  /** `new ReflectionPad3d(2)`. */
  constructor(...args: PadArguments) {
    super(3, args, "reflect");
  }
}

/** Pads `[…, depth, height, width]` by its border. */
export class ReplicationPad3d extends PadLayer {
  /** `new ReplicationPad3d(2)`. */
  constructor(...args: PadArguments) {
    super(3, args, "replicate");
  }
}

/** Pads `[…, depth, height, width]` by its other end. */
export class CircularPad3d extends PadLayer {
  /** `new CircularPad3d(2)`. */
  constructor(...args: PadArguments) {
    super(3, args, "circular");
  }
}

passesThrough(
  ConstantPad1d,
  ZeroPad1d,
  ReflectionPad1d,
  ReplicationPad1d,
  CircularPad1d,
  ConstantPad2d,
  ZeroPad2d,
  ReflectionPad2d,
  ReplicationPad2d,
  CircularPad2d,
  ConstantPad3d,
  ZeroPad3d,
  ReflectionPad3d,
  ReplicationPad3d,
  CircularPad3d,
);
