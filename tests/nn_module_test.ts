import { strict as assert } from "node:assert";
import { F, manualSeed, memory, nn, noGrad, ones, OrderedDict, Parameter, type Tensor, tensor, zeros } from "../mod.ts";

class Net extends nn.Module {
  fc1 = new nn.Linear(4, 3);
  scale = new Parameter(ones(1));
  fc2 = new nn.Linear(3, 2);
  constructor() {
    super();
    this.registerBuffer("steps", zeros(1));
  }
  override forward(x: Tensor): Tensor {
    return this.fc2(F.relu(this.fc1(x))).mul(this.scale);
  }
}

Deno.test("a module is called like a function and lists what its properties hold, in order", () => {
  const net = new Net();
  assert.deepEqual(net(ones(5, 4)).tolist(), net.forward(ones(5, 4)).tolist());
  assert.deepEqual([...net.namedParameters()].map(([name]) => name), [
    "scale",
    "fc1.weight",
    "fc1.bias",
    "fc2.weight",
    "fc2.bias",
  ]);
  assert.deepEqual(Object.keys(net.stateDict()), [
    "scale",
    "steps",
    "fc1.weight",
    "fc1.bias",
    "fc2.weight",
    "fc2.bias",
  ]);
  assert.deepEqual([...net.namedModules()].map(([name]) => name), ["", "fc1", "fc2"]);
  assert.deepEqual([...net.namedBuffers()].map(([name]) => name), ["steps"]);
  assert.ok(net instanceof nn.Module && net instanceof Net);
  net.fc2.bias = null;
  assert.equal([...net.parameters()].length, 4);
  assert.equal(
    String(net),
    "Net(\n  (fc1): Linear(in_features=4, out_features=3, bias=True)\n  (fc2): Linear(in_features=3, out_features=2, bias=False)\n)",
  );
  assert.equal(Deno.inspect(net), String(net));
});

Deno.test("loadStateDict reports missing and unexpected names and sizes with PyTorch's words", () => {
  const net = new nn.Sequential(new nn.Linear(2, 3), new nn.ReLU(), new nn.Linear(3, 1));
  const state = net.stateDict();
  delete state["0.bias"];
  state["extra"] = ones(1);
  state["2.weight"] = ones(1, 4);
  assert.throws(() => net.loadStateDict(state), {
    message: 'Error(s) in loading state_dict for Sequential:\n\tMissing key(s) in state_dict: "0.bias". ' +
      '\n\tUnexpected key(s) in state_dict: "extra". ' +
      "\n\tsize mismatch for 2.weight: copying a param with shape torch.Size([1, 4]) from checkpoint, the shape in " +
      "current model is torch.Size([1, 3]).",
  });
  delete state["2.weight"];
  const { missingKeys, unexpectedKeys } = net.loadStateDict(state, { strict: false });
  assert.deepEqual([missingKeys, unexpectedKeys], [["0.bias", "2.weight"], ["extra"]]);
  assert.equal(String(net.loadStateDict(net.stateDict())), "<All keys matched successfully>");
});

Deno.test("Sequential: positions, names, types", () => {
  const model = new nn.Sequential(
    new OrderedDict([
      ["input_to_hidden", new nn.Linear(4, 3)],
      ["relu", new nn.ReLU()],
      ["output", new nn.Linear(3, 2)],
    ]),
  );
  assert.equal(model[0], model.input_to_hidden);
  assert.equal(model[-1], model.output);
  assert.equal(model.length, 3);
  const width: number = model[0].outFeatures + model.output.outFeatures;
  assert.equal(width, 5);
  model[2] = new nn.Linear(3, 7);
  assert.equal(model.output.outFeatures, 7);
  assert.deepEqual([...model].map((layer) => layer.constructor.name), ["Linear", "ReLU", "Linear"]);
  assert.throws(() => model.at(3), /index 3 is out of range/);
  assert.throws(() => new OrderedDict([["a", 1], ["a", 2]]), /given twice/);
  const named = new nn.Sequential({ a: new nn.Linear(1, 2), b: new nn.ReLU() });
  assert.deepEqual(Object.keys(named.stateDict()), ["a.weight", "a.bias"]);
  assert.equal(named.a, named[0]);
  const plain = new nn.Sequential(new nn.Linear(1, 2));
  plain.append(new nn.ReLU()).insert(0, new nn.Identity());
  assert.equal(
    String(plain),
    "Sequential(\n  (0): Identity()\n  (1): Linear(in_features=1, out_features=2, bias=True)\n  (2): ReLU()\n)",
  );
  assert.equal(plain[2], plain[-1]);
  assert.throws(() => new nn.Sequential({ forward: new nn.ReLU() }), /attribute 'forward' already exists/);
});

