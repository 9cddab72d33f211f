// A large value of the model, as bytes: sent by a kernel, or loaded by the static page.
export async function bytesOf(model, name) {
  const value = model.get(name);
  const view = typeof value?.load === "function" ? await value.load() : value;
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}
