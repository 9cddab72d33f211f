// What runs in the reader's browser, made from the sources here and in galaxy_lib/living/src:
//   ../../_static/vendor: MathJax's files as they are, the page's two widget managers as a bundle
//                         each, everybody's licence, and a list of versions;
//   galaxy_lib/living/static: one ES module a living figure, as anywidget takes it.
// `node build.js living` makes the second alone.

import crypto from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { build } from "esbuild";

const modules = "node_modules";
const repository = path.resolve("..", "..", "..");
const vendor = path.join(repository, "chapters", "_static", "vendor");
const living = path.join(repository, "galaxy_lib", "living");
const target = "es2020";

// import text from "worker:./x.js" and "style:./x.css": a bundle of its own, as a string.
const asText = {
  name: "as text",
  setup(builder) {
    builder.onResolve({ filter: /^(worker|style):/ }, ({ path: name, resolveDir }) => {
      const [kind, file] = name.split(":");
      return { path: path.join(resolveDir, file), namespace: kind };
    });
    for (const namespace of ["worker", "style"]) {
      builder.onLoad({ filter: /.*/, namespace }, async ({ path: file }) => {
        const { outputFiles } = await build({
          entryPoints: [file],
          bundle: true,
          minify: true,
          write: false,
          format: "iife",
          target: namespace === "style" ? ["chrome100", "firefox100", "safari15"] : target,
        });
        return { contents: outputFiles[0].text.trim(), loader: "text", watchFiles: [file] };
      });
    }
  },
};

// The packages that a build took files from, and their licences.
function about(metafiles, also = []) {
  const names = new Set(also);
  for (const input of metafiles.flatMap((metafile) => Object.keys(metafile.inputs))) {
    const inside = input.split(`${modules}/`).at(-1);
    if (inside === input) continue;
    names.add(
      inside
        .split("/")
        .slice(0, inside.startsWith("@") ? 2 : 1)
        .join("/"),
    );
  }
  return [...names].sort().map((name) => {
    const folder = path.join(modules, name);
    const { version, license } = JSON.parse(fs.readFileSync(path.join(folder, "package.json")));
    const file = fs.readdirSync(folder).find((f) => /^(licen[cs]e|copying)/i.test(f));
    // Project Jupyter's packages come without the text; this is the one of ipywidgets.
    if (!file && !/^@(jupyter-widgets|lumino)/.test(name))
      throw new Error(`no licence for ${name}`);
    const text = fs.readFileSync(file ? path.join(folder, file) : "jupyter-LICENSE.txt", "utf8");
    const line = `${name} ${version} (${license})`;
    return { line, licence: `==== ${line}\n\n${text.trim()}\n`.replace(/[ \t\r]+$/gm, "") };
  });
}

async function buildLiving() {
  const to = path.join(living, "static");
  const sources = fs.readdirSync(path.join(living, "src")).sort();
  // A figure is a module that exports a default; the others are what figures share.
  const figures = sources
    .filter((name) => name.endsWith(".js"))
    .map((name) => path.join(living, "src", name))
    .filter((file) => /^export default/m.test(fs.readFileSync(file, "utf8")));
  const { metafile, outputFiles } = await build({
    entryPoints: figures,
    write: false,
    outdir: to,
    bundle: true,
    minify: true,
    metafile: true,
    format: "esm",
    target,
    charset: "utf8",
    legalComments: "none",
    nodePaths: [path.resolve(modules)],
    plugins: [asText],
  });
  fs.rmSync(to, { recursive: true, force: true });
  fs.mkdirSync(to);
  for (const file of outputFiles) fs.writeFileSync(file.path, file.contents);
  const [others] = about([metafile]);
  if (others) throw new Error(`${others.line} is bundled: its licence has to lie beside it`);
  for (const file of Object.keys(metafile.outputs)) {
    console.log(path.basename(file), metafile.outputs[file].bytes);
  }
}

async function buildVendor() {
  fs.rmSync(vendor, { recursive: true, force: true });
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
  mathjax.push(
    ...fs.readdirSync(path.join(modules, "mathjax/es5", fonts)).map((f) => `${fonts}/${f}`),
  );
  for (const file of mathjax) {
    const to = path.join(vendor, "mathjax", file);
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
    entryPoints: { widgets: "widget_manager.js", living: "living_manager.js" },
    outdir: vendor,
    bundle: true,
    minify: true,
    metafile: true,
    target,
    legalComments: "none",
    define: { WIDGET_STYLE: JSON.stringify(style.outputFiles[0].text) },
    alias: { "sanitize-html": "./plain_text.js" },
  });
  const packages = about([metafile], ["mathjax"]);
  fs.writeFileSync(
    path.join(vendor, "VERSIONS.txt"),
    packages.map((each) => `${each.line}\n`).join(""),
  );
  fs.writeFileSync(
    path.join(vendor, "LICENSES.txt"),
    packages.map((each) => each.licence).join("\n\n"),
  );
}

// tests/test_living.py compares these with what is there.
function writeSums() {
  const inside = (folder) =>
    fs
      .readdirSync(folder)
      .sort()
      .map((name) => path.join(folder, name));
  const sources = inside(".").filter((file) => /\.(css|js|json)$/.test(file));
  const made = inside(path.join(living, "static")).filter((file) => file.endsWith(".js"));
  const bundles = ["living.js", "widgets.js"].map((name) => path.join(vendor, name));
  const lines = [...sources, ...inside(path.join(living, "src")), ...made, ...bundles].map(
    (file) => {
      const digest = crypto.createHash("sha256").update(fs.readFileSync(file)).digest("hex");
      return `${digest}  ${path.relative(repository, path.resolve(file)).replaceAll("\\", "/")}\n`;
    },
  );
  fs.writeFileSync(path.join(living, "static", "SUMS.sha256"), lines.join(""));
}

await buildLiving();
if (process.argv[2] !== "living") await buildVendor();
writeSums();
