// What the theme and the widgets leave out: names for sliders and arrows, boxes that
// scroll by keyboard, and printing from dark mode.

// A slider says its label and, as it moves, the text beside it.
function nameSliders() {
  for (const slider of document.querySelectorAll(".widget-slider")) {
    const handle = slider.querySelector(".noUi-handle");
    const readout = slider.querySelector(".widget-readout");
    if (!handle || handle.hasAttribute("aria-label")) continue;
    handle.setAttribute("aria-label", slider.querySelector(".widget-label")?.textContent ?? "");
    if (!readout) continue;
    readout.contentEditable = "false";
    const say = () => {
      if (handle.getAttribute("aria-valuetext") !== readout.textContent) {
        handle.setAttribute("aria-valuetext", readout.textContent);
      }
    };
    new MutationObserver(say).observe(readout, {
      childList: true,
      characterData: true,
      subtree: true,
    });
    new MutationObserver(say).observe(handle, { attributeFilter: ["aria-valuetext"] });
    say();
  }
}

// A box that is wider than the page can be reached with Tab and moved with the arrow keys.
const boxes = [
  "mjx-container[display]",
  "div.math",
  ".highlight pre",
  ".output pre",
  ".cell_output > .output",
  ".text_html",
  ".drawing",
  ".pst-scrollable-table-container",
].join();
function reachScrollingBoxes() {
  for (const box of document.querySelectorAll(boxes)) {
    if (box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight) {
      box.tabIndex = 0;
    } else if (box.tabIndex === 0) {
      box.removeAttribute("tabindex");
    }
    box.classList.toggle("scrolls", box.scrollWidth > box.clientWidth);
  }
}

// The arrows in the list of chapters say what they open.
function nameArrows() {
  for (const arrow of document.querySelectorAll(".bd-links summary")) {
    const chapter = arrow.closest("li")?.querySelector("a");
    if (chapter) arrow.setAttribute("aria-label", `Pages of ${chapter.textContent.trim()}`);
  }
}

// A prediction's answer is one click away: what the cell put out, and the paragraph that says what
// came out. Without scripts, and on paper, it is there from the start.
function hideAnswers() {
  for (const card of document.querySelectorAll("blockquote.predict")) {
    const answers = [];
    let node = card.nextElementSibling;
    for (
      ;
      node && !node.matches("section, blockquote.predict, .came-out");
      node = node.nextElementSibling
    ) {
      answers.push(...node.querySelectorAll(".cell_output"));
    }
    if (!node?.matches(".came-out")) continue;
    answers.push(node);
    const button = document.createElement("button");
    button.type = "button";
    button.className = "reveal";
    const show = (shown) => {
      for (const answer of answers) answer.classList.toggle("answer-waiting", !shown);
      button.setAttribute("aria-expanded", shown);
      button.textContent = shown ? "Hide what came out" : "Show what came out";
    };
    button.addEventListener("click", () => show(button.getAttribute("aria-expanded") !== "true"));
    card.append(button);
    for (const answer of answers) answer.show = () => show(true);
    show(false);
  }
}

// What a link leads to is shown.
function showTarget() {
  const answer = document
    .getElementById(decodeURIComponent(location.hash.slice(1)))
    ?.closest(".answer-waiting");
  if (!answer) return;
  answer.show();
  answer.scrollIntoView();
}

// A result of a search shows the page's text, not the labels of its buttons.
function searchTheText() {
  if (!window.Search?.htmlToText) return;
  const before = Search.htmlToText;
  Search.htmlToText = (source, anchor) => {
    const page = new DOMParser().parseFromString(source, "text/html");
    const others = ".bd-header-article, #jb-print-docs-body, .prev-next-footer, .term-note, button";
    for (const other of page.querySelectorAll(others)) other.remove();
    return before(page.documentElement.outerHTML, anchor);
  };
}

// Paper is white.
let theme;
addEventListener("beforeprint", () => {
  theme = document.documentElement.dataset.theme;
  document.documentElement.dataset.theme = "light";
});
addEventListener("afterprint", () => {
  document.documentElement.dataset.theme = theme;
});

addEventListener("DOMContentLoaded", () => {
  const article = document.querySelector("article") ?? document.body;
  new MutationObserver(nameSliders).observe(article, { childList: true, subtree: true });
  hideAnswers();
  showTarget();
  addEventListener("hashchange", showTarget);
  searchTheText();
  nameSliders();
  nameArrows();
  // Formulas, fonts and pictures arrive late.
  new ResizeObserver(reachScrollingBoxes).observe(article);
  addEventListener("load", async () => {
    await window.MathJax?.startup?.promise;
    await document.fonts.ready;
    reachScrollingBoxes();
  });
});
