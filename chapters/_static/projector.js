// Projector mode: one section of the page fills the screen, keys turn to the next, and an answer
// waits for a key. Nothing is copied: what is off the stage is not displayed, neither to eyes nor
// to screen readers, and living figures go on living. custom.css says how large the type is.

// A block that is taller than the screen is dealt out in parts, if it has any.
const PARTS =
  "section, .cell, .cell_output, ul, ol, dl, dd, blockquote, .container, .citation-list, [class*=sd-]";
// These need the arrow keys and the space bar themselves, and what is pressed needs the latter.
const OWN_KEYS =
  "input, select, textarea, [contenteditable=true], [role=slider], .scrolls, .galaxy-living-place";
const PRESSED = "button, summary";
const TURNS = { ArrowRight: 1, ArrowDown: 1, PageDown: 1, " ": 1 };
Object.assign(TURNS, { ArrowLeft: -1, ArrowUp: -1, PageUp: -1 });

class Projector {
  constructor(article, button) {
    Object.assign(this, { article, button, on: false, seen: [], screens: [], at: 0 });
    this.bar = document.createElement("nav");
    this.bar.className = "stage-bar";
    this.bar.setAttribute("aria-label", "Projector");
    this.bar.innerHTML = `<button type="button">Back</button><button type="button">Next</button>
      <h1></h1>
      <span role="status"></span><button type="button">Leave</button>`;
    const [back, next, leave] = this.bar.querySelectorAll("button");
    back.addEventListener("click", () => this.turn(-1));
    next.addEventListener("click", () => this.turn(1));
    leave.addEventListener("click", () => this.leave());
    button.addEventListener("click", () => this.enter());
    addEventListener("keydown", (event) => this.press(event), { capture: true });
    new ResizeObserver(() => this.on && this.fit()).observe(article);
    addEventListener("resize", () => this.on && this.lay(this.screens[this.at].blocks[0]));
    addEventListener("hashchange", () => this.follow());
    addEventListener("beforeprint", () => this.leave());
  }

  enter() {
    if (this.on) return;
    const inView = (block) => block.getBoundingClientRect().bottom > 80;
    const here = [...this.article.querySelectorAll("section > :not(section)")].find(inView);
    this.on = true;
    this.opened = this.reveals(true);
    this.unfolded = [...this.article.querySelectorAll("details[open]")];
    this.outside = [];
    for (let each = this.article; each !== document.body; each = each.parentElement) {
      this.outside.push(...[...each.parentElement.children].filter((other) => other !== each));
    }
    for (const each of this.outside) each.classList.add("off-stage");
    for (const details of this.unfolded) details.open = false;
    for (const input of this.article.querySelectorAll(".cell > .cell_input")) fold(input);
    for (const reveal of this.opened) reveal.click();
    document.documentElement.classList.add("projecting");
    document.body.append(this.bar);
    this.article.tabIndex = -1;
    this.lay(here);
  }

  leave() {
    if (!this.on) return;
    this.on = false;
    const here = this.screens[this.at].blocks[0];
    document.documentElement.classList.remove("projecting");
    this.bar.remove();
    this.article.removeAttribute("tabindex");
    for (const each of [...this.seen, ...this.outside]) each.classList.remove("off-stage");
    for (const details of this.article.querySelectorAll("details.fold")) {
      details.replaceWith(details.lastElementChild);
    }
    for (const details of this.unfolded) details.open = true;
    for (const reveal of this.reveals(true)) if (!this.opened.includes(reveal)) reveal.click();
    for (const reveal of this.opened) if (!isOpen(reveal)) reveal.click();
    here.scrollIntoView();
    this.button.focus({ preventScroll: true });
  }

  reveals(open) {
    return [...this.article.querySelectorAll("button.reveal")].filter(
      (each) => isOpen(each) === open,
    );
  }

  // Deal the page out to screens, measured with all answers shown, and show the one with a block.
  lay(block) {
    for (const each of this.seen) each.classList.remove("off-stage");
    const waiting = this.reveals(false);
    for (const reveal of waiting) reveal.click();
    this.write(100);
    const { paddingTop, paddingBottom } = getComputedStyle(this.article);
    const room = innerHeight - Number.parseFloat(paddingTop) - Number.parseFloat(paddingBottom);
    this.seen = [];
    this.screens = dealt([...this.blocks(this.article, room)], room);
    for (const reveal of waiting) reveal.click();
    this.show(Math.max(0, this.screenOf(block)));
  }

  // The blocks that stay whole, in reading order.
  *blocks(parent, room) {
    for (const child of parent.children) {
      this.seen.push(child);
      const { height } = child.getBoundingClientRect();
      if (!height || child.matches(".term-note")) continue;
      const tall = height > room && child.childElementCount && child.matches(PARTS);
      if (child.matches("ol")) number(child);
      if (tall || child.matches("section")) yield* this.blocks(child, room);
      else yield child;
    }
  }

  screenOf(target) {
    const holds = (block) => block.contains(target) || target?.contains(block);
    return this.screens.findIndex(({ blocks }) => blocks.some(holds));
  }

