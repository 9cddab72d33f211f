// The sample's galaxies as one picture: how it becomes x.
import { bytesOf } from "./model.js";

// Cut a sprite (WebP) into its tiles: Uint8Array (N, side, side, 3), galaxy after galaxy, row after
// row of tiles. Runs in a page and in a Worker.
export async function decodeSprite(bytes, side, N) {
  const options = { colorSpaceConversion: "none", premultiplyAlpha: "none" };
  const file = new Blob([bytes], { type: "image/webp" });
  const image = await createImageBitmap(file, options);
  const { width, height } = image;
  const canvas =
    typeof OffscreenCanvas === "function"
      ? new OffscreenCanvas(width, height)
      : Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0);
  const rgba = context.getImageData(0, 0, width, height).data;
  const columns = width / side;
  const pixels = new Uint8Array(N * side * side * 3);
  let to = 0;
  for (let n = 0; n < N; n++) {
    const corner = Math.floor(n / columns) * side * width + (n % columns) * side;
    for (let i = 0; i < side; i++) {
      let from = 4 * (corner + i * width);
      for (let j = 0; j < side; j++, from += 4) {
        pixels[to++] = rgba[from];
        pixels[to++] = rgba[from + 1];
        pixels[to++] = rgba[from + 2];
      }
    }
  }
  return pixels;
}

// x: Float32Array (N_in, N), a contiguous column per galaxy, from [0, 255] to [0.01, 1] (chapter 2).
export function scalePixels(pixels) {
  const x = new Float32Array(pixels.length);
  for (let i = 0; i < x.length; i++) x[i] = (pixels[i] / 255) * 0.99 + 0.01;
  return x;
}

// One galaxy's pixels as what a canvas takes.
export function rgbaOf(pixels, n, side) {
  const size = side * side;
  const rgba = new Uint8ClampedArray(4 * size);
  for (let i = 0; i < size; i++) {
    for (let band = 0; band < 3; band++) rgba[4 * i + band] = pixels[3 * (n * size + i) + band];
    rgba[4 * i + 3] = 255;
  }
  return rgba;
}

// The sample of a model that has galaxy_lib.living.sample's traits, loaded: what `view` shows,
// "middle" or "whole". pixels (N, side, side, 3), labels (N), rows (N): training first, then
// validation, then test.
export async function loadSample(model, view = "middle") {
  const [sprite, labels, rows] = await Promise.all([
    bytesOf(model, `sprite_${view}`),
    bytesOf(model, "labels"),
    bytesOf(model, "rows"),
  ]);
  const side = model.get("side");
  return {
    side,
    N: labels.length,
    n_training: model.get("n_training"),
    n_validation: model.get("n_validation"),
    n_test: model.get("n_test"),
    labels,
    rows: new Uint32Array(rows.slice().buffer),
    pixels: await decodeSprite(sprite, side, labels.length),
  };
}
