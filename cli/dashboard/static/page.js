// The page: asks for the HTML of a path with the token, and lets the stream of changes renew it.

const policy = window.trustedTypes
  ? window.trustedTypes.createPolicy("slipway", { createHTML: (html) => html })
  : { createHTML: (html) => html };
const content = document.getElementById("content");
const dialog = document.getElementById("plan");
const live = document.getElementById("live");
const said = document.getElementById("said");
const token = new URLSearchParams(location.hash.slice(1)).get("token") || "";
const filter = { words: "", troubled: false };
let stream = new AbortController();
let ahead = 0; // milliseconds by which the clock of AWS is ahead of this one

// Asking

async function ask(path, body) {
  const options = { headers: { authorization: `Bearer ${token}` }, cache: "no-store" };
  if (body !== undefined) {
    options.method = "POST";
    options.headers["content-type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  let answer;
  try {
    answer = await fetch(path, options);
  } catch (_) {
    throw new Error("The dashboard has ended. Next: start slipway dashboard again.");
  }
  const found = await answer.json().catch(() => ({ error: `The dashboard answered ${answer.status}.` }));
  if (!answer.ok) throw new Error(found.error);
  return found;
}

async function show({ focus = false } = {}) {
  stream.abort();
  stream = new AbortController();
  const mine = stream;
  const path = location.pathname;
  try {
    const page = await ask(`/view?path=${encodeURIComponent(path)}`);
    if (mine.signal.aborted) return;
    clock(page.at);
    put(page, true);
    if (focus) content.focus({ preventScroll: true });
    scrollTo(0, history.state?.top ?? 0);
    follow(path, mine.signal);
  } catch (error) {
    if (mine.signal.aborted) return;
    trouble(error.message);
  }
}

// The stream of changes. EventSource cannot send the token as a header, so fetch reads it.
async function follow(path, signal) {
  let wait = 1000;
  while (!signal.aborted) {
    try {
      const answer = await fetch(`/changes?path=${encodeURIComponent(path)}`, {
        headers: { authorization: `Bearer ${token}` }, cache: "no-store", signal,
      });
      if (!answer.ok) throw new Error((await answer.json()).error);
      state("live", "live");
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = "";
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        wait = 1000;
        const events = (rest + value).split("\n\n");
        rest = events.pop();
        for (const event of events) {
          const data = event.split("\n").filter((line) => line.startsWith("data: "));
          if (!data.length) continue;
          const page = JSON.parse(data.map((line) => line.slice(6)).join("\n"));
          clock(page.at);
          if (page.html !== undefined) put(page, false);
        }
      }
    } catch (_) {
      if (signal.aborted) return;
    }
    if (signal.aborted) return;
    state("not connected: what is shown may be old", "lost");
    await new Promise((resolve) => setTimeout(resolve, wait));
    wait = Math.min(wait * 2, 15000);
  }
}

function state(words, kind) {
  if (live.textContent !== words) live.textContent = words;
  live.className = `live ${kind}`;
}

// Showing

function parsed(html) {
  const template = document.createElement("template");
  template.innerHTML = policy.createHTML(html);
  return template.content;
}

// Only the parts that differ are replaced: the focus, what is open and the place stay.
function put(page, whole) {
  document.title = `${page.title} · Slipway`;
  const next = parsed(page.html);
  const focused = whole ? null : landmark(document.activeElement);
  const opened = [...content.querySelectorAll("details[open]")].map((one) => one.id);
  if (whole || !same(content, next)) {
    content.replaceChildren(next);
  } else {
    for (const part of next.querySelectorAll("[data-part]")) {
      const old = content.querySelector(`[data-part="${CSS.escape(part.dataset.part)}"]`);
      if (old.source !== undefined ? old.source !== part.outerHTML : old.outerHTML !== part.outerHTML) {
        const source = part.outerHTML;
        old.replaceWith(part);
        part.source = source;
      }
    }
  }
  for (const part of content.querySelectorAll("[data-part]")) part.source ??= part.outerHTML;
  for (const id of opened) if (id) content.querySelector(`#${CSS.escape(id)}`)?.setAttribute("open", "");
  const box = document.getElementById("filter");
  if (box && whole) {
    box.value = filter.words;
    document.getElementById("troubled").checked = filter.troubled;
  }
  sift();
  age();
  if (focused && document.activeElement === document.body) content.querySelector(focused)?.focus();
}

function same(old, next) {
  const names = (root) => [...root.querySelectorAll("[data-part]")].map((one) => one.dataset.part).join("\n");
  return names(old) === names(next);
}

function landmark(element) {
  if (!element || !content.contains(element)) return null;
  if (element.id) return `#${CSS.escape(element.id)}`;
  const href = element.getAttribute("href");
  if (href) return `[href="${CSS.escape(href)}"]`;
  const { act, to } = element.dataset;
  return act ? `[data-act="${CSS.escape(act)}"][data-to="${CSS.escape(to)}"]` : null;
}

function trouble(words) {
  state("not connected", "lost");
  const line = document.createElement("p");
  line.className = "trouble";
  line.setAttribute("role", "alert");
  line.textContent = words;
  content.replaceChildren(line);
}

function tell(words) {
  said.textContent = words;
  said.classList.add("shown");
  clearTimeout(tell.timer);
  tell.timer = setTimeout(() => said.classList.remove("shown"), 9000);
}

function sift() {
  const lines = content.querySelectorAll(".board .line[data-name]");
  let shown = 0;
  for (const line of lines) {
    const fits = filter.words.toLowerCase().split(/\s+/).every((word) => line.dataset.name.toLowerCase().includes(word));
    line.hidden = !(fits && (!filter.troubled || "troubled" in line.dataset));
    if (!line.hidden) shown += 1;
  }
  const nothing = document.getElementById("nothing");
  if (nothing) nothing.hidden = shown > 0;
}

function clock(at) {
  if (at) ahead = Date.parse(at) - Date.now();
}

function age() {
  const now = Date.now() + ahead;
  for (const one of document.querySelectorAll("time[data-ago]")) {
    const seconds = Math.max(0, (now - Date.parse(one.dateTime)) / 1000);
    one.title ||= one.dateTime;
    const words = seconds < 100 ? `${Math.floor(seconds)} s ago`
      : seconds < 6000 ? `${Math.floor(seconds / 60)} min ago`
      : seconds < 172800 ? `${Math.floor(seconds / 3600)} h ago`
      : `${Math.floor(seconds / 86400)} d ago`;
    if (one.textContent !== words) one.textContent = words;
  }
}

// Acting

async function plan(wanted) {
  try {
    const { html } = await ask("/plan", wanted);
    const chosen = dialog.open && document.activeElement?.name === "to";
    const typed = dialog.open ? dialog.querySelector("[name=why]")?.value : "";
    dialog.replaceChildren(parsed(html));
    age();
    if (!dialog.open) dialog.showModal();
    const why = dialog.querySelector("[name=why]");
    if (why && typed) why.value = typed; // another choice keeps the reason, and the focus
    (chosen ? dialog.querySelector("[name=to]:checked") : why)?.focus();
  } catch (error) {
    tell(error.message);
  }
}

async function act(form) {
  const button = form.querySelector("#do");
  const refused = form.querySelector("#refused");
  button.disabled = true;
  refused.hidden = true;
  const fields = new FormData(form);
  const body = { plan: form.dataset.plan, why: fields.get("why") };
  if (fields.get("until")) body.until = fields.get("until").trim();
  try {
    const { words, path } = await ask("/act", body);
    dialog.close();
    tell(words.join(" "));
    if (path && path !== location.pathname) go(path);
    else show();
  } catch (error) {
    refused.textContent = error.message;
    refused.hidden = false;
    button.disabled = false;
  }
}

// Going about

function go(path) {
  history.replaceState({ top: scrollY }, "");
  history.pushState(null, "", path + location.hash);
  show({ focus: true });
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-act]");
  if (button) {
    const { act, stage, service, to } = button.dataset;
    plan({ act, stage, service, to });
    return;
  }
  if (event.target.closest("#close")) dialog.close();
  const link = event.target.closest("a");
  const href = link?.getAttribute("href");
  if (!href?.startsWith("/") || event.button) return;
  event.preventDefault();
  if (event.metaKey || event.ctrlKey || event.shiftKey) open(href + location.hash, "_blank", "noopener");
  else go(href);
});
document.addEventListener("submit", (event) => {
  event.preventDefault();
  if (event.target.id === "confirm") act(event.target);
});
document.addEventListener("input", (event) => {
  if (event.target.id === "filter") filter.words = event.target.value;
  if (event.target.id === "troubled") filter.troubled = event.target.checked;
  if (event.target.name === "to") {
    const { act, stage, service } = event.target.dataset;
    plan({ act, stage, service, to: event.target.value });
  }
  sift();
});
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, dialog");
  if (event.key === "/" && !typing && document.getElementById("filter")) {
    event.preventDefault();
    document.getElementById("filter").focus();
  }
});
addEventListener("popstate", () => show({ focus: true }));
setInterval(age, 1000);
if (token) show();
else trouble("The token is missing: open the whole address that the terminal shows.");
