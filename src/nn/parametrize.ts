/**
 * Tensors of a module computed from others, as `torch.nn.utils.parametrize`.
 *
 * @module
 */
import { noGrad } from "../autograd/mode.ts";
import { checkOptions } from "../check.ts";
import { Parameter, type Tensor } from "../tensor.ts";
import type { Module } from "./module.ts";
import { ModuleDict, type ModuleDictionary, ModuleList } from "./module_list.ts";

/** A module that computes a tensor from one or several others, and perhaps the others from it. */
export interface Parametrization extends Module {
  /** The tensor. */
  forward(...originals: Tensor[]): Tensor;
  /** What {@linkcode Parametrization.forward} makes the tensor from. */
  rightInverse?(value: Tensor): Tensor | readonly Tensor[];
}

function asOriginal(value: Tensor, like: Tensor): Tensor {
  const data = noGrad(() => value.detach().clone());
  return like instanceof Parameter ? new Parameter(data, like.requiresGrad) : data;
}

/** The parametrizations of one tensor, one after the other, and what they start from. */
export class ParametrizationList extends ModuleList<Parametrization> {
  /** Whether there are several originals. */
  readonly isTensor: boolean;
  /** How many originals there are. */
  readonly ntensors: number;

  /** For {@linkcode registerParametrization}. */
  constructor(modules: readonly Parametrization[], original: Tensor) {
    super(modules);
    const value = noGrad(() =>
      [...modules].reverse().reduce<Tensor | readonly Tensor[]>(
        (x, module) => module.rightInverse === undefined ? x : module.rightInverse(x as Tensor),
        original,
      )
    );
    this.isTensor = !Array.isArray(value);
    const originals = Array.isArray(value) ? value as readonly Tensor[] : [value as Tensor];
    this.ntensors = originals.length;
    originals.forEach((x, i) => {
      const name = this.isTensor ? "original" : `original${i}`, own = asOriginal(x, original);
      if (own instanceof Parameter) this.registerParameter(name, own);
      else this.registerBuffer(name, own);
    });
  }

  /** The tensors that the first parametrization takes. */
  originals(): Tensor[] {
    const names = this.isTensor ? ["original"] : Array.from({ length: this.ntensors }, (_, i) => `original${i}`);
    return names.map((name) => Reflect.get(this, name) as Tensor);
  }

  /** The tensor. */
  override forward(): Tensor {
    const [first, ...rest] = this;
    return rest.reduce((x, module) => module(x), first(...this.originals()));
  }

  /**
   * Changes the originals so that the tensor is `value`.
   *
   * @throws {Error} When a parametrization has no inverse.
   */
  rightInverse(value: Tensor): void {
    noGrad(() => {
      let x: Tensor | readonly Tensor[] = value;
      for (const module of [...this].reverse()) {
        if (module.rightInverse === undefined) {
          throw new Error(`parametrization ${module.reprName} does not implement rightInverse.`);
        }
        x = module.rightInverse(x as Tensor);
      }
      const values = Array.isArray(x) ? x as readonly Tensor[] : [x as Tensor];
      this.originals().forEach((original, i) => original.copy_(values[i]));
    });
  }
}

/** A module with parametrized tensors. */
export type Parametrized<M extends Module> = M & {
  /** The parametrizations by the name of their tensor. */
  parametrizations: ModuleDictionary<ParametrizationList> & Record<string, ParametrizationList>;
};

/** Whether the module (or its tensor of that name) is parametrized. */
export function isParametrized(module: Module, tensorName: string | null = null): boolean {
  const found: unknown = Reflect.get(module, "parametrizations");
  return found instanceof ModuleDict && (tensorName === null || found.has(tensorName));
}

/** Refuses a parametrization that makes a tensor of another shape or type out of the module's. */
function checkKept(before: Tensor, after: Tensor, module: Module, tensorName: string): void {
  const pairs = [["dtype", before.dtype, after.dtype], ["shape", before.shape, after.shape]] as const;
  for (const [what, own, made] of pairs) {
    if (String(own) === String(made)) continue;
    throw new Error(
      `Registering a parametrization may not change the ${what} of the tensor, unless the \`unsafe\` flag is enabled. ` +
        `${module.reprName}.${tensorName} is ${own}, the parametrized one ${made}`,
    );
  }
}

