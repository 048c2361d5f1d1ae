/**
 * What runs on the CUDA device: in the tests on the emulator, by `deno task test:cuda` on a card.
 *
 * Not here are tests of what no device takes part in (printing, files, pictures), and those that compare with the numbers
 * of the CPU's random generator.
 *
 * @module
 */

/** Two halves of about equal time, to run side by side. */
export const halves: readonly (readonly string[])[] = [
  [
    "pointwise_test.ts",
    "optim_test.ts",
    "linalg_test.ts",
    "linalg_golden_test.ts",
    "nn_sequence_test.ts",
    "attention_test.ts",
    "samples_test.ts",
    "cuda/devices.ts",
  ],
  [
    "nn_gradcheck_test.ts",
    "arrange_test.ts",
    "autograd_test.ts",
    "bad_input_test.ts",
    "index_test.ts",
    "math_test.ts",
    "nn_functional_test.ts",
    "nn_lazy_test.ts",
    "nn_modules_test.ts",
    "nn_training_test.ts",
    "nn_utils_test.ts",
    "core_test.ts",
    "places_test.ts",
    "reduce_test.ts",
    "scatter_test.ts",
    "utils_golden_test.ts",
    "vision_test.ts",
    "cuda/layer.ts",
    "cuda/mnist.ts",
    "cuda/bench.ts",
  ],
];
