/**
 * What concerns the graph itself: `autograd.graph`.
 *
 * @module
 */
export { Node } from "./node.ts";
export { savedTensorsHooks } from "./saved.ts";
