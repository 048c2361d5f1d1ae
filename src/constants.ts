/**
 * Numbers that `torch` names.
 *
 * @module
 */

/** π. */
export const pi: number = Math.PI;
/** The base of the natural logarithm. */
export const e: number = Math.E;
/** Infinity. */
export const inf: number = Infinity;
/** Not a number. */
export const nan: number = NaN;
/** In an index: a new dimension of size 1. */
export const newaxis: null = null;
