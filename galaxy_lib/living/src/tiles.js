// Galaxies from galaxy_lib.living.pictures.sprite: twenty a row in one picture.
import { bytesOf, h } from "./ui.js";

const COLUMNS = 20;

// The address of the model's sprite, once `box` comes into view; nothing is loaded before.
export function whenSeen(model, box, show) {
  new IntersectionObserver(async (entries, observer) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    observer.disconnect();
    const file = new Blob([await bytesOf(model, "sprite")], { type: "image/webp" });
    const picture = new Image();
    picture.src = URL.createObjectURL(file);
    await picture.decode();
    show(picture);
  }, { rootMargin: "400px" }).observe(box);
}

// Galaxy n of the sprite, drawn by the page's own scaling, with its description.
export function tile(picture, side, n, label) {
  const canvas = h("canvas", { width: side, height: side, role: "img", "aria-label": label, class: "tile" });
  drawTile(canvas, picture, side, n);
  return canvas;
}

export function drawTile(canvas, picture, side, n) {
  const [x, y] = [side * (n % COLUMNS), side * Math.floor(n / COLUMNS)];
  canvas.getContext("2d").drawImage(picture, x, y, side, side, 0, 0, side, side);
}