/** Puts the module into a class of its own that is called `Parametrized…`. */
function rename(module: Module): void {
  const base = Object.getPrototypeOf(module);
  const prototype: object = Object.create(base, {
    constructor: { value: { name: `Parametrized${base.constructor.name}` }, configurable: true, writable: true },
  });
  Object.setPrototypeOf(module, prototype);
}

/**
 * Makes a parameter or buffer of the module a tensor that `parametrization` computes each time it is read.
 *
 * @example
 * ```ts
 * import { nn, type Tensor } from "@raptorch/raptorch";
 * class Symmetric extends nn.Module {
 *   override forward(x: Tensor): Tensor {
 *     return x.triu().add(x.triu(1).t());
 *   }
 * }
 * const layer = nn.utils.parametrize.registerParametrization(new nn.Linear(3, 3), "weight", new Symmetric());
 * console.assert(layer.weight.equal(layer.weight.t()));
 * ```
 *
 * @throws {Error} When the module has no tensor of that name.
 */
export function registerParametrization<M extends Module>(
  module: M,
  tensorName: string,
  parametrization: Parametrization,
  options: { unsafe?: boolean } = {},
): Parametrized<M> {
  checkOptions("register_parametrization", options, ["unsafe"]);
  parametrization.train(module.training);
  const parametrized = module as Parametrized<M>;
  if (isParametrized(module, tensorName)) {
    parametrized.parametrizations.get(tensorName).append(parametrization);
    return parametrized;
  }
  const state = new Map([...module.namedParameters({ recurse: false }), ...module.namedBuffers({ recurse: false })]);
  const original = state.get(tensorName);
  if (original === undefined) {
    throw new Error(
      `Module '${module}' does not have a parameter, a buffer, or a parametrized element with name '${tensorName}'`,
    );
  }
  const list = new ParametrizationList([parametrization], original);
  if (!options.unsafe) checkKept(original, noGrad(() => list()), module, tensorName);
  Reflect.deleteProperty(module, tensorName);
  if (!isParametrized(module)) {
    rename(module);
    module.registerModule("parametrizations", new ModuleDict());
  }
  // Not enumerable: the state dict has the originals.
  Object.defineProperty(module, tensorName, {
    get(this: Parametrized<M>): Tensor {
      return this.parametrizations.get(tensorName)();
    },
    set(this: Parametrized<M>, value: Tensor): void {
      this.parametrizations.get(tensorName).rightInverse(value);
    },
    enumerable: false,
    configurable: true,
  });
  parametrized.parametrizations.set(tensorName, list);
  return parametrized;
}

/**
 * Makes the tensor an ordinary one again, with its present value or, with `leaveParametrized: false`, the original.
 *
 * @throws {Error} When it is not parametrized, or has several originals and is to become the original.
 */
export function removeParametrizations<M extends Module>(
  module: M,
  tensorName: string,
  options: { leaveParametrized?: boolean } = {},
): M {
  checkOptions("remove_parametrizations", options, ["leaveParametrized"]);
  if (!isParametrized(module, tensorName)) {
    throw new Error(`Module ${module} does not have a parametrization on ${tensorName}`);
  }
  const { parametrizations } = module as unknown as Parametrized<Module>;
  const list = parametrizations.get(tensorName), [original] = list.originals();
  if (!(options.leaveParametrized ?? true) && !list.isTensor) {
    throw new Error(
      "Cannot leave unparametrized (`leave_parametrized=False`) a tensor that is parametrized in terms of a sequence of tensors.",
    );
  }
  const value = options.leaveParametrized ?? true ? asOriginal(list(), original) : original;
  Reflect.deleteProperty(module, tensorName);
  parametrizations.pop(tensorName);
  if (parametrizations.length === 0) {
    Reflect.deleteProperty(module, "parametrizations");
    Object.setPrototypeOf(module, Object.getPrototypeOf(Object.getPrototypeOf(module)));
  }
  if (value instanceof Parameter) module.registerParameter(tensorName, value);
  else module.registerBuffer(tensorName, value);
  return module;
}
