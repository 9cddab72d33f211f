// Shows a page's ipywidgets without a kernel: the state and the views that myst-nb writes into the
// page become live views. The same job as @jupyter-widgets/html-manager, for the package that we
// use: its own bundle brings JupyterLab's renderers and ipywidgets 7 along and weighs 3.6 MB.
import * as base from "@jupyter-widgets/base";
import { ManagerBase } from "@jupyter-widgets/base-manager";
import * as controls from "@jupyter-widgets/controls";
import { MessageLoop } from "@lumino/messaging";
import { Widget } from "@lumino/widgets";

const packages = {
  "@jupyter-widgets/base": base,
  "@jupyter-widgets/controls": controls,
};

class PageManager extends ManagerBase {
  async loadClass(className, moduleName) {
    const found = packages[moduleName]?.[className];
    if (!found) throw new Error(`no ${className} of ${moduleName} on this page`);
    return found;
  }

  // There is no kernel to talk to.
  async _get_comm_info() {
    return {};
  }

  async _create_comm() {
    return { on_close() {}, on_msg() {}, close() {} };
  }
}

// Labels on our pages are plain text: nothing for the MathJax 2 call in ipywidgets to typeset.
window.MathJax ??= {};
window.MathJax.Hub ??= { Queue() {} };

async function show(state) {
  const manager = new PageManager();
  const models = await manager.set_state(state);
  const views = document.querySelectorAll(
    'script[type="application/vnd.jupyter.widget-view+json"]',
  );
  for (const script of views) {
    const { model_id } = JSON.parse(script.textContent);
    const model = models.find((each) => each.model_id === model_id);
    if (!model) continue;
    const place = document.createElement("div");
    place.className = "widget-subarea";
    script.before(place);
    const view = await manager.create_view(model);
    Widget.attach(view.luminoWidget, place);
    addEventListener("resize", () =>
      MessageLoop.postMessage(view.luminoWidget, Widget.ResizeMessage.UnknownSize),
    );
  }
}

addEventListener("load", () => {
  const states = document.querySelectorAll(
    'script[type="application/vnd.jupyter.widget-state+json"]',
  );
  if (states.length) {
    const style = document.createElement("style");
    style.textContent = WIDGET_STYLE; // build.js puts widget_style.css here
    document.head.prepend(style); // before ours, so that custom.css has the last word
  }
  for (const script of states) show(JSON.parse(script.textContent));
});
