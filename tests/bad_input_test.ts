/** What the caller gets wrong is named: the operation, the shapes, the types, the option. */
import { strict as assert } from "node:assert";
import * as torch from "../mod.ts";
import { throwsByValue } from "./device.ts";
import { F, nn, ones, optim, OrderedDict, tensor, zeros } from "../mod.ts";

const cases: [name: string, call: () => unknown, message: RegExp][] = [
  [
    "add",
    () => ones(2).add(ones(3)),
    /The size of tensor a \(2\) must match the size of tensor b \(3\) at non-singleton dimension 0/,
  ],
  [
    "sub of bools",
    () => tensor([true]).sub(tensor([true])),
    /Subtraction, the `-` operator, with two bool tensors is not supported/,
  ],
  [
    "unknown option",
    () => ones(2).add(1, { alhpa: 2 } as never),
    /add\(\) got an unexpected option 'alhpa' \(it has: alpha\)/,
  ],
  [
    "truth from a number",
    () => ones(2).sub_(true),
    /Subtraction, the `-` operator, with a bool tensor is not supported/,
  ],
  ["large bytes", () => tensor([1, 300], { dtype: "uint8" }), /cannot be converted to type uint8 without overflow/],
  ["no integer", () => tensor([NaN], { dtype: "int64" }), /cannot be converted to type int64 without overflow/],
  ["a large fill", () => zeros(2, { dtype: "uint8" }).fill_(-256), /converted to type uint8_t without overflow/],
  ["negative row", () => torch.F.embedding(tensor([-1n]), ones(3, 2)), /index out of range in self/],
  ["unknown option of sum", () => ones(2).sum(0, { keepdims: true } as never), /unexpected option 'keepdims'/],
  ["mm", () => ones(2, 3).mm(ones(2, 3)), /mat1 and mat2 shapes cannot be multiplied \(2x3 and 2x3\)/],
  ["mm of types", () => ones(2, 2).mm(ones(2, 2).double()), /same dtype, but got: torch.float32 != torch.float64/],
  ["bmm", () => ones(2, 3, 4).bmm(ones(3, 4, 5)), /Expected size for first two dimensions of batch2/],
  [
    "linear",
    () => F.linear(ones(64, 576), ones(128, 784)),
    /linear: input has 576 features but weight expects 784 \(input \[64, 576\], weight \[128, 784\]\)/,
  ],
  ["view", () => ones(2, 3).view(4, 2), /shape '\[4, 2\]' is invalid for input of size 6/],
  ["view of a transpose", () => ones(2, 3).t().view(6), /view size is not compatible .* Use \.reshape/],
  ["two unknown sizes", () => ones(4).view(-1, -1), /only one dimension can be inferred/],
  ["expand", () => ones(2).expand(3), /The expanded size of the tensor \(3\) must match the existing size \(2\)/],
  ["dimension", () => ones(2).sum(1), /Dimension out of range \(expected to be in range of \[-1, 0\], but got 1\)/],
  ["repeated dimension", () => ones(2, 2).sum([0, -2]), /dim 0 appears multiple times/],
  ["mean of integers", () => torch.arange(3).mean(), /mean\(\): could not infer output dtype/],
  ["item", () => ones(2).item(), /a Tensor with 2 elements cannot be converted to Scalar/],
  ["ragged rows", () => tensor([[1, 2], [3]]), /expected sequence of length 2 at dim 1 \(got 1\)/],
  ["strings", () => tensor(["a"] as never), /cannot make an element from string/],
  ["negative size", () => zeros(-1), /negative dimension -1/],
  ["unknown dtype", () => zeros(2, { dtype: "float33" as never }), /float33 is none of/],
  ["unknown device", () => zeros(2, { device: "tpu" }), /Expected one of cpu, cuda device type/],
  ["no card", () => ones(2).to("cuda:99"), /CUDA/],
  [
    "integers want no gradient",
    () => torch.arange(3).requiresGrad_(),
    /only Tensors of floating point dtype can require gradients/,
  ],
  [
    "expanded memory",
    () => ones(1).expand(3).add_(1),
    /more than one element of the written-to tensor refers to a single memory location/,
  ],
  [
    "in-place type",
    () => torch.arange(3).add_(0.5),
    /result type torch.float32 can't be cast to the desired output type torch.int64/,
  ],
  ["in-place shape", () => ones(1).add_(ones(3)), /output with shape \[1\] doesn't match the broadcast shape \[3\]/],
  [
    "conv2d channels",
    () => F.conv2d(ones(1, 3, 8, 8), ones(4, 2, 3, 3)),
    /expected input\[1, 3, 8, 8\] to have 2 channels, but got 3 channels instead/,
  ],
  [
    "conv2d kernel",
    () => F.conv2d(ones(1, 1, 2, 2), ones(1, 1, 3, 3)),
    /Kernel size can't be greater than actual input size/,
  ],
  ["max pooling", () => F.maxPool2d(ones(1, 1, 1, 1), 2), /[Oo]utput size is too small/],
  [
    "cross entropy",
    () => F.crossEntropy(ones(3, 5), torch.arange(2)),
    /Expected input batch_size \(3\) to match target batch_size \(2\)/,
  ],
  ["class out of range", () => F.crossEntropy(ones(1, 3), tensor([7n])), /Target 7 is out of bounds/],
  [
    "bce sizes",
    () => F.binaryCrossEntropy(ones(2), ones(3)),
    /Using a target size \(torch.Size\(\[3\]\)\) that is different to the input size/,
  ],
  ["softmax dimension", () => F.softmax(ones(2), 3), /Dimension out of range/],
  ["duplicate key", () => new OrderedDict([["a", new nn.ReLU()], ["a", new nn.ReLU()]]), /a/],
  ["learning rate", () => new optim.SGD([ones(1).requiresGrad_()], { lr: -1 }), /Invalid learning rate: -1/],
  ["no parameters", () => new optim.SGD([], { lr: 0.1 }), /optimizer got an empty parameter list/],
  [
    "state dict",
    () => new nn.Linear(2, 3).loadStateDict({ weight: ones(3, 2), extra: ones(1) }),
    /Missing key\(s\) in state_dict: "bias"[^]*Unexpected key\(s\) in state_dict: "extra"/,
  ],
];

for (const [name, call, message] of cases) {
  Deno.test(`bad input: ${name}`, () => {
    if (name === "class out of range") throwsByValue(call, message, /a target is neither a class nor ignore_index/);
    else assert.throws(call, message);
  });
}

Deno.test("using a released tensor is an error that says so", () => {
  const x = ones(1000);
  x.dispose();
  assert.throws(() => x.add(1), /this tensor of shape \[1000\] has been released/);
  assert.throws(() => x.tolist(), /has been released/);
});

Deno.test("a consumed graph's output is readable until the next backward, and then says what to do", () => {
  const w = ones(64, 64).requiresGrad_();
  const y = ones(64, 64).mm(w);
  y.relu().sum().backward();
  assert.equal(y.get(0, 0).item(), 64);
  const kept = y.detach();
  const z = ones(64, 64).mm(w);
  z.relu().sum().backward();
  ones(64, 64).mm(w).relu().sum().backward();
  assert.equal(kept.get(0, 0).item(), 64);
  assert.throws(() => z.get(0, 0).item(), /take x\.detach\(\), x\.clone\(\) or keep\(x\)/);
});