  show(number) {
    this.at = Math.max(0, Math.min(number, this.screens.length - 1));
    const { section, title, blocks } = this.screens[this.at];
    const shown = new Set();
    for (const block of blocks) {
      for (let each = block; each !== this.article; each = each.parentElement) shown.add(each);
    }
    for (const each of this.seen) each.classList.toggle("off-stage", !shown.has(each));
    // An answer alone on its screen has been asked for.
    if (!blocks.some(speaks)) this.waiting()?.show();
    const parts = this.screens.filter((each) => each.section === section);
    const part = `, ${parts.indexOf(this.screens[this.at]) + 1} of ${parts.length}`;
    const said = `Section ${section} of ${this.screens.at(-1).section}: ${title}`;
    this.bar.querySelector("span").textContent = said + (parts.length > 1 ? part : "");
    // A screen reader's way to the top, where the page's own title is off the stage.
    const heading = this.bar.querySelector("h1");
    heading.textContent = this.screens[0].title;
    heading.hidden = blocks.some((each) => each.matches("h1"));
    this.scrolls = false;
    this.write(100);
    if (!blocks.some(isLiving)) while (this.fit());
    scrollTo({ top: 0, behavior: "instant" });
    if (!this.bar.contains(document.activeElement)) this.article.focus({ preventScroll: true });
  }

  // What is still too tall, such as a table, gets smaller type, step by step as living figures
  // draw themselves again; if half of it is not enough, the screen scrolls.
  fit() {
    const { scrollHeight, clientHeight } = document.documentElement;
    if (scrollHeight <= clientHeight || this.scrolls) return false;
    this.scrolls = this.type === 50;
    this.write(this.scrolls ? 85 : this.type - 5);
    return !this.scrolls;
  }

  write(type) {
    this.type = type;
    document.documentElement.style.setProperty("--type", type / 100);
  }

  waiting() {
    const answers = this.article.querySelectorAll(".answer[hidden]");
    return [...answers].find((each) => !each.closest(".off-stage"));
  }

  // The answer comes before what is below the edge, and that before the next screen.
  turn(by) {
    const answer = by > 0 && this.waiting();
    const { scrollTop, scrollHeight, clientHeight } = document.documentElement;
    const rest = by > 0 ? scrollHeight - clientHeight - scrollTop : scrollTop;
    if (answer) answer.show();
    else if (rest > 4) scrollBy({ top: 0.8 * clientHeight * by, behavior: "instant" });
    else if (this.screens[this.at + by]) this.show(this.at + by);
  }

  press(event) {
    const { key, target } = event;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (key === "p" && !target.closest?.("input, textarea, select, [contenteditable=true]")) {
      this.on ? this.leave() : this.enter();
    } else if (!this.on) {
      return;
    } else if (key === "Escape") {
      this.leave();
    } else if (!key.startsWith("Page") && target.closest?.(OWN_KEYS)) {
      return;
    } else if (key === " " && target.closest?.(PRESSED)) {
      return;
    } else if (key in TURNS) {
      this.turn(event.shiftKey ? -TURNS[key] : TURNS[key]);
    } else if (key === "Home" || key === "End") {
      this.show(key === "Home" ? 0 : this.screens.length - 1);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  // A link to another place of the page leads to its screen.
  follow() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!this.on || !target) return;
    const block = target.matches("section") ? target.querySelector("h1, h2, h3, h4") : target;
    const screen = this.screenOf(block);
    if (screen >= 0) this.show(screen);
  }
}

const isOpen = (reveal) => reveal.getAttribute("aria-expanded") === "true";
const isHeading = (block) => block.matches("h1, h2, h3");
const leadsOn = (block) => isHeading(block) || /:\s*$/.test(block.textContent);
const endsScreen = (block) => isLiving(block) || block.matches("p.answer");
const speaks = (block) =>
  (block.matches(".cell") ? [...block.children] : [block]).some(
    (part) => part.offsetHeight && !part.matches("details"),
  );
const isLiving = (block) => block.querySelector(".galaxy-living-place, .galaxy-frames") !== null;

// Where a block begins or ends on the page, its margin included.
function edge(block, side) {
  const margin = Number.parseFloat(getComputedStyle(block)[`margin-${side}`]) || 0;
  return block.getBoundingClientRect()[side] + (side === "top" ? -margin : margin);
}

// Each section begins a screen, and so do a question, a figure that lives and what follows an answer,
// which may say it again. A prediction does if its answer would not fit below it, and any other
// block if it does not fit itself.
function dealt(blocks, room) {
  const screens = [];
  let section = 0;
  let title = "";
  let screen;
  const begin = (...first) => {
    screen = { section, title, blocks: first };
    screens.push(screen);
  };
  for (const block of blocks) {
    const bare = screen?.blocks.every(isHeading);
    if (isHeading(block)) {
      section += 1;
      title = block.textContent.replace(/#$/, "");
      if (bare) Object.assign(screen, { section, title }).blocks.push(block);
      else begin(block);
      continue;
    }
    const last = block.answers?.at(-1) ?? block;
    const full = screen && edge(last, "bottom") - edge(screen.blocks[0], "top") > room;
    const alone = block.matches(".question") || isLiving(block) || screen?.blocks.some(endsScreen);
    if (!screen) begin(block);
    else if (bare || !(full || alone)) screen.blocks.push(block);
    else {
      const along = [];
      while (screen.blocks.length > 1 && leadsOn(screen.blocks.at(-1))) {
        along.unshift(screen.blocks.pop());
      }
      begin(...along, block);
    }
  }
  return screens;
}

// Points of a list keep their numbers where others are off the stage.
function number(list) {
  for (const [i, point] of [...list.children].entries()) point.value = list.start + i;
}

// Code waits behind a line of its own.
function fold(input) {
  const details = document.createElement("details");
  const summary = document.createElement("summary");
  details.className = "fold";
  summary.textContent = "Show the code";
  input.replaceWith(details);
  details.append(summary, input);
}

addEventListener("DOMContentLoaded", () => {
  const article = document.querySelector("article");
  if (!article?.querySelector("section") || !document.querySelector(".article-header-buttons")) {
    return;
  }
  new Projector(article, headerButton("fa-display", "Projector mode (key p)"));
});
