/**
 * What a transform is, and how transforms combine.
 *
 * @module
 */

import type { Tensor } from "../tensor.ts";

/** A transform is called like a function. */
export interface Transform {
  /** Applies the transform to an image. */
  (image: Tensor): Tensor;
}

/**
 * Base class of the transforms; a subclass has `forward(image)` and is called like a function.
 *
 * @example
 * ```ts
 * import { Tensor, transforms, zeros } from "@raptorch/raptorch";
 *
 * class Invert extends transforms.Transform {
 *   forward(image: Tensor): Tensor {
 *     return image.neg().add(1);
 *   }
 * }
 * const invert = new Invert();
 * console.assert(invert(zeros(1, 2, 2)).sum().item() === 4);
 * ```
 */
export abstract class Transform {
  /** Makes the object callable: a function whose prototype is the class's. */
  constructor() {
    const call = (image: Tensor): Tensor => self.forward(image);
    const self: Transform = Object.setPrototypeOf(call, new.target.prototype);
    return self;
  }

  /** The transformed image. */
  abstract forward(image: Tensor): Tensor;

  /** A stack of images `[n, …]` transformed as `forward` does each; `null` if that is not possible. */
  forwardBatch(_images: Tensor): Tensor | null {
    return null;
  }

  /** The text that torchvision prints. */
  toString(): string {
    return `${this.constructor.name}()`;
  }

  /** What `console.log` shows. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }
}

/**
 * The images that `make()` makes, transformed together; `null` if the transform works one by one only.
 *
 * What `make` gave goes back to the pool where the result is other memory: nobody else has seen it.
 */
export function transformBatch(transform: ((image: Tensor) => unknown) | null, make: () => Tensor): Tensor | null {
  if (!transform) return make();
  if (!(transform instanceof Transform)) return null;
  const images = make();
  const result = transform.forwardBatch(images);
  if (result && result.storage !== images.storage) images.dispose();
  return result;
}

/** Several transforms, one after the other. */
export class Compose extends Transform {
  /** The transforms, or plain functions. */
  readonly transforms: readonly ((image: Tensor) => Tensor)[];

  /** Apply these in order. */
  constructor(transforms: readonly ((image: Tensor) => Tensor)[]) {
    super();
    this.transforms = transforms;
  }

  /** The image after every transform. */
  forward(image: Tensor): Tensor {
    return this.transforms.reduce((x, transform) => transform(x), image);
  }

  override forwardBatch(images: Tensor): Tensor | null {
    let x = images;
    for (const transform of this.transforms) {
      const y = transform instanceof Transform ? transform.forwardBatch(x) : null;
      if (!y) return null;
      // What lies between two steps goes back to the pool: nobody else has seen it.
      if (x.storage !== images.storage && x.storage !== y.storage) x.dispose();
      x = y;
    }
    return x;
  }

  override toString(): string {
    return `Compose(\n${this.transforms.map((t) => `    ${nameOf(t)}\n`).join("")})`;
  }
}

function nameOf(transform: (image: Tensor) => Tensor): string {
  return transform instanceof Transform ? String(transform) : `<function ${transform.name || "<lambda>"}>`;
}

/** Any function of an image. */
export class Lambda extends Transform {
  /** The function. */
  readonly lambd: (image: Tensor) => Tensor;

  /** Apply `lambd`. */
  constructor(lambd: (image: Tensor) => Tensor) {
    super();
    if (typeof lambd !== "function") throw new TypeError(`Argument lambd should be callable, got ${typeof lambd}`);
    this.lambd = lambd;
  }

  /** What the function gives. */
  forward(image: Tensor): Tensor {
    return this.lambd(image);
  }
}

/** `[…, height, width, channels]` seen as `[…, channels, height, width]`. */
export function channelsFirst(x: Tensor): Tensor {
  return x.transpose(-1, -3).transpose(-1, -2);
}

/** `[…, channels, height, width]` seen as `[…, height, width, channels]`. */
export function channelsLast(x: Tensor): Tensor {
  return x.transpose(-1, -2).transpose(-1, -3);
}
