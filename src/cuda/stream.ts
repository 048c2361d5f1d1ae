/**
 * Streams and events: what a card does in order, and marks in it.
 *
 * @module
 */
import { event as eventAction, stream as action } from "../../ffi/symbols.ts";
import { checkOptions } from "../check.ts";
import type { Device, DeviceLike, Pointer } from "../device.ts";
import { currentIndex, currentStreams, ensure, pick, setCurrentIndex } from "./found.ts";

const streams = new FinalizationRegistry<{ device: Device; ptr: Pointer }>(({ device, ptr }) =>
  void device.kernels.stream(action.destroy, ptr)
);
const events = new FinalizationRegistry<{ device: Device; ptr: Pointer }>(({ device, ptr }) =>
  void device.kernels.event(eventAction.destroy, ptr)
);

/** Runs `call` with `ptr` as the device's current stream. */
function onStream<T>(device: Device, ptr: Pointer, call: () => T): T {
  const before = currentStreams.get(device.index!) ?? null; // a CUDA device has a number
  if (before === ptr) return call();
  device.kernels.stream(action.use, ptr);
  try {
    return call();
  } finally {
    device.kernels.stream(action.use, before);
  }
}

/** Options of {@linkcode Stream}. */
export interface StreamOptions {
  /** The device. Default: the current one. */
  device?: DeviceLike | number;
}

/**
 * A queue of work of one device: what one stream is given happens in order, different streams run side by side.
 *
 * @example
 * ```ts
 * import { cuda, ones } from "@raptorch/raptorch";
 * if (cuda.isAvailable()) {
 *   const x = ones(1000, { device: "cuda" });
 *   const side = new cuda.Stream();
 *   side.waitStream(cuda.currentStream());
 *   const y = cuda.stream(side, () => x.mul(2));
 *   cuda.currentStream().waitStream(side);
 *   console.assert(y.sum().item() === 2000);
 * }
 * ```
 */
export class Stream {
  /** The device. */
  readonly device: Device;
  /** @internal */
  readonly ptr: Pointer;

  /**
   * A new stream, or what {@linkcode defaultStream} and {@linkcode currentStream} give.
   *
   * @throws {Error} When there is no such device.
   */
  constructor(options: StreamOptions & { existing?: Pointer } = {}) {
    checkOptions("Stream", options, ["device", "existing"]);
    this.device = pick(options.device);
    if (options.existing !== undefined) {
      this.ptr = options.existing;
      return;
    }
    this.ptr = this.device.kernels.streamCreate();
    if (this.ptr === null) ensure(this.device.kernels, 1, "creating a stream");
    streams.register(this, { device: this.device, ptr: this.ptr });
  }

  /** Waits until all work that the stream was given is done. */
  synchronize(): void {
    ensure(this.device.kernels, this.device.kernels.stream(action.synchronize, this.ptr), "synchronizing a stream");
  }

  /** Whether all work that the stream was given is done. */
  query(): boolean {
    return this.device.kernels.stream(action.query, this.ptr) === 0;
  }

  /** Makes what the stream is given from now on wait for an event. */
  waitEvent(event: Event): void {
    event.wait(this);
  }

  /** Makes what the stream is given from now on wait for what `other` has been given so far. */
  waitStream(other: Stream): void {
    this.waitEvent(other.recordEvent());
  }

  /** Marks in an event (a new one by default) the end of what the stream has been given so far. */
  recordEvent(event: Event = new Event()): Event {
    event.record(this);
    return event;
  }

  /** As PyTorch's repr. */
  toString(): string {
    return `<torch.cuda.Stream device=${this.device} cuda_stream=0x${Deno.UnsafePointer.value(this.ptr).toString(16)}>`;
  }
}

/** Options of {@linkcode Event}. */
export interface EventOptions {
  /** Whether the event is for {@linkcode Event.elapsedTime}. Default: false. */
  enableTiming?: boolean;
  /** Accepted for PyTorch's sake: waiting always lets the thread sleep where the driver does. Default: false. */
  blocking?: boolean;
}

/**
 * A mark in a stream: to wait for, and to measure time by.
 *
 * @example
 * ```ts
 * import { cuda, ones } from "@raptorch/raptorch";
 * if (cuda.isAvailable()) {
 *   const x = ones(64, 64, { device: "cuda" });
 *   const begin = new cuda.Event({ enableTiming: true }), end = new cuda.Event({ enableTiming: true });
 *   begin.record();
 *   x.matmul(x);
 *   end.record();
 *   end.synchronize();
 *   console.assert(begin.elapsedTime(end) >= 0); // milliseconds
 * }
 * ```
 */
export class Event {
  /** Whether the event has a time. */
  readonly enableTiming: boolean;
  #device: Device | null = null;
  #ptr: Pointer = null;

  /** An event that marks nothing yet; it belongs to the device of the stream that it is first recorded in. */
  constructor(options: EventOptions = {}) {
    checkOptions("Event", options, ["enableTiming", "blocking"]);
    this.enableTiming = options.enableTiming ?? false;
  }

  /** The device that the event was recorded on, or `null`. */
  get device(): Device | null {
    return this.#device;
  }

