/**
 * Pictures for the examples: SVG as plain text, with images as PNG inside.
 */

import { crc32, deflateSync } from "node:zlib";
import type { Tensor } from "@raptorch/raptorch";

const COLOURS = ["#3366aa", "#dd7722", "#339966", "#aa3377", "#777777"];
const FONT = `font-family="sans-serif" font-size="12" fill="#333"`;

/** Writes a picture to build/examples/ and says so on the standard error stream. */
export async function save(name: string, svg: string): Promise<void> {
  const folder = new URL("../build/examples/", import.meta.url);
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(new URL(name, folder), svg);
  console.error(`wrote build/examples/${name}`);
}

/** The curve of one quantity: value number i is at `start + i * step`, by default at i. */
export interface Series {
  name: string;
  values: readonly number[];
  start?: number;
  step?: number;
}

/** Curves over time. */
export function lineChart(title: string, xLabel: string, series: readonly Series[]): string {
  const time = ({ start = 0, step = 1 }: Series, i: number) => start + i * step;
  const ends = series.flatMap((s) => [time(s, 0), time(s, Math.max(1, s.values.length - 1))]);
  const across: [number, number] = [Math.min(...ends), Math.max(...ends)];
  const frame = chartFrame(title, xLabel, across, extent(series.flatMap((s) => s.values)));
  const curves = series.map((s, k) => {
    const points = s.values.map((v, i) => `${frame.x(time(s, i)).toFixed(1)},${frame.y(v).toFixed(1)}`).join(" ");
    return `<polyline points="${points}" fill="none" stroke="${COLOURS[k]}" stroke-width="1.5"/>`;
  });
  return svg(560, 340, [frame.svg, ...curves, legend(series.map((s) => s.name))]);
}

/** A point of a scatter chart; `group` decides its colour. */
export interface Point {
  x: number;
  y: number;
  group: number;
}

/** Points in groups. */
export function scatterChart(title: string, points: readonly Point[], groups: readonly string[]): string {
  const frame = chartFrame(title, "", extent(points.map((p) => p.x)), extent(points.map((p) => p.y)));
  const dots = points.map((p) =>
    `<circle cx="${frame.x(p.x).toFixed(1)}" cy="${frame.y(p.y).toFixed(1)}" r="4" fill="${COLOURS[p.group]}" ` +
    `fill-opacity="0.7"/>`
  );
  return svg(560, 340, [frame.svg, ...dots, legend(groups)]);
}

/** Images `[height, width]` in a grid of `columns`, each with a caption; a caption that begins with ✗ is red. */
export function imageGrid(title: string, images: readonly Tensor[], captions: readonly string[], columns = 8): string {
  const [cell, side] = [84, 56];
  const cells = images.map((image, i) => {
    const [x, y] = [(i % columns) * cell + 12, Math.floor(i / columns) * (cell + 8) + 36];
    const colour = captions[i].startsWith("✗") ? "#cc2222" : "#333";
    return imageAt(image, x, y, side) +
      `<text x="${x + 28}" y="${y + 70}" text-anchor="middle" ${FONT} style="fill:${colour}">${captions[i]}</text>`;
  });
  const height = Math.ceil(images.length / columns) * (cell + 8) + 40;
  return svg(columns * cell + 16, height, [`<text x="12" y="22" ${FONT}>${title}</text>`, ...cells]);
}

/** An image `[1, 28, 28]` and what a network thinks of it: one bar per class. */
export function viewClassify(image: Tensor, probabilities: Tensor, classes: readonly string[]): string {
  const values = probabilities.flatten().tolist() as number[];
  const bars = values.map((p, k) => {
    const y = 36 + k * 22;
    return `<text x="322" y="${y + 13}" text-anchor="end" ${FONT}>${classes[k]}</text>` +
      `<rect x="330" y="${y}" width="${(p * 180).toFixed(1)}" height="16" fill="${COLOURS[0]}"/>` +
      `<text x="${(334 + p * 180).toFixed(1)}" y="${y + 13}" ${FONT}>${p.toFixed(3)}</text>`;
  });
  const title = `<text x="330" y="24" ${FONT}>Class probability</text>`;
  return svg(560, 270, [imageAt(image.select(0, 0), 16, 36, 224), title, ...bars]);
}

