/**
 * Printing, as PyTorch prints: tensors (`torch/_tensor_str.py`), sizes, and Python's own text for numbers.
 *
 * Everything here is a pure function of what is printed and of the print options.
 */

/** What printing needs to know about a tensor. */
export interface Printable {
  /** Sizes, outermost first. */
  readonly shape: readonly number[];
  /** Name of the element type, as in `"float32"`. */
  readonly dtype: string;
  /** The device, as in `"cpu"` or `"cuda:0"`. */
  readonly device: string;
  /** Whether the tensor asks for a gradient. */
  readonly requiresGrad: boolean;
  /** Name of the node that made the tensor, as in `"AddmmBackward0"`, or `null` for a leaf. */
  readonly gradName: string | null;
  /** Whether this is a parameter of a module, which prints `Parameter containing:` above itself. */
  readonly isParameter?: boolean;
  /**
   * The elements at the cross product of one index list per dimension, row-major.
   *
   * Printing asks once, for the whole tensor or for its summary only.
   */
  read(indices: readonly (readonly number[])[]): ArrayLike<number | bigint | boolean>;
}

/** How tensors are printed; the fields and defaults are those of `torch.set_printoptions`. */
export interface PrintOptions {
  /** Digits after the decimal point. */
  precision: number;
  /** Tensors with more elements than this are summarised. */
  threshold: number;
  /** Elements shown at each end of a summarised dimension. */
  edgeitems: number;
  /** Columns of a line. */
  linewidth: number;
  /** Scientific notation: always, never, or `null` to decide from the values. */
  sciMode: boolean | null;
}

/** What {@linkcode setPrintoptions} accepts. */
export interface SetPrintOptions extends Partial<PrintOptions> {
  /** Start from these defaults: `"short"` shows 2 digits and 2 edge items, `"full"` never summarises. */
  profile?: "default" | "short" | "full";
}

/** The names of the tensor classes of PyTorch before it had element types, which it still prints. */
export const tensorTypes: Record<string, string> = {
  float32: "torch.FloatTensor",
  float64: "torch.DoubleTensor",
  int64: "torch.LongTensor",
  int32: "torch.IntTensor",
  uint8: "torch.ByteTensor",
  bool: "torch.BoolTensor",
  float16: "torch.HalfTensor",
  bfloat16: "torch.BFloat16Tensor",
};

const PROFILES: Record<"default" | "short" | "full", Omit<PrintOptions, "sciMode">> = {
  default: { precision: 4, threshold: 1000, edgeitems: 3, linewidth: 80 },
  short: { precision: 2, threshold: 1000, edgeitems: 2, linewidth: 80 },
  full: { precision: 4, threshold: Infinity, edgeitems: 3, linewidth: 80 },
};
const OPTION_NAMES = ["profile", "precision", "threshold", "edgeitems", "linewidth", "sciMode"];

let printOptions: PrintOptions = { ...PROFILES.default, sciMode: null };

/**
 * Set how tensors are printed.
 *
 * As in PyTorch, `sciMode` goes back to `null` (decide from the values) whenever it is not given.
 *
 * @param options The options to change; the others stay.
 * @throws {TypeError} If an option has an unknown name or profile.
 */
export function setPrintoptions(options: SetPrintOptions = {}): void {
  for (const name of Object.keys(options)) {
    if (!OPTION_NAMES.includes(name)) {
      throw new TypeError(`setPrintoptions: unknown option "${name}", expected one of ${OPTION_NAMES.join(", ")}`);
    }
  }
  const { profile, ...given } = options;
  if (profile !== undefined && !Object.hasOwn(PROFILES, profile)) {
    throw new TypeError(`setPrintoptions: unknown profile "${profile}", expected default, short or full`);
  }
  const changes = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  printOptions = { ...printOptions, ...(profile ? PROFILES[profile] : {}), sciMode: null, ...changes };
}

/**
 * The options that tensors are printed with.
 *
 * @returns A copy, to be given back to {@linkcode setPrintoptions}.
 */
export function getPrintoptions(): PrintOptions {
  return { ...printOptions };
}

/** What a tensor is compared with to decide which suffixes are left out. */
export interface FormatDefaults {
  /** Element type that prints no `dtype=`. Default `"float32"`. */
  dtype?: string;
  /** Device that prints no `device=`. Default `"cpu"`. */
  device?: string;
}

/**
 * The text of a tensor, equal to PyTorch's.
 *
 * @param x The tensor, or what is known of it.
 * @param defaults The default element type and device.
 * @returns Text such as `tensor([1., 2.], requires_grad=True)`.
 */
export function formatTensor(x: Printable, defaults: FormatDefaults = {}): string {
  const prefix = "tensor(";
  const numel = x.shape.reduce((a, b) => a * b, 1);
  const body = numel === 0 ? "[]" : formatElements(x, numel, prefix.length);
  const text = addSuffixes(prefix + body, suffixesOf(x, numel, defaults), prefix.length);
  return x.isParameter ? `Parameter containing:\n${text}` : text;
}

