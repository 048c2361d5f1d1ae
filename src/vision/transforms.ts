/**
 * Image transforms: torchvision's `transforms`.
 *
 * An image is a uint8 tensor `[height, width]` or `[height, width, channels]`, as a decoder gives it;
 * {@linkcode ToTensor} makes the float tensor `[channels, height, width]` of it that networks want. Every transform
 * of sizes works on both, and tells them apart by the dtype.
 *
 * @module
 */

export {
  CenterCrop,
  FixedTransform,
  Pad,
  type Padding,
  type PaddingMode,
  type PadOptions,
  PlaneTransform,
  RandomCrop,
  type RandomCropOptions,
  RandomFlip,
  RandomHorizontalFlip,
  RandomVerticalFlip,
  Resize,
  type ResizeOptions,
} from "./geometry.ts";
export { Grayscale, Normalize, ToTensor } from "./pixels.ts";
export { Compose, Lambda, Transform } from "./transform.ts";
