/**
 * `utils.checkpoint`: recomputing instead of saving.
 *
 * @module
 */
export { checkpoint, type CheckpointOptions } from "./autograd/saved.ts";
