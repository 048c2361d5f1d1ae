/**
 * State dicts: a module's parameters and buffers by name, out and in.
 *
 * @module
 */
import { mode } from "../autograd/mode.ts";
import { formatSize } from "../format.ts";
import { sameSizes } from "../shape.ts";
import { Parameter, Tensor } from "../tensor.ts";
import type { Module } from "./module.ts";

/** Parameters and buffers by their full names, in PyTorch's order. */
export type StateDict = Record<string, Tensor>;

/** Options of {@linkcode Module.loadStateDict}. */
export interface LoadStateDictOptions {
  /** Whether missing and unexpected names are errors. Default: true. */
  strict?: boolean;
  /** Whether the module takes over the tensors themselves instead of copying their values. Default: false. */
  assign?: boolean;
}

/** What {@linkcode Module.loadStateDict} found. Prints as PyTorch's result. */
export class IncompatibleKeys {
  /** Names that the module has and the state dict has not. */
  readonly missingKeys: string[];
  /** Names that the state dict has and the module has not. */
  readonly unexpectedKeys: string[];

  /** For `loadStateDict` only. */
  constructor(missingKeys: string[], unexpectedKeys: string[]) {
    this.missingKeys = missingKeys;
    this.unexpectedKeys = unexpectedKeys;
  }

  /** `<All keys matched successfully>`, or the names. */
  toString(): string {
    if (this.missingKeys.length + this.unexpectedKeys.length === 0) return "<All keys matched successfully>";
    const list = (keys: string[]): string => `[${keys.map((k) => `'${k}'`).join(", ")}]`;
    return `_IncompatibleKeys(missing_keys=${list(this.missingKeys)}, unexpected_keys=${list(this.unexpectedKeys)})`;
  }

  /** What `console.log` shows. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }
}

/** What is collected while a state dict is loaded, module by module. @internal */
export interface Loading {
  missing: string[];
  /** Names of the state dict that some module has asked for. */
  known: Set<string>;
  errors: string[];
  assign: boolean;
}

/** Adds the module's own state, then that of its children, to `into`. @internal */
export function collectState(module: Module, into: StateDict, prefix: string, keepVars: boolean): StateDict {
  for (const [name, value] of module.ownState()) into[prefix + name] = keepVars ? value : value.detach();
  for (const [name, child] of module.namedChildren()) collectState(child, into, `${prefix}${name}.`, keepVars);
  return into;
}

/** Loads one module's own entries and, by way of {@linkcode loadState}, its children's. @internal */
export function loadOwn(module: Module, state: StateDict, prefix: string, loading: Loading): void {
  for (const [name, value] of module.ownState()) {
    const key = prefix + name;
    loading.known.add(key);
    const source = state[key];
    if (source === undefined) loading.missing.push(key);
    else loadEntry(module, name, value, source, key, loading);
  }
}

function loadEntry(module: Module, name: string, value: Tensor, source: Tensor, key: string, loading: Loading): void {
  if (!(source instanceof Tensor)) {
    loading.errors.push(
      `While copying the parameter named "${key}", expected torch.Tensor or Tensor-like object from checkpoint but ` +
        `received ${typeof source}`,
    );
    return;
  }
  // Before PyTorch 0.4 a 0-d tensor was saved as one element.
  if (value.ndim === 0 && source.ndim === 1 && source.count === 1) source = source.get(0);
  if (!sameSizes(value.sizes, source.sizes)) {
    loading.errors.push(
      `size mismatch for ${key}: copying a param with shape ${
        formatSize(source.sizes)
      } from checkpoint, the shape in current model is ${formatSize(value.sizes)}.`,
    );
    return;
  }
  if (loading.assign) {
    const isParameter = value instanceof Parameter;
    Object.assign(module, {
      [name]: isParameter && !(source instanceof Parameter) ? new Parameter(source, value.requiresGrad) : source,
    });
    return;
  }
  const before = mode.enabled;
  mode.enabled = false;
  try {
    value.copy_(source);
  } finally {
    mode.enabled = before;
  }
}

/** Loads a whole state dict into a module and its children. @internal */
export function loadState(module: Module, state: StateDict, options: LoadStateDictOptions): IncompatibleKeys {
  if (typeof state !== "object" || state === null) {
    throw new TypeError(`Expected state_dict to be dict-like, got ${state === null ? "null" : typeof state}.`);
  }
  const loading: Loading = { missing: [], known: new Set(), errors: [], assign: options.assign ?? false };
  const visit = (m: Module, prefix: string): void => {
    m.loadOwnState(state, prefix, loading);
    for (const [name, child] of m.namedChildren()) visit(child, `${prefix}${name}.`);
  };
  visit(module, "");
  const unexpected = Object.keys(state).filter((key) => !loading.known.has(key));
  const errors = [...loading.errors];
  if (options.strict ?? true) {
    const quoted = (keys: string[]): string => keys.map((k) => `"${k}"`).join(", ");
    if (unexpected.length > 0) errors.unshift(`Unexpected key(s) in state_dict: ${quoted(unexpected)}. `);
    if (loading.missing.length > 0) errors.unshift(`Missing key(s) in state_dict: ${quoted(loading.missing)}. `);
  }
  if (errors.length > 0) {
    throw new Error(`Error(s) in loading state_dict for ${module.constructor.name}:\n\t${errors.join("\n\t")}`);
  }
  return new IncompatibleKeys(loading.missing, unexpected);
}
