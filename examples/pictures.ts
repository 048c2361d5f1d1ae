/**
 * Pictures for the examples: SVG by Vega-Lite, with images as PNG inside.
 */

import { encode } from "fast-png";
import * as vega from "vega";
import { compile, type TopLevelSpec } from "vega-lite";
import type { Tensor } from "@raptorch/raptorch";

/** Writes a picture to build/examples/ and says so on the standard error stream. */
export async function save(name: string, picture: TopLevelSpec): Promise<void> {
  const folder = new URL("../build/examples/", import.meta.url);
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(new URL(name, folder), await render(picture));
  console.error(`wrote build/examples/${name}`);
}

/** A Vega-Lite picture as SVG. */
export async function render(picture: TopLevelSpec): Promise<string> {
  return await new vega.View(vega.parse(compile(picture).spec), { renderer: "none" }).toSVG();
}

/** The curve of one quantity: value number i is at `start + i * step`, by default at i. */
export interface Series {
  name: string;
  values: readonly number[];
  start?: number;
  step?: number;
}

/** Curves over time. */
export function lineChart(title: string, xLabel: string, series: readonly Series[]): TopLevelSpec {
  const values = series.flatMap(({ name, values, start = 0, step = 1 }) =>
    values.map((y, i) => ({ name, x: start + i * step, y }))
  );
  return {
    ...chart(title, values),
    mark: "line",
    encoding: {
      x: { field: "x", type: "quantitative", title: xLabel, scale: { nice: false } },
      y: { field: "y", type: "quantitative", title: null, scale: { zero: false } },
      color: { field: "name", type: "nominal", ...legend(series.length) },
    },
  };
}

/** A point of a scatter chart; `group` decides its colour. */
export interface Point {
  x: number;
  y: number;
  group: number;
}

/** Points in groups. */
export function scatterChart(title: string, points: readonly Point[], groups: readonly string[]): TopLevelSpec {
  const axis = { type: "quantitative", title: null, scale: { zero: false } } as const;
  return {
    ...chart(title, points.map(({ x, y, group }) => ({ x, y, name: groups[group] }))),
    mark: { type: "circle", size: 50 },
    encoding: {
      x: { field: "x", ...axis },
      y: { field: "y", ...axis },
      color: { field: "name", type: "nominal", ...legend(groups.length) },
    },
  };
}

/** Images `[height, width]` in a grid of `columns`, each with a caption; a caption that begins with ✗ is red. */
export function imageGrid(
  title: string,
  images: readonly Tensor[],
  captions: readonly string[],
  columns = 8,
): TopLevelSpec {
  return {
    background: "white",
    title,
    data: { values: images.map((image, i) => ({ i, url: dataUrl(image), caption: captions[i] })) },
    facet: { field: "i", type: "ordinal", header: { labelExpr: "''", title: null } },
    columns,
    spacing: 8,
    spec: {
      width: 76,
      height: 72,
      view: { stroke: null },
      layer: [
        { mark: { type: "image", width: 56, height: 56, x: 38, y: 28 }, encoding: { url: { field: "url" } } },
        {
          mark: { type: "text", x: 38, y: 66 },
          encoding: {
            text: { field: "caption" },
            color: { condition: { test: "indexof(datum.caption, '✗') === 0", value: "#cc2222" }, value: "#333333" },
          },
        },
      ],
    },
  };
}

/** An image `[1, 28, 28]` and what a network thinks of it: one bar per class. */
export function viewClassify(image: Tensor, probabilities: Tensor, classes: readonly string[]): TopLevelSpec {
  const values = (probabilities.flatten().tolist() as number[]).map((p, k) => ({ p, name: classes[k] }));
  return {
    background: "white",
    hconcat: [
      {
        width: 224,
        height: 224,
        view: { stroke: null },
        data: { values: [{ url: dataUrl(image.select(0, 0)) }] },
        mark: { type: "image", width: 224, height: 224, x: 112, y: 112 },
        encoding: { url: { field: "url" } },
      },
      {
        title: "Class probability",
        width: 180,
        height: 224,
        data: { values },
        encoding: { y: { field: "name", type: "nominal", title: null, sort: null } },
        layer: [
          {
            mark: "bar",
            encoding: { x: { field: "p", type: "quantitative", title: null, scale: { domain: [0, 1] } } },
          },
          {
            mark: { type: "text", align: "left", dx: 4 },
            encoding: { x: { field: "p", type: "quantitative" }, text: { field: "p", format: ".3f" } },
          },
        ],
      },
    ],
  };
}

function chart(title: string, values: Record<string, unknown>[]) {
  return { background: "white", title, width: 480, height: 260, data: { values } };
}

/** One quantity needs no legend. */
function legend(groups: number): { title: null } | { legend: null } {
  return groups > 1 ? { title: null } : { legend: null };
}

/** An image `[height, width]` as grey PNG, its darkest value black and its lightest white. */
function dataUrl(image: Tensor): string {
  const [height, width] = image.shape;
  const pixels = image.float().flatten().tolist() as number[];
  const [low, high] = [Math.min(...pixels), Math.max(...pixels)];
  const data = Uint8Array.from(pixels, (v) => 255 * (v - low) / (high - low || 1));
  return `data:image/png;base64,${encode({ width, height, data, channels: 1, depth: 8 }).toBase64()}`;
}
