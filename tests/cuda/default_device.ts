/** Loaded before test files (`deno test --preload`), makes their tensors live on the CUDA device. */
import { setDefaultDevice } from "../../mod.ts";

setDefaultDevice("cuda");