  /**
   * Marks the end of what `stream` (default: the current one) has been given so far.
   *
   * @throws {Error} When the event was recorded on another device before.
   */
  record(stream: Stream = currentStream(this.#device ?? undefined)): void {
    const { device } = stream;
    if (this.#device !== null && this.#device !== device) {
      throw new Error(`Event device ${this.#device} does not match recording stream's device ${device}.`);
    }
    if (this.#device === null) {
      this.#device = device;
      this.#ptr = device.kernels.eventCreate();
      if (this.#ptr === null) ensure(device.kernels, 1, "creating an event");
      events.register(this, { device, ptr: this.#ptr });
    }
    const record = () => device.kernels.event(eventAction.record, this.#ptr);
    ensure(device.kernels, onStream(device, stream.ptr, record), "recording an event");
  }

  /** Makes what `stream` (default: the current one) is given from now on wait for the event. */
  wait(stream: Stream = currentStream()): void {
    if (this.#device === null) return;
    const { device } = stream, wait = () => device.kernels.event(eventAction.wait, this.#ptr);
    ensure(device.kernels, onStream(device, stream.ptr, wait), "waiting for an event");
  }

  /** Whether all work before the event is done. */
  query(): boolean {
    return this.#device === null || this.#device.kernels.event(eventAction.query, this.#ptr) === 0;
  }

  /** Waits until all work before the event is done. */
  synchronize(): void {
    if (this.#device === null) return;
    ensure(
      this.#device.kernels,
      this.#device.kernels.event(eventAction.synchronize, this.#ptr),
      "waiting for an event",
    );
  }

  /**
   * Milliseconds from this event to `end`.
   *
   * @throws {Error} When one of them has no time, was not recorded, or has not happened yet.
   */
  elapsedTime(end: Event): number {
    if (!this.enableTiming || !end.enableTiming) {
      throw new Error("Both events must be created with argument 'enableTiming: true'.");
    }
    if (this.#device === null || end.#device === null) {
      throw new Error("Both events must be recorded before calculating elapsed time.");
    }
    if (!this.query() || !end.query()) {
      throw new Error("Both events must be completed before calculating elapsed time.");
    }
    const elapsed = this.#device.kernels.eventElapsed(this.#ptr, end.#ptr);
    if (elapsed < 0) throw new Error(`Events of ${this.#device} and ${end.#device} have no time between them.`);
    return elapsed;
  }
}

/** The stream that `device` (default: the current one) is given work on. */
export function currentStream(device?: DeviceLike | number): Stream {
  const picked = pick(device);
  return new Stream({ device: picked, existing: currentStreams.get(picked.index!) ?? null });
}

/** The stream that `device` (default: the current one) is given work on unless another is chosen. */
export function defaultStream(device?: DeviceLike | number): Stream {
  return new Stream({ device: pick(device), existing: null });
}

/** What {@linkcode stream} and {@linkcode device} return without a function: `using _ = stream(s)`. */
export interface DeviceGuard extends Disposable {
  /** Goes back to what was current before. */
  [Symbol.dispose](): void;
}

function use(device: Device, ptr: Pointer): void {
  device.kernels.stream(action.use, ptr);
  if (ptr === null) currentStreams.delete(device.index!);
  else currentStreams.set(device.index!, ptr);
}

function guarded<T>(leave: () => void, body: (() => T) | undefined): T | DeviceGuard {
  const guard: DeviceGuard = { [Symbol.dispose]: leave };
  if (body === undefined) return guard;
  try {
    return body();
  } finally {
    leave();
  }
}

/**
 * Runs `body` with another current stream (and its device as the current device): `stream(s, () => …)`, or
 * `using _ = stream(s)` until the block ends.
 *
 * A tensor made on one stream and used on another needs {@linkcode Stream.waitStream}, and `x.recordStream(s)` if it is
 * released before that use is done.
 */
export function stream<T>(stream: Stream, body: () => T): T;
/** Makes another stream the current one until the block ends. */
export function stream(stream: Stream): DeviceGuard;
export function stream<T>(stream: Stream, body?: () => T): T | DeviceGuard {
  const { device, ptr } = stream, index = currentIndex(), before = currentStreams.get(device.index!) ?? null;
  setCurrentIndex(device.index!);
  use(device, ptr);
  return guarded(() => {
    use(device, before);
    setCurrentIndex(index);
  }, body);
}

/** Makes a stream the current one, and its device the current device, from now on. */
export function setStream(stream: Stream): void {
  setCurrentIndex(stream.device.index!);
  use(stream.device, stream.ptr);
}

/** Runs `body` with another device as what `"cuda"` means: `device(1, () => …)`, or `using _ = device(1)`. */
export function device<T>(device: DeviceLike | number, body: () => T): T;
/** Makes another device what `"cuda"` means until the block ends. */
export function device(device: DeviceLike | number): DeviceGuard;
export function device<T>(device: DeviceLike | number, body?: () => T): T | DeviceGuard {
  const before = currentIndex();
  setCurrentIndex(pick(device).index!);
  return guarded(() => setCurrentIndex(before), body);
}
