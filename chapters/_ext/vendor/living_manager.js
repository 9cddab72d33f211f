// Shows a page's living figures without a kernel: what anywidget does in JupyterLab, in 2 kB.
// living_figures.py leaves a place in the page for each figure, with the values of its model, and puts
// the module and large values into files of their own, which are loaded when they are needed.
// Such a file is a classic script that registers one text: a page that was opened as a file may
// load nothing else.
const texts = new Map();
globalThis.galaxyLiving = { register: (name, text) => texts.set(name, text) };

const loading = new Map();
function load(url) {
  if (!loading.has(url)) {
    const arrived = new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = url;
      script.onload = () => resolve(texts.get(url.split("/").at(-1)));
      script.onerror = () => reject(new Error(`${url} did not load`));
      document.head.append(script);
    });
    arrived.catch(() => loading.delete(url));
    loading.set(url, arrived);
  }
  return loading.get(url);
}

const figures = new Map();
function figureOf(url) {
  if (!figures.has(url)) {
    const module = load(url).then(async (text) => {
      const blob = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
      const { default: found } = await import(blob);
      URL.revokeObjectURL(blob);
      return typeof found === "function" ? found() : found;
    });
    module.catch(() => figures.delete(url));
    figures.set(url, module);
  }
  return figures.get(url);
}

const bytes = (base64) => {
  const text = atob(base64);
  const array = new Uint8Array(text.length);
  for (let i = 0; i < array.length; i++) array[i] = text.charCodeAt(i);
  return new DataView(array.buffer);
};

// As much of a Backbone model as anywidget promises to its figures.
class Model {
  constructor({ state, buffers, files }) {
    this.values = { ...state };
    this.listeners = new Map();
    for (const [name, base64] of Object.entries(buffers)) this.values[name] = bytes(base64);
    // A large value is an object whose load() gives what a kernel would have sent.
    for (const [name, url] of Object.entries(files)) {
      this.values[name] = { load: async () => bytes(await load(url)) };
    }
  }
  get(name) {
    return this.values[name];
  }
  set(name, value) {
    if (typeof name === "object") {
      for (const [key, each] of Object.entries(name)) this.set(key, each);
      return;
    }
    if (this.values[name] === value) return;
    this.values[name] = value;
    this.trigger(`change:${name}`, value);
    this.trigger("change", value);
  }
  trigger(event, value) {
    for (const listener of [...(this.listeners.get(event) ?? [])]) listener(this, value);
  }
  on(event, listener) {
    if (!this.listeners.has(event)) this.listeners.set(event, new Set());
    this.listeners.get(event).add(listener);
  }
  off(event, listener) {
    if (!event) this.listeners.clear();
    else if (!listener) this.listeners.delete(event);
    else this.listeners.get(event)?.delete(listener);
  }
  // There is no kernel to talk to.
  save_changes() {}
  send() {}
}

const models = new Map();
async function show(place) {
  const about = JSON.parse(place.querySelector("script").textContent);
  const figure = await figureOf(about.module);
  if (!models.has(about.id)) {
    const model = new Model(about);
    models.set(about.id, model);
    await figure.initialize?.({ model });
  }
  const el = document.createElement("div");
  place.append(el);
  await figure.render({ model: models.get(about.id), el });
  place.dataset.shown = "";
}

function showAll() {
  // A screen ahead, so that a reader who scrolls finds it there.
  const near = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        near.unobserve(target);
        show(target).catch((error) => {
          target.append("This figure could not be loaded; try the page again.");
          console.error(error);
        });
      }
    },
    { rootMargin: "100% 0px" },
  );
  for (const place of document.querySelectorAll(".galaxy-living-place")) near.observe(place);
}

if (document.readyState === "loading") addEventListener("DOMContentLoaded", showAll);
else showAll();
