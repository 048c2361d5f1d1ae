// Generated from kernels/raptorch.h by ffi/generate.ts: do not edit.

/** The header's hash: a library built from another header is refused. */
export const abiHash = -2002454885;

/** Every C function, by its name without `rap_`. */
export const symbols = {
  abiHash: { name: "rap_abi_hash", parameters: [], result: "i32" },
  offset: { name: "rap_offset", parameters: ["pointer", "i32"], result: "pointer" },
  offsetFar: { name: "rap_offset_far", parameters: ["pointer", "i32", "i32"], result: "pointer" },
  adviseHuge: { name: "rap_advise_huge", parameters: ["pointer", "f64"], result: "void" },
  setNumThreads: { name: "rap_set_num_threads", parameters: ["i32"], result: "void" },
  getNumThreads: { name: "rap_get_num_threads", parameters: [], result: "i32" },
} as const;
