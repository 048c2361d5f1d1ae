/**
 * Whether operations are recorded: `noGrad`, `enableGrad`, `inferenceMode`, `setGradEnabled`.
 *
 * @module
 */

/** The current mode. Read by every recorded operation, so a plain object and not a function. @internal */
export const mode = {
  /** Operations on tensors that require gradients are recorded. */
  enabled: true,
  /** As `enabled: false`, asked for by `inferenceMode`. */
  inference: false,
  /** Failures in backward name the forward operation. */
  anomaly: false,
  /** A NaN that backward produces is such a failure. */
  checkNan: true,
};

/** Options of {@linkcode detectAnomaly}. */
export interface AnomalyOptions {
  /** Whether a NaN that backward produces is an error. Default: true. */
  checkNan?: boolean;
}

/** Ends a mode when its block is left: what `using _ = noGrad()` holds. */
export interface ModeGuard extends Disposable {
  /** Restores the mode that was in force before. */
  [Symbol.dispose](): void;
}

function switchTo(enabled: boolean, inference: boolean): ModeGuard {
  const before = { enabled: mode.enabled, inference: mode.inference };
  mode.enabled = enabled;
  mode.inference = inference;
  return {
    [Symbol.dispose](): void {
      mode.enabled = before.enabled;
      mode.inference = before.inference;
    },
  };
}

function inMode<T>(enabled: boolean, inference: boolean, body: (() => T) | undefined): T | ModeGuard {
  const guard = switchTo(enabled, inference);
  if (body === undefined) return guard;
  try {
    return body();
  } finally {
    guard[Symbol.dispose]();
  }
}

/**
 * Runs without recording: `noGrad(() => …)`, or `using _ = noGrad()` until the block ends.
 *
 * @example
 * ```ts
 * import { noGrad, ones } from "@raptorch/raptorch";
 * const x = ones([2], { requiresGrad: true });
 * console.assert(noGrad(() => x.mul(2)).requiresGrad === false);
 * ```
 */
export function noGrad<T>(body: () => T): T;
/** Runs without recording: `noGrad(() => …)`, or `using _ = noGrad()` until the block ends. */
export function noGrad(): ModeGuard;
export function noGrad<T>(body?: () => T): T | ModeGuard {
  return inMode(false, mode.inference, body);
}

/** Records again inside of {@linkcode noGrad}; called like it. */
export function enableGrad<T>(body: () => T): T;
/** Records again inside of {@linkcode noGrad}; called like it. */
export function enableGrad(): ModeGuard;
export function enableGrad<T>(body?: () => T): T | ModeGuard {
  // Within inference mode nothing is recorded, whoever asks.
  return inMode(!mode.inference, mode.inference, body);
}

/** Runs without recording and without the bookkeeping that a later backward would need; called like {@linkcode noGrad}. */
export function inferenceMode<T>(body: () => T, on?: boolean): T;
/** Runs without recording (with recording again where `on` is false), until the guard is disposed of. */
export function inferenceMode(on?: boolean): ModeGuard;
export function inferenceMode<T>(first?: (() => T) | boolean, on = true): T | ModeGuard {
  const body = typeof first === "function" ? first : undefined, inference = typeof first === "boolean" ? first : on;
  return inMode(inference ? false : mode.inference || mode.enabled, inference, body);
}

/** Switches recording on or off; the result restores the mode, when it is wanted. */
export function setGradEnabled(enabled: boolean): ModeGuard {
  return switchTo(enabled && !mode.inference, mode.inference);
}

/** Whether operations are recorded now. */
export function isGradEnabled(): boolean {
  return mode.enabled;
}

/** Whether {@linkcode inferenceMode} is on. */
export function isInferenceModeEnabled(): boolean {
  return mode.inference;
}

/**
 * Anomaly mode: an error in backward, or a NaN that backward produces, names the forward operation that it belongs to.
 * `detectAnomaly(() => …)`, or `using _ = detectAnomaly()`.
 */
export function detectAnomaly<T>(body: () => T, options?: AnomalyOptions): T;
/** Anomaly mode: an error in backward, or a NaN that backward produces, names the forward operation that it belongs to. */
export function detectAnomaly(options?: AnomalyOptions): ModeGuard;
export function detectAnomaly<T>(first?: (() => T) | AnomalyOptions, options: AnomalyOptions = {}): T | ModeGuard {
  const body = typeof first === "function" ? first : undefined;
  const { checkNan = true } = typeof first === "object" ? first : options;
  const before = mode.anomaly, nan = mode.checkNan;
  mode.anomaly = true;
  mode.checkNan = checkNan;
  const guard: ModeGuard = {
    [Symbol.dispose](): void {
      mode.anomaly = before;
      mode.checkNan = nan;
    },
  };
  if (body === undefined) return guard;
  try {
    return body();
  } finally {
    guard[Symbol.dispose]();
  }
}