/** What follows the numbers: `size=`, `dtype=`, `grad_fn=` and the like, where they cannot be seen from the numbers. */
function suffixesOf(x: Printable, numel: number, defaults: FormatDefaults): string[] {
  const defaultDtype = defaults.dtype ?? "float32";
  const suffixes: string[] = [];
  if (x.device !== (defaults.device ?? "cpu")) suffixes.push(`device='${x.device}'`);
  if (numel === 0 ? x.shape.length !== 1 : printOptions.edgeitems === 0) suffixes.push(`size=${formatTuple(x.shape)}`);
  const visible = numel === 0 ? [defaultDtype] : [defaultDtype, "int64", "bool"];
  if (!visible.includes(x.dtype)) suffixes.push(`dtype=torch.${x.dtype}`);
  if (x.gradName !== null) suffixes.push(`grad_fn=<${x.gradName}>`);
  else if (x.requiresGrad) suffixes.push("requires_grad=True");
  return suffixes;
}

/** The numbers and brackets of a tensor that has elements. */
function formatElements(x: Printable, numel: number, margin: number): string {
  const summarize = numel > printOptions.threshold;
  const edge = printOptions.edgeitems;
  const rank = x.shape.length;
  const elided = x.shape.map((size) => summarize && size > 2 * edge);
  const shown = x.shape.map((size, dim) => {
    const all = Array.from({ length: size }, (_, i) => i);
    return elided[dim] ? [...all.slice(0, edge), ...all.slice(size - edge)] : all;
  });
  const values = Array.from(x.read(shown));
  const column = columnOf(values, x.dtype);
  if (rank === 0) return column.format(values[0]);

  let next = 0;
  const write = (dim: number, indent: number): string => {
    const last = dim === rank - 1;
    const parts = shown[dim].map(() => last ? column.format(values[next++]) : write(dim + 1, indent + 1));
    if (elided[dim]) parts.splice(edge, 0, last && edge > 0 ? " ..." : "...");
    if (last) return wrap(parts, indent, column.width);
    return `[${parts.join(`,${"\n".repeat(rank - dim - 1)}${" ".repeat(indent + 1)}`)}]`;
  };
  return write(0, margin);
}

/** One innermost row, broken into lines of `linewidth` columns. */
function wrap(parts: string[], indent: number, width: number): string {
  const perLine = Math.max(1, Math.floor((printOptions.linewidth - indent) / (width + 2)));
  const lines: string[] = [];
  for (let i = 0; i < parts.length; i += perLine) lines.push(parts.slice(i, i + perLine).join(", "));
  return `[${lines.join(`,\n${" ".repeat(indent + 1)}`)}]`;
}

/** Append `suffixes`, each on a new line where it would not fit; `indent` is that line's margin. */
function addSuffixes(text: string, suffixes: string[], indent: number): string {
  // PyTorch counts one column more than the last line has.
  let column = text.length - text.lastIndexOf("\n") + 1;
  for (const suffix of suffixes) {
    if (column + suffix.length + 2 > printOptions.linewidth) {
      text += `,\n${" ".repeat(indent)}${suffix}`;
      column = indent + suffix.length;
    } else {
      text += `, ${suffix}`;
      column += suffix.length + 2;
    }
  }
  return `${text})`;
}

type Value = number | bigint | boolean;

/** How all elements of one tensor are written: right-aligned to a common width. */
interface Column {
  readonly width: number;
  format(value: Value): string;
}

function columnOf(values: readonly Value[], dtype: string): Column {
  const isFloat = dtype.startsWith("float") || dtype === "bfloat16";
  // Zeros, infinities and NaN have no say in a float's notation and width.
  const sample = isFloat ? values.filter((v) => Number.isFinite(v) && v !== 0) : values;
  const write = isFloat ? floatNotation(sample.map(Number)) : dtype === "bool" ? formatBool : String;
  const width = sample.reduce((widest: number, value) => Math.max(widest, write(value).length), 1);
  return { width, format: (value) => write(value).padStart(width) };
}

/** The notation for floats whose finite and nonzero values are `sample`: scientific, integral (`1.`) or fixed. */
function floatNotation(sample: readonly number[]): (value: Value) => string {
  let [min, max, integral] = [Infinity, 0, true];
  for (const value of sample) {
    min = Math.min(min, Math.abs(value));
    max = Math.max(max, Math.abs(value));
    integral &&= Number.isInteger(value);
  }
  const digits = printOptions.precision;
  const wide = max / min > 1000 || max > 1e8 || min < 1e-4;
  if (sample.length > 0 && (printOptions.sciMode ?? wide)) return (value) => formatExponential(Number(value), digits);
  if (!integral) return (value) => formatFixed(Number(value), digits);
  return (value) => formatFixed(Number(value), 0) + (Number.isFinite(Number(value)) ? "." : "");
}

