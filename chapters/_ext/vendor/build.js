// Writes ../../_static/vendor from node_modules: MathJax's files as they are, the widget manager
// as one bundle, everybody's licence, and a list of versions.
import { build } from "esbuild";
import fs from "node:fs";
import path from "node:path";

const modules = "node_modules";
const target = path.join("..", "..", "_static", "vendor");
fs.rmSync(target, { recursive: true, force: true });

// MathJax: TeX in, HTML out, and the hidden MathML that screen readers take.
const mathjax = [
  "startup.js",
  "core.js",
  "input/tex.js",
  "output/chtml.js",
  "output/chtml/fonts/tex.js",
  "a11y/assistive-mml.js",
];
const fonts = "output/chtml/fonts/woff-v2";
mathjax.push(...fs.readdirSync(path.join(modules, "mathjax/es5", fonts)).map((f) => `${fonts}/${f}`));
for (const file of mathjax) {
  const to = path.join(target, "mathjax", file);
  fs.mkdirSync(path.dirname(to), { recursive: true });
  fs.copyFileSync(path.join(modules, "mathjax/es5", file), to);
}

const style = await build({
  entryPoints: ["widget_style.css"],
  bundle: true,
  minify: true,
  write: false,
  loader: { ".svg": "dataurl" },
});
const { metafile } = await build({
  entryPoints: ["widget_manager.js"],
  outfile: path.join(target, "widgets.js"),
  bundle: true,
  minify: true,
  metafile: true,
  target: "es2020",
  legalComments: "none",
  define: { WIDGET_STYLE: JSON.stringify(style.outputFiles[0].text) },
  alias: { "sanitize-html": "./plain_text.js" },
});

const names = new Set(["mathjax"]);
for (const input of Object.keys(metafile.inputs)) {
  const inside = input.split(`${modules}/`).at(-1);
  if (inside !== input) names.add(inside.split("/").slice(0, inside.startsWith("@") ? 2 : 1).join("/"));
}
const versions = [];
const licences = [];
for (const name of [...names].sort()) {
  const folder = path.join(modules, name);
  const about = JSON.parse(fs.readFileSync(path.join(folder, "package.json")));
  versions.push(`${name} ${about.version} (${about.license})`);
  const file = fs.readdirSync(folder).find((f) => /^(licen[cs]e|copying)/i.test(f));
  // Project Jupyter's packages come without the text; this is the one of ipywidgets.
  const text = fs.readFileSync(file ? path.join(folder, file) : "jupyter-LICENSE.txt", "utf8").trim();
  if (!file && !/^@(jupyter-widgets|lumino)/.test(name)) throw new Error(`no licence for ${name}`);
  licences.push(`==== ${name} ${about.version} (${about.license})\n\n${text}\n`);
}
fs.writeFileSync(path.join(target, "VERSIONS.txt"), versions.join("\n") + "\n");
fs.writeFileSync(path.join(target, "LICENSES.txt"), licences.join("\n\n").replace(/[ \t\r]+$/gm, ""));
console.log(versions.join("\n"));
