/**
 * `utils.checkpoint`: recomputing instead of saving.
 *
 * @module
 */
export { checkpoint, type CheckpointOptions, checkpointSequential } from "./autograd/saved.ts";
