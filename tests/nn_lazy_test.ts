import { strict as assert } from "node:assert";
import { nn, ones } from "../mod.ts";

Deno.test("lazy layers become what they stand for at the first input", () => {
  const net = new nn.Sequential(
    new nn.LazyConv2d(4, 3),
    new nn.LazyBatchNorm2d(),
    new nn.Flatten(),
    new nn.LazyLinear(2),
  );
  assert.equal(String(net[0]), "LazyConv2d(0, 4, kernel_size=(3, 3), stride=(1, 1))");
  const weight = net[3].weight;
  assert.deepEqual([...net(ones(2, 3, 5, 5)).shape], [2, 2]);
  assert.equal(String(net[0]), "Conv2d(3, 4, kernel_size=(3, 3), stride=(1, 1))");
  assert.equal(String(net[3]), "Linear(in_features=36, out_features=2, bias=True)");
  assert.equal(net[3].weight, weight);
  assert.deepEqual([...net[1].running_mean!.shape], [4]);
  net(ones(2, 3, 5, 5)).sum().backward();
  assert.deepEqual([...weight.grad!.shape], [2, 36]);
});
