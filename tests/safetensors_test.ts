import assert from "node:assert/strict";
import {
  bfloat16,
  bool,
  float16,
  float64,
  int32,
  int64,
  randn,
  safetensors,
  type Tensor,
  tensor,
  uint8,
  zeros,
} from "../mod.ts";

const tensors: Record<string, Tensor> = {
  "fc.weight": randn(3, 2).t(),
  flags: tensor([true, false, true], { dtype: bool }),
  big: tensor([2n ** 62n], { dtype: int64 }),
  int: tensor([[-1], [2]], { dtype: int32 }),
  bytes: tensor([1, 255], { dtype: uint8 }),
  double: tensor(Math.PI, { dtype: float64 }),
  half: tensor([0.5, -2], { dtype: float16 }),
  brain: tensor([0.5, -2], { dtype: bfloat16 }),
  none: zeros(0, 3),
};

Deno.test("tensors survive a safetensors file", async () => {
  const path = await Deno.makeTempFile();
  await safetensors.saveFile(tensors, path, { metadata: { format: "pt" } });
  const read = await safetensors.loadFile(path);
  assert.deepEqual(Object.keys(read).sort(), Object.keys(tensors).sort());
  for (const [name, x] of Object.entries(tensors)) assert.equal(String(read[name]), String(x), name);
  await Deno.remove(path);
});

Deno.test("a safetensors file is laid out as the format says", () => {
  const bytes = safetensors.save({ a: tensor([1, 2], { dtype: uint8 }), b: tensor([1]) }, { metadata: { k: "v" } });
  const length = new DataView(bytes.buffer).getUint32(0, true);
  assert.equal(length % 8, 0);
  assert.deepEqual(JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))), {
    __metadata__: { k: "v" },
    b: { dtype: "F32", shape: [1], data_offsets: [0, 4] },
    a: { dtype: "U8", shape: [2], data_offsets: [4, 6] },
  });
  assert.deepEqual([...bytes.subarray(8 + length)], [0, 0, 0x80, 0x3f, 1, 2]);
});

Deno.test("a damaged safetensors file says what is wrong", () => {
  const bytes = safetensors.save({ a: tensor([1, 2, 3]) });
  const withHeader = (json: string) => {
    const header = new TextEncoder().encode(json);
    return Uint8Array.from([header.length, 0, 0, 0, 0, 0, 0, 0, ...header]);
  };
  assert.throws(() => safetensors.load(new Uint8Array(3)), /not a safetensors file, or truncated/);
  assert.throws(() => safetensors.load(bytes.subarray(0, 30)), /not a safetensors file, or truncated/);
  assert.throws(() => safetensors.load(bytes.subarray(0, bytes.length - 1)), /"a" is at the bytes 0 to 12 of 11/);
  assert.throws(() => safetensors.load(withHeader("{")), /its header is no JSON/);
  assert.throws(() => safetensors.load(withHeader("1")), /its header is no JSON object/);
  assert.throws(() => safetensors.load(withHeader(`{"a":{}}`)), /the entry of "a" is malformed/);
  const odd = `{"a":{"dtype":"F8","shape":[],"data_offsets":[0,0]}}`;
  assert.throws(() => safetensors.load(withHeader(odd)), /"a" has the type F8/);
});
