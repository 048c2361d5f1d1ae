/** Run with no more permissions than the CPU needs: `cuda.isAvailable()` neither throws nor asks. */
import { cuda, ones } from "../../mod.ts";

console.log(cuda.isAvailable(), cuda.whyUnavailable());
if (ones(2).sum().item() !== 2) throw new Error("the CPU does not compute");
