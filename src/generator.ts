/**
 * Random number generators: PyTorch's CPU generator, whose numbers every device draws.
 *
 * @module
 */
import { addressOf, cpu, type Device, type DeviceLike, toDevice } from "./device.ts";
import { uint8 } from "./dtype.ts";
import { empty } from "./make.ts";
import { copyElements } from "./read.ts";
import { formatSizes } from "./shape.ts";
import { Tensor } from "./tensor.ts";

/** The size of `torch.get_rng_state()`, which is also how the kernels keep the state. */
const stateBytes = 5056;
/** Where the state says how many draws are left in the block, and which is next. */
const leftAt = 8, seededAt = 12, nextAt = 16, blockWords = 624;
/** What PyTorch seeds a new `torch.Generator` with. */
const defaultSeed = 67280421310721;

/**
 * A stream of random numbers (mt19937), for the `generator` option of everything that is random.
 *
 * @example
 * ```ts
 * import { Generator, rand } from "@raptorch/raptorch";
 * const generator = new Generator().manualSeed(1);
 * console.assert(rand(1, { generator }).item() === rand(1, { generator: new Generator().manualSeed(1) }).item());
 * ```
 */
export class Generator {
  /** The device that it is meant for. */
  readonly device: Device;
  readonly #bytes = new Uint8Array(stateBytes);
  readonly #view = new DataView(this.#bytes.buffer);
  /** The address of the state. @internal */
  readonly ptr: Deno.PointerValue = addressOf(this.#bytes);

  /**
   * A generator with PyTorch's default seed.
   *
   * @param device The device of the tensors that it will fill. Default: the CPU.
   */
  constructor(device: DeviceLike = "cpu") {
    this.device = toDevice(device);
    this.manualSeed(defaultSeed);
  }

  /**
   * Starts the stream that belongs to `seed`, from -2⁶³ to 2⁶⁴ - 1.
   *
   * @throws {RangeError} When the seed is not an integer of 64 bits.
   */
  manualSeed(seed: number | bigint): this {
    if (typeof seed === "number" && !Number.isInteger(seed)) throw new TypeError(`a seed is an integer, got ${seed}`);
    const bits = BigInt(seed);
    if (bits < -(2n ** 63n) || bits >= 2n ** 64n) {
      throw new RangeError(`Overflow when unpacking long long: seed ${seed}`);
    }
    cpu.kernels.generatorSeed(this.ptr, Number(BigInt.asIntN(32, bits)), Number(BigInt.asIntN(32, bits >> 32n)));
    return this;
  }

  /** The seed that the stream was started from: a bigint beyond 2⁵³. */
  initialSeed(): number | bigint {
    const seed = this.#view.getBigUint64(0, true);
    return seed > BigInt(Number.MAX_SAFE_INTEGER) ? seed : Number(seed);
  }

  /** Starts a stream from a seed that the system chose, and returns that seed. */
  seed(): number | bigint {
    this.manualSeed(crypto.getRandomValues(new BigUint64Array(1))[0]);
    return this.initialSeed();
  }

  /** The state, to come back to by {@linkcode Generator.setState}: 5056 bytes, the same as PyTorch's. */
  getState(): Tensor {
    const state = empty([stateBytes], uint8, cpu);
    new Uint8Array(state.storage.buffer!, state.storage.byteOffset, stateBytes).set(this.#bytes);
    return state;
  }

  /**
   * Goes back to a state that {@linkcode Generator.getState} or `torch.get_rng_state` returned.
   *
   * @throws {Error} When it is none.
   */
  setState(state: Tensor): this {
    if (!(state instanceof Tensor) || state.dtype !== uint8) {
      throw new TypeError("RNG state must be a torch.ByteTensor");
    }
    if (state.numel() !== stateBytes) {
      throw new Error(
        `Expected a CPUGeneratorImplState of size ${stateBytes} but found the input RNG state size to be ` +
          `${state.numel()} (shape ${formatSizes(state.sizes)})`,
      );
    }
    const bytes = copyElements(state) as Uint8Array;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const left = view.getInt32(leftAt, true), next = view.getBigUint64(nextAt, true);
    // The kernels read words next … next + left - 2.
    const fits = left > 0 && left <= blockWords && next <= BigInt(blockWords) &&
      Number(next) + left - 1 <= blockWords;
    if (view.getInt32(seededAt, true) === 0 || !fits) throw new Error("Invalid mt19937 state");
    this.#bytes.set(bytes);
    return this;
  }

  /** A generator in the same state that goes its own way. */
  cloneState(): Generator {
    const copy = new Generator(this.device);
    copy.#bytes.set(this.#bytes);
    return copy;
  }

  /** What `console.log` shows. */
  [Symbol.for("Deno.customInspect")](): string {
    return "<torch._C.Generator object>";
  }
}

/** The generator that is used where none is given. It starts from a seed that the system chose. */
export const defaultGenerator: Generator = new Generator();
defaultGenerator.seed();

/** The generator to use: `generator`, or the default one. @internal */
export function generatorOf(generator: Generator | null | undefined): Generator {
  return generator ?? defaultGenerator;
}

/**
 * Seeds everything that is random, on every device: creation, initialisers, dropout, shuffling.
 *
 * @example
 * ```ts
 * import { manualSeed, rand } from "@raptorch/raptorch";
 * manualSeed(0);
 * console.assert(String(rand(3)) === "tensor([0.4963, 0.7682, 0.0885])");
 * ```
 */
export function manualSeed(seed: number | bigint): Generator {
  return defaultGenerator.manualSeed(seed);
}

/** Seeds everything that is random from the system, and returns the seed. */
export function seed(): number | bigint {
  return defaultGenerator.seed();
}

/** The seed that the default generator was started from. */
export function initialSeed(): number | bigint {
  return defaultGenerator.initialSeed();
}

/** The state of the default generator: 5056 bytes, the same as PyTorch's. */
export function getRngState(): Tensor {
  return defaultGenerator.getState();
}

/** Sets the state of the default generator. */
export function setRngState(state: Tensor): void {
  defaultGenerator.setState(state);
}