/** Where a chart's values are on the page, and its axes. */
interface Frame {
  svg: string;
  x(value: number): number;
  y(value: number): number;
}

function chartFrame(title: string, xLabel: string, [x0, x1]: number[], [y0, y1]: number[]): Frame {
  const [left, right, top, bottom] = [56, 540, 36, 296];
  const x = (v: number) => left + (v - x0) / (x1 - x0) * (right - left);
  const y = (v: number) => bottom - (v - y0) / (y1 - y0) * (bottom - top);
  const grid = ticks(y0, y1).map((v) =>
    `<line x1="${left}" x2="${right}" y1="${y(v)}" y2="${y(v)}" stroke="#ddd"/>` +
    `<text x="${left - 6}" y="${y(v) + 4}" text-anchor="end" ${FONT}>${v}</text>`
  );
  const labels = ticks(x0, x1).map((v) =>
    `<text x="${x(v)}" y="${bottom + 16}" text-anchor="middle" ${FONT}>${v}</text>`
  );
  const texts = `<text x="${left}" y="22" ${FONT}>${title}</text>` +
    `<text x="${(left + right) / 2}" y="${bottom + 34}" text-anchor="middle" ${FONT}>${xLabel}</text>`;
  return { svg: [...grid, ...labels, texts].join("\n"), x, y };
}

/** Names of the colours, to the right of the title. */
function legend(names: readonly string[]): string {
  if (names.length < 2) return "";
  return names.map((name, k) => {
    const x = 540 - 84 * (names.length - k);
    return `<rect x="${x}" y="12" width="10" height="10" fill="${COLOURS[k]}"/>` +
      `<text x="${x + 16}" y="22" ${FONT}>${name}</text>`;
  }).join("");
}

/** Round numbers between `low` and `high`, about five. */
function ticks(low: number, high: number): number[] {
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((m) => m * power >= rough) ?? 10);
  const first = Math.ceil(low / step), last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

function extent(values: readonly number[]): [number, number] {
  const low = values.reduce((a, b) => Math.min(a, b), Infinity),
    high = values.reduce((a, b) => Math.max(a, b), -Infinity);
  const margin = (high - low) * 0.04 || 1;
  return [low - margin, high + margin];
}

function svg(width: number, height: number, parts: readonly string[]): string {
  const size = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size}>\n<rect width="100%" height="100%" fill="white"/>\n${
    parts.join("\n")
  }\n</svg>\n`;
}

/** An image `side` wide, its darkest value black and its lightest white. */
function imageAt(image: Tensor, x: number, y: number, side: number): string {
  const [height, width] = image.shape;
  const pixels = image.float().flatten().tolist() as number[];
  const [low, high] = [Math.min(...pixels), Math.max(...pixels)];
  const grey = Uint8Array.from(pixels, (v) => 255 * (v - low) / (high - low || 1));
  const data = png(grey, width, height).toBase64();
  return `<image x="${x}" y="${y}" width="${side}" height="${side * height / width}" ` +
    `style="image-rendering:pixelated" href="data:image/png;base64,${data}"/>`;
}

/** A grey PNG (https://www.w3.org/TR/png-3/): signature, header, one block of rows, end. */
export function png(grey: Uint8Array, width: number, height: number): Uint8Array {
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header[8] = 8; // bits per pixel, one channel
  const rows = new Uint8Array(height * (width + 1)); // each row begins with its filter, 0
  for (let y = 0; y < height; y++) rows.set(grey.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
  return Uint8Array.from([
    ...signature,
    ...chunk("IHDR", header),
    ...chunk("IDAT", deflateSync(rows)),
    ...chunk("IEND", new Uint8Array()),
  ]);
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set(new TextEncoder().encode(type), 4);
  bytes.set(data, 8);
  view.setUint32(8 + data.length, crc32(bytes.subarray(4, 8 + data.length)));
  return bytes;
}