/**
 * A number with a fixed count of decimals, as Python's `f"{x:.4f}"`.
 *
 * The exact binary value is rounded, ties to even (`Number.prototype.toFixed` rounds ties away from zero).
 *
 * @param x The number.
 * @param digits Digits after the decimal point, at most 99.
 * @returns The text, `inf`, `-inf` or `nan`.
 */
export function formatFixed(x: number, digits: number): string {
  if (!Number.isFinite(x)) return formatNonFinite(x);
  const sign = x < 0 || Object.is(x, -0) ? "-" : "";
  const magnitude = Math.abs(x);
  // From here on toFixed would switch to scientific notation.
  if (magnitude >= 1e21) return sign + BigInt(magnitude) + (digits ? `.${"0".repeat(digits)}` : "");
  // Only if x · 2^(digits + 1) is an integer do digits + 1 decimals write x exactly, and only then can it be a tie.
  if (Number.isInteger(magnitude * 2 ** (digits + 1))) {
    const exact = magnitude.toFixed(digits + 1);
    const down = exact.slice(0, digits ? -1 : -2);
    if (exact.endsWith("5") && Number(down.at(-1)) % 2 === 0) return sign + down;
  }
  return sign + magnitude.toFixed(digits);
}

/**
 * A number in scientific notation, as Python's `f"{x:.4e}"`: ties to even, an exponent of at least two digits.
 *
 * @param x The number.
 * @param digits Digits after the decimal point.
 * @returns The text, `inf`, `-inf` or `nan`.
 */
export function formatExponential(x: number, digits: number): string {
  if (!Number.isFinite(x)) return formatNonFinite(x);
  const sign = x < 0 || Object.is(x, -0) ? "-" : "";
  const magnitude = Math.abs(x);
  let [mantissa, exponent] = magnitude.toExponential(digits).split("e");
  // A tie has exactly digits + 1 decimals; 60 further digits tell it from every other double.
  const [long, power] = magnitude.toExponential(Math.min(100, digits + 60)).split("e");
  const cut = digits ? digits + 2 : 1;
  if (/^\.?50*$/.test(long.slice(cut)) && Number(long[cut - 1]) % 2 === 0) {
    [mantissa, exponent] = [long.slice(0, cut), power];
  }
  return `${sign}${mantissa}e${exponent[0]}${exponent.slice(1).padStart(2, "0")}`;
}

function formatNonFinite(x: number): string {
  return Number.isNaN(x) ? "nan" : x > 0 ? "inf" : "-inf";
}

function formatBool(value: unknown): string {
  return value ? "True" : "False";
}

/**
 * A float as Python prints it: `1.0`, `0.1`, `1e-05`, `1e+16`, `inf`.
 *
 * @param x The number.
 * @returns The shortest text that reads back as the same number.
 */
export function formatFloat(x: number): string {
  if (!Number.isFinite(x)) return formatNonFinite(x);
  const sign = x < 0 || Object.is(x, -0) ? "-" : "";
  const [mantissa, power] = Math.abs(x).toExponential().split("e");
  const digits = mantissa.replace(".", "");
  const exponent = Number(power);
  if (exponent < -4 || exponent >= 16) {
    return `${sign}${mantissa}e${power[0]}${power.slice(1).padStart(2, "0")}`;
  }
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  return `${sign}${whole}.${digits.slice(exponent + 1) || "0"}`;
}

/**
 * A tuple as Python prints it: `(3, 3)`, `(3,)`, `()`.
 *
 * @param items The items; numbers print as integers where they are, see {@linkcode formatValue}.
 * @returns The text.
 */
export function formatTuple(items: readonly unknown[]): string {
  return `(${items.map(formatValue).join(", ")}${items.length === 1 ? "," : ""})`;
}

/**
 * A value as Python's `repr` prints it: `None`, `True`, `'zeros'`, `(3, 3)`.
 *
 * A number prints as an integer if it is one; use {@linkcode formatFloat} for what is a float in Python.
 *
 * @param value The value; an array prints as a tuple.
 * @returns The text.
 */
export function formatValue(value: unknown): string {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return formatBool(value);
  if (typeof value === "number") return Number.isInteger(value) ? String(value) : formatFloat(value);
  if (typeof value === "string") return formatString(value);
  if (Array.isArray(value)) return formatTuple(value);
  return String(value);
}

function formatString(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replace(/\\/g, "\\\\").replace(/\n/g, "\\n").replace(/\r/g, "\\r").replace(/\t/g, "\\t");
  return quote + (quote === "'" ? escaped.replace(/'/g, "\\'") : escaped) + quote;
}

/**
 * A size as PyTorch prints it: `torch.Size([10, 48])`.
 *
 * @param shape The sizes.
 * @returns The text.
 */
export function formatSize(shape: readonly number[]): string {
  return `torch.Size([${shape.join(", ")}])`;
}
