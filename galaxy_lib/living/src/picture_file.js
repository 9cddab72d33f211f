// A picture's file as a network's inputs: its middle square, scaled as the sample's pictures are.
import { h } from "./dom.js";

export const SIDE = 256; // of the sample's pictures
const MOST_BYTES = 20e6;
const MOST_PIXELS = 40e6;

const refused = (advice) => Object.assign(new Error(advice), { advice });
const count = (n) => n.toLocaleString("en");

// The middle square of a picture's file as rgba, Uint8ClampedArray (256·256·4). An Error with
// `advice`, a sentence for the reader, where the file is no picture or a huge one.
export async function middleSquare(file) {
  const { name, size } = file;
  if (size > MOST_BYTES) {
    const large = `${name} has ${count(Math.round(size / 1e6))} MB, and at most ${MOST_BYTES / 1e6} MB are read`;
    throw refused(`${large}: take a screenshot of the galaxy alone.`);
  }
  const url = URL.createObjectURL(file);
  try {
    const image = await opened(url).catch(() => {
      throw refused(`${name} is no picture that this browser can read: choose a PNG or a JPEG.`);
    });
    const { naturalWidth: width, naturalHeight: height } = image;
    if (width * height > MOST_PIXELS) {
      const large = `${name} has ${count(width)} × ${count(height)} pixels, and at most ${MOST_PIXELS / 1e6} million are read`;
      throw refused(`${large}: cut it around the galaxy first.`);
    }
    await image.decode().catch(() => {
      throw refused(`${name} is damaged: this browser cannot read its pixels.`);
    });
    const canvas = h("canvas", { width: SIDE, height: SIDE });
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.fillRect(0, 0, SIDE, SIDE); // black, as the sky, where it is transparent
    context.imageSmoothingQuality = "high";
    const side = Math.min(width, height);
    const corner = [(width - side) / 2, (height - side) / 2].map(Math.floor);
    context.drawImage(image, ...corner, side, side, 0, 0, SIDE, SIDE);
    return context.getImageData(0, 0, SIDE, SIDE).data;
  } finally {
    URL.revokeObjectURL(url);
  }
}

// The picture as far as its size is known; its pixels are not unpacked yet.
function opened(url) {
  return new Promise((resolve, reject) => {
    const image = new Image();
    image.onload = () => (image.naturalWidth ? resolve(image) : reject());
    image.onerror = reject;
    image.src = url;
  });
}

// What the network sees of such a square: means over blocks, Uint8Array (side, side, 3), of all of
// it or of its middle half.
export function coarsened(rgba, side, view) {
  const from = view === "middle" ? SIDE / 4 : 0;
  const block = (SIDE - 2 * from) / side;
  const sums = new Float64Array(side * side * 3);
  for (let i = 0; i < block * side; i++) {
    for (let j = 0; j < block * side; j++) {
      const pixel = 4 * ((from + i) * SIDE + from + j);
      const place = 3 * (Math.floor(i / block) * side + Math.floor(j / block));
      for (let band = 0; band < 3; band++) sums[place + band] += rgba[pixel + band];
    }
  }
  return Uint8Array.from(sums, (sum) => Math.round(sum / block ** 2));
}