Deno.test("ModuleList and ModuleDict", () => {
  const list = new nn.ModuleList([new nn.Linear(1, 1), new nn.Linear(1, 1), new nn.ReLU()]);
  assert.equal(
    String(list),
    "ModuleList(\n  (0-1): 2 x Linear(in_features=1, out_features=1, bias=True)\n  (2): ReLU()\n)",
  );
  assert.equal(list[-1], list[2]);
  list.insert(0, new nn.ReLU());
  assert.equal(list.length, 4);
  const dict = new nn.ModuleDict({ a: new nn.Linear(2, 3), b: new nn.ReLU() });
  assert.deepEqual([...dict.keys()], ["a", "b"]);
  assert.equal(dict.a.inFeatures, 2);
  assert.equal(dict.get("b"), dict.b);
});

Deno.test("hooks see and replace what passes", () => {
  const net = new nn.Linear(2, 2);
  const seen: string[] = [];
  const pre = net.registerForwardPreHook((_, [x]) => {
    seen.push("pre");
    return x.mul(0);
  });
  const post = net.registerForwardHook((_, __, y) => {
    seen.push("post");
    return y.add(1);
  });
  const back = net.registerFullBackwardHook((_, gradInputs, gradOutputs) => {
    seen.push(`backward ${gradInputs.length} ${gradOutputs.length}`);
    return [gradInputs[0]!.mul(0)];
  });
  const x = ones(1, 2).requiresGrad_();
  const y = net(x);
  assert.deepEqual(y.tolist(), [(net.bias!.tolist() as number[]).map((b) => Math.fround(b + 1))]);
  y.sum().backward();
  assert.equal(x.grad!.eq(0).sum().item(), 2);
  assert.deepEqual(seen, ["pre", "post", "backward 1 1"]);
  for (const hook of [pre, post, back]) hook.remove();
  net(x);
  assert.equal(seen.length, 3);
});

Deno.test("conversion keeps the parameters' identity", () => {
  const net = new nn.Linear(2, 2), before = net.weight;
  net.double();
  assert.equal(net.weight, before);
  assert.equal(String(net.weight.dtype), "torch.float64");
  assert.equal(String(net(ones([1, 2], { dtype: "float64" })).dtype), "torch.float64");
  net.apply((m) => assert.equal(m, net));
  net.eval();
  assert.equal(net.training, false);
});

Deno.test("default initialisation draws PyTorch's numbers", () => {
  manualSeed(0);
  const { weight, bias } = new nn.Linear(3, 2);
  assert.equal(
    String(weight),
    "Parameter containing:\ntensor([[-0.0043,  0.3097, -0.4752],\n        [-0.4249, -0.2224,  0.1548]], requires_grad=True)",
  );
  assert.equal(String(bias), "Parameter containing:\ntensor([-0.0114,  0.4578], requires_grad=True)");
});

Deno.test("inference through Sequential uses no fresh memory", () => {
  const net = new nn.Sequential(new nn.Linear(256, 512), new nn.ReLU(), new nn.Linear(512, 256), new nn.ReLU());
  const x = ones(64, 256);
  let live = 0;
  noGrad(() => {
    for (let i = 0; i < 20; i++) {
      net(x).dispose();
      if (i === 3) live = memory().live;
    }
  });
  assert.equal(memory().live, live);
  assert.equal(x.sum().item(), 64 * 256);
  assert.ok(tensor([1]).item() === 1);
});

Deno.test("lists and dictionaries of parameters register, name and print them", () => {
  const list = new nn.ParameterList([ones(2), ones(1, 3)]);
  assert.equal(
    String(list),
    "ParameterList(\n    (0): Parameter containing: [torch.float32 of size 2]\n" +
      "    (1): Parameter containing: [torch.float32 of size 1x3]\n)",
  );
  const dictionary = new nn.ParameterDict({ a: ones(2), b: ones(1, 3) });
  assert.equal(
    String(dictionary),
    "ParameterDict(\n    (a): Parameter containing: [torch.FloatTensor of size 2]\n" +
      "    (b): Parameter containing: [torch.FloatTensor of size 1x3]\n)",
  );
  assert.deepEqual(Object.keys(list.stateDict()), ["0", "1"]);
  assert.deepEqual(Object.keys(dictionary.stateDict()), ["a", "b"]);
  assert.equal([...list.parameters(), ...dictionary.parameters()].filter((p) => p.requiresGrad).length, 4);
});
