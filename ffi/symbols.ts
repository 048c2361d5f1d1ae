// Generated from kernels/raptorch.h by ffi/generate.ts: do not edit.

/** The header's hash: a library built from another header is refused. */
export const abiHash = -638194890;

/** Every C function, by its name without `rap_`. */
export const symbols = {
  abiHash: { name: "rap_abi_hash", parameters: [], result: "i32" },
  offset: { name: "rap_offset", parameters: ["pointer", "i32"], result: "pointer" },
  offsetFar: { name: "rap_offset_far", parameters: ["pointer", "i32", "i32"], result: "pointer" },
  adviseHuge: { name: "rap_advise_huge", parameters: ["pointer", "f64"], result: "void" },
  setNumThreads: { name: "rap_set_num_threads", parameters: ["i32"], result: "void" },
  getNumThreads: { name: "rap_get_num_threads", parameters: [], result: "i32" },
  generatorSeed: { name: "rap_generator_seed", parameters: ["pointer", "i32", "i32"], result: "void" },
  randomFill: { name: "rap_random_fill", parameters: ["i32", "pointer", "pointer", "i32", "i32", "f64", "f64"], result: "i32" },
  randomIntegers: { name: "rap_random_integers", parameters: ["i32", "pointer", "pointer", "i32", "pointer"], result: "i32" },
  randomAny: { name: "rap_random_any", parameters: ["i32", "pointer", "pointer", "i32"], result: "i32" },
  randperm: { name: "rap_randperm", parameters: ["i32", "pointer", "pointer", "i32"], result: "i32" },
  randomBernoulli: { name: "rap_random_bernoulli", parameters: ["i32", "pointer", "pointer", "pointer", "i32", "i32"], result: "i32" },
  randomSample: { name: "rap_random_sample", parameters: ["i32", "pointer", "pointer", "pointer", "pointer", "i32", "i32"], result: "i32" },
  multinomial: { name: "rap_multinomial", parameters: ["i32", "pointer", "pointer", "pointer", "i32", "i32", "i32", "i32"], result: "i32" },
} as const;
