/**
 * Random number generators: PyTorch's mt19937 for the CPU, Philox for CUDA.
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
/** The size of `torch.cuda.get_rng_state()`: the seed, and how many draws of each thread are behind. */
const philoxBytes = 16;
/** Where the state says how many draws are left in the block, and which is next. */
const leftAt = 8, seededAt = 12, nextAt = 16, blockWords = 624;
/** What PyTorch seeds a new `torch.Generator` with. */
const defaultSeed = 67280421310721;

/**
 * A stream of random numbers, for the `generator` option of everything that is random: mt19937 on the CPU, Philox on CUDA.
 *
 * @example
 * ```ts
 * import { Generator, rand } from "@raptorch/raptorch";
 * const generator = new Generator().manualSeed(1);
 * console.assert(rand(1, { generator }).item() === rand(1, { generator: new Generator().manualSeed(1) }).item());
 * ```
 */
export class Generator {
  /** The device whose tensors it fills. */
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
    this.device.kernels.generatorSeed(
      this.ptr,
      Number(BigInt.asIntN(32, bits)),
      Number(BigInt.asIntN(32, bits >> 32n)),
    );
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

  get #size(): number {
    return this.device === cpu ? stateBytes : philoxBytes;
  }

  /** The state, to come back to by {@linkcode Generator.setState}: the same bytes as PyTorch's, 5056 or (CUDA) 16. */
  getState(): Tensor {
    const state = empty([this.#size], uint8, cpu);
    state.storage.write(this.#bytes.subarray(0, this.#size));
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
    if (state.numel() !== this.#size) {
      throw new Error(
        this.device === cpu
          ? `Expected a CPUGeneratorImplState of size ${stateBytes} but found the input RNG state size to be ` +
            `${state.numel()} (shape ${formatSizes(state.sizes)})`
          : `RNG state is wrong size: expected ${philoxBytes} bytes, got ${state.numel()}`,
      );
    }
    const bytes = copyElements(state) as Uint8Array;
    if (this.device === cpu) checkTwister(bytes);
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

/** @throws {Error} When the bytes are no state of mt19937. */
function checkTwister(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const left = view.getInt32(leftAt, true), next = view.getBigUint64(nextAt, true);
  // The kernels read words next … next + left - 2.
  const fits = left > 0 && left <= blockWords && next <= BigInt(blockWords) &&
    Number(next) + left - 1 <= blockWords;
  if (view.getInt32(seededAt, true) === 0 || !fits) throw new Error("Invalid mt19937 state");
}

/** The generator that is used for the CPU where none is given. It starts from a seed that the system chose. */
export const defaultGenerator: Generator = new Generator();
defaultGenerator.seed();

/** The other devices' default generators, once something has drawn from them. */
const others = new Map<Device, Generator>();
/** What {@linkcode manualSeed} said last; devices that come later start from it too. */
let lastSeed: number | bigint | null = null;

/** The generator that is used for a device where none is given. @internal */
export function defaultGeneratorOf(device: Device): Generator {
  if (device === cpu) return defaultGenerator;
  let generator = others.get(device);
  if (generator === undefined) {
    generator = new Generator(device);
    if (lastSeed === null) generator.seed();
    else generator.manualSeed(lastSeed);
    others.set(device, generator);
  }
  return generator;
}

/**
 * The generator to use for tensors of `device`: the given one, or the device's default one. @internal
 *
 * @throws {Error} When the given one is another device's.
 */
export function generatorOf(generator: Generator | null | undefined, device: Device): Generator {
  if (generator === null || generator === undefined) return defaultGeneratorOf(device);
  if (generator.device === device) return generator;
  const [expected, found] = generator.device.type === device.type
    ? [`${device}`, `${generator.device}`]
    : [device.type, generator.device.type];
  throw new Error(`Expected a '${expected}' device type for generator but found '${found}'`);
}

/** Takes down the state of every default generator; the result brings them back to it. @internal */
export function saveGenerators(): () => void {
  const states = new Map([defaultGenerator, ...others.values()].map((g) => [g, g.getState()]));
  return () => {
    for (const generator of [defaultGenerator, ...others.values()]) {
      const state = states.get(generator);
      // One that did not exist yet starts again.
      if (state === undefined) generator.manualSeed(generator.initialSeed());
      else generator.setState(state);
    }
  };
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
  defaultGenerator.manualSeed(seed);
  lastSeed = seed;
  for (const generator of others.values()) generator.manualSeed(seed);
  return defaultGenerator;
}

/** Seeds everything that is random from the system, and returns the seed. */
export function seed(): number | bigint {
  const seed = defaultGenerator.seed();
  manualSeed(seed);
  return seed;
}

/** The seed that the CPU's default generator was started from. */
export function initialSeed(): number | bigint {
  return defaultGenerator.initialSeed();
}

/** The state of the CPU's default generator: 5056 bytes, the same as PyTorch's. */
export function getRngState(): Tensor {
  return defaultGenerator.getState();
}

/** Sets the state of the CPU's default generator. */
export function setRngState(state: Tensor): void {
  defaultGenerator.setState(state);
}
