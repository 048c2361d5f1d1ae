/**
 * PyTorch's `torch.utils`.
 *
 * @module
 */
export * as data from "./data/mod.ts";
export * as checkpoint from "./checkpoint.ts";
