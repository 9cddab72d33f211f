// What the theme and the widgets leave out: names for sliders and arrows, boxes that
// scroll by keyboard, answers that wait, and printing from dark mode.

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

// A button among those at the top of the page.
function headerButton(icon, title, text = "") {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn btn-sm pst-navbar-icon";
  button.title = title;
  const sign = document.createElement("i");
  sign.className = `fa-solid ${icon}`;
  const label = document.createElement("span");
  label.textContent = text;
  button.append(sign, label);
  if (!text) button.setAttribute("aria-label", title);
  document.querySelector(".article-header-buttons")?.prepend(button);
  return button;
}

// What a card asks for: of a question the paragraph after it, of a prediction what the cells put
// out and the paragraph that says what came out. A figure that computes has no answer in it.
function answersOf(card) {
  let node = card.nextElementSibling;
  if (card.matches(".question")) return node?.matches(".question-answer") ? [node] : [];
  const answers = [];
  for (; node && !node.matches("section, .predict, .came-out"); node = node.nextElementSibling) {
    for (const output of node.querySelectorAll(".cell_output")) {
      const living = output.querySelector(".galaxy-living-place");
      const parts = living ? [...output.children] : [output];
      answers.push(...parts.filter((part) => !part.querySelector(".galaxy-living-place")));
    }
  }
  return node?.matches(".came-out") ? [...answers, node] : [];
}

// An answer is one click away, and the browser's own search finds it. Without scripts, and on
// paper, it is there from the start. Returns a function for each card that shows or hides its own.
function hideAnswers() {
  const hidden = "onbeforematch" in document.body ? "until-found" : "";
  return [...document.querySelectorAll("blockquote.predict, blockquote.question")].flatMap(
    (card) => {
      const answers = answersOf(card);
      if (!answers.length) return [];
      const what = card.matches(".question") ? "the answer" : "what came out";
      const button = document.createElement("button");
      button.type = "button";
      button.className = "reveal";
      const show = (shown) => {
        for (const answer of answers) {
          if (shown) answer.removeAttribute("hidden");
          else answer.setAttribute("hidden", hidden);
        }
        button.setAttribute("aria-expanded", shown);
        button.textContent = `${shown ? "Hide" : "Show"} ${what}`;
      };
      button.addEventListener("click", () => show(button.getAttribute("aria-expanded") !== "true"));
      card.append(button);
      card.answers = answers;
      for (const answer of answers) {
        answer.classList.add("answer");
        answer.show = () => show(true);
        answer.addEventListener("beforematch", answer.show);
      }
      return [show];
    },
  );
}

// A switch shows all answers, on the next page too if the browser keeps anything for us.
function addSwitch(answers) {
  if (!answers.length) return;
  const key = "book-answers";
  const button = headerButton("fa-toggle-off", "Show all answers", "Answers");
  button.classList.add("answers-switch");
  button.setAttribute("role", "switch");
  const turn = (on) => {
    for (const show of answers) show(on);
    button.setAttribute("aria-checked", on);
    button.firstChild.className = `fa-solid ${on ? "fa-toggle-on" : "fa-toggle-off"}`;
  };
  button.addEventListener("click", () => {
    const on = button.getAttribute("aria-checked") !== "true";
    turn(on);
    try {
      localStorage.setItem(key, on ? "shown" : "hidden");
    } catch {
      // It holds for this page.
    }
  });
  let before = null;
  try {
    before = localStorage.getItem(key);
  } catch {
    // As on a first visit.
  }
  turn(before === "shown");
}

// What a link leads to is shown.
function showTarget() {
  const answer = document
    .getElementById(decodeURIComponent(location.hash.slice(1)))
    ?.closest(".answer[hidden]");
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
  addSwitch(hideAnswers());
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
