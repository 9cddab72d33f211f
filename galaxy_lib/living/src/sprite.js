// Galaxies from galaxy_lib.living.pictures.sprite: square tiles of one picture, row after row.
import { h } from "./dom.js";
import { bytesOf } from "./model.js";

// The sprite (WebP) as what a canvas draws.
function bitmapOf(bytes) {
  const options = { colorSpaceConversion: "none", premultiplyAlpha: "none" };
  return createImageBitmap(new Blob([bytes], { type: "image/webp" }), options);
}

// Where tile n begins: [left, top].
function corner(n, side, width) {
  const columns = width / side;
  return [side * (n % columns), side * Math.floor(n / columns)];
}

// --- As numbers, for a network. ---

// The tiles of a sprite: Uint8Array (N, side, side, 3). Not for a Worker: there Safari has a canvas
// from version 16.4 on only.
export async function decodeSprite(bytes, side, N) {
  const image = await bitmapOf(bytes);
  const { width, height } = image;
  const canvas = h("canvas", { width, height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0);
  const rgba = context.getImageData(0, 0, width, height).data;
  const pixels = new Uint8Array(N * side * side * 3);
  let to = 0;
  for (let n = 0; n < N; n++) {
    const [left, top] = corner(n, side, width);
    for (let i = 0; i < side; i++) {
      let from = 4 * ((top + i) * width + left);
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

// --- As pictures, by the page's own scaling. ---

// Hands the model's sprite to `show` once `box` comes into view; nothing is loaded before.
export function whenSeen(model, box, show) {
  new IntersectionObserver(
    async (entries, observer) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      observer.disconnect();
      show(await bitmapOf(await bytesOf(model, "sprite")));
    },
    { rootMargin: "400px" },
  ).observe(box);
}

export function drawTile(canvas, sprite, side, n) {
  const from = corner(n, side, sprite.width);
  canvas.getContext("2d").drawImage(sprite, ...from, side, side, 0, 0, side, side);
}
