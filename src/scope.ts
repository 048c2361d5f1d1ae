/**
 * Tighter control of memory than the graph gives by itself: `scope`, `tidy`, `keep`.
 *
 * @module
 */
import { type Arena, closeArena, openArena } from "./storage.ts";
import type { Tensor } from "./tensor.ts";

/** An open scope: what `using _ = scope()` holds. */
export interface Scope extends Disposable {
  /** Releases the tensors that were made since the scope was opened. */
  [Symbol.dispose](): void;
}

/**
 * Until the block ends, collects the tensors that are made, and then releases them all. `keep(x)`, parameters,
 * gradients of leaves and optimizer state stay.
 *
 * @example
 * ```ts
 * import { keep, ones, scope } from "@raptorch/raptorch";
 * let total;
 * {
 *   using _ = scope();
 *   total = keep(ones(1000, 1000).mul(2).sum());
 * }
 * console.assert(total.item() === 2e6);
 * ```
 */
export function scope(): Scope {
  const arena = openArena();
  let open = true;
  return {
    [Symbol.dispose](): void {
      if (!open) return;
      open = false;
      end(arena, []);
    },
  };
}

function end(arena: Arena, survivors: readonly Tensor[]): void {
  for (const x of survivors) x.storage.inFlight++;
  closeArena(arena, (storage) => {
    if (storage.kept) return false;
    if (storage.inFlight > 0) return true;
    storage.dispose();
    return false;
  });
  for (const x of survivors) x.storage.inFlight--;
}

/** Anything that holds tensors: one, a list of them, an object of them, or neither. */
function tensorsIn(value: unknown, found: Tensor[] = []): Tensor[] {
  if (isTensor(value)) found.push(value);
  else if (Array.isArray(value)) { for (const v of value) tensorsIn(v, found); }
  else if (typeof value === "object" && value !== null) { for (const v of Object.values(value)) tensorsIn(v, found); }
  return found;
}

function isTensor(value: unknown): value is Tensor {
  return typeof value === "object" && value !== null && "storage" in value && "gradEdge" in value;
}

/**
 * Runs `body` in a {@linkcode scope}; the tensors that it returns stay.
 *
 * @example
 * ```ts
 * import { ones, tidy } from "@raptorch/raptorch";
 * const y = tidy(() => ones(3).mul(2).add(1));
 * console.assert(y.sum().item() === 9);
 * ```
 */
export function tidy<T>(body: () => T): T {
  const arena = openArena();
  let result: T;
  try {
    result = body();
  } catch (error) {
    end(arena, []);
    throw error;
  }
  end(arena, tensorsIn(result));
  return result;
}

/**
 * Protects a tensor from being recycled: by the scope it was made in, and by the graph after backward.
 */
export function keep<T extends Tensor>(x: T): T {
  x.storage.held = true;
  x.storage.kept = true;
  return x;
}
