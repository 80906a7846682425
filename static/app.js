/* Makes pages quicker, never possible: every page works without this file. */
"use strict";

(() => {
  const root = document.documentElement;
  const words = () => document.body.dataset;
  root.classList.add("js");

  // A second press of the same button does nothing; after 300 ms the button says it is busy.
  const timers = new WeakMap();
  const release = (form) => {
    clearTimeout(timers.get(form));
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("button[data-was]")) {
      button.disabled = false;
      button.classList.remove("busy");
      button.removeAttribute("aria-busy");
      button.textContent = button.dataset.was;
      delete button.dataset.was;
    }
  };
  const markBusy = (button) => {
    button.classList.add("busy");
    button.setAttribute("aria-busy", "true");
    button.textContent = words().busy;
  };
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method === "dialog") return;
    if (form.dataset.sent) return event.preventDefault();
    form.dataset.sent = "1";
    const button = event.submitter || form.querySelector("button:not([type=button])");
    if (!button) return;
    button.dataset.was = button.textContent;
    setTimeout(() => { button.disabled = true; });  // after the name and value were taken
    timers.set(form, setTimeout(() => markBusy(button), 300));
  });
  document.addEventListener("htmx:finally:request", (event) => {
    const form = event.target.closest?.("form");
    if (form) release(form);
  });
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) document.querySelectorAll("form[data-sent]").forEach(release);
  });

  // The error summary takes the focus, and its links reach the field itself.
  const focusSummary = () => document.querySelector("[data-focus]")?.focus();
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.(".error-summary a[href^='#']");
    const box = link && document.getElementById(link.hash.slice(1));
    if (!box) return;
    event.preventDefault();
    const field = box.matches("fieldset") ? box.querySelector("input") : box;
    box.closest(".form-field")?.scrollIntoView({ block: "start" });
    field?.focus({ preventScroll: true });
  });

  // Names and sizes of the chosen files, and a word when there are too many or too large ones.
  const size = (bytes) => bytes < 1048576
    ? `${Math.max(1, Math.round(bytes / 1024))} KB` : `${(bytes / 1048576).toFixed(1)} MB`;
  const fileLine = (file, input, index) => {
    const line = document.createElement("li");
    const most = Number(input.dataset.maxBytes || Infinity);
    const tooMuch = file.size > most || index >= Number(input.dataset.maxFiles || Infinity);
    for (const text of [file.name, size(file.size) + (tooMuch ? ` · ${words().tooMuch}` : "")]) {
      line.append(Object.assign(document.createElement("span"), { textContent: text }));
    }
    line.classList.toggle("too-much", tooMuch);
    return line;
  };
  document.addEventListener("change", (event) => {
    const input = event.target;
    if (input.type !== "file") return;
    const list = document.getElementById(`${input.id}-files`);
    list?.replaceChildren(...Array.from(input.files, (file, i) => fileLine(file, input, i)));
  });

  // The queue by keyboard: j next, k previous, Enter opens (the link has the focus), ? help.
  const step = (by) => {
    const links = Array.from(document.querySelectorAll("[data-queue] .title a"));
    if (!links.length) return false;
    const here = links.indexOf(document.activeElement);
    const next = here < 0 ? (by > 0 ? 0 : links.length - 1) : here + by;
    links[Math.min(Math.max(next, 0), links.length - 1)].focus({ focusVisible: true });
    return true;
  };
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      document.querySelectorAll("details.person[open]").forEach((menu) => { menu.open = false; });
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.closest?.("input, textarea, select, dialog, [contenteditable]")) return;
    const help = document.getElementById("keys");
    const done = event.key === "j" ? step(1) : event.key === "k" ? step(-1)
      : event.key === "?" && help ? (help.showModal(), true) : false;
    if (done) event.preventDefault();
  });

  // Menus close on a press elsewhere; copy buttons copy; a button may open a dialog.
  document.addEventListener("click", (event) => {
    document.querySelectorAll("details.person[open]").forEach((menu) => {
      if (!menu.contains(event.target)) menu.open = false;
    });
    const opens = event.target.closest?.("[data-opens]");
    if (opens) document.getElementById(opens.dataset.opens)?.showModal();
    const copy = event.target.closest?.("[data-copies]");
    const source = copy && document.getElementById(copy.dataset.copies);
    if (!source) return;
    source.select();
    navigator.clipboard?.writeText(source.value).then(() => { copy.textContent = words().copied; });
  });

  // A ticket that is printed is noted as printed; without script it was noted as seen.
  window.addEventListener("beforeprint", () => {
    const printed = document.querySelector("[data-printed]");
    const headers = JSON.parse(document.body.getAttribute("hx-headers:inherited") || "{}");
    if (printed) fetch(printed.dataset.printed, { method: "POST", headers, keepalive: true });
  });

  // What was typed into a form that came after the session had ended is typed again when the same
  // person is back on that page. It stays in this tab until then; no password and no file is kept.
  const TYPED = "typed";
  const typed = (form) => Array.from(form.elements).filter((field) => field.name
    && field.matches("textarea, select, input:not([type=hidden], [type=password], [type=file])"));
  const isTick = (field) => field.type === "checkbox" || field.type === "radio";
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || !words().person || !form.closest("main")) return;
    const fields = typed(form).map((field) => [field.name, field.value, field.checked]);
    const kept = { path: location.pathname, person: words().person, fields };
    if (fields.length) sessionStorage.setItem(TYPED, JSON.stringify(kept));
  });
  const fill = (fields) => {
    let found = false;
    for (const field of Array.from(document.querySelectorAll("main form[method=post]"), typed).flat()) {
      const same = fields.filter(([name]) => name === field.name);
      const was = isTick(field) ? same.find(([, value]) => value === field.value) : same[0];
      if (!was) continue;
      if (isTick(field)) field.checked = was[2];
      else field.value = was[1];
      found = true;
    }
    return found;
  };
  const typeAgain = () => {
    const kept = JSON.parse(sessionStorage.getItem(TYPED) || "null");
    if (!kept) return;
    if (document.querySelector("[data-ended]")) kept.late = true;
    const waits = kept.late && !words().person;
    if (waits) return sessionStorage.setItem(TYPED, JSON.stringify(kept));
    sessionStorage.removeItem(TYPED);
    const mine = kept.late && kept.person === words().person && kept.path === location.pathname;
    if (!mine || !fill(kept.fields)) return;
    const said = Object.assign(document.createElement("div"), {
      className: "notice notice-success", textContent: words().again,
    });
    said.setAttribute("role", "status");
    document.querySelector("main .frame").prepend(said);
  };
  // A minute before an idle session ends a notice asks whether to go on. What is used in another
  // tab counts for this one; what was typed stays where it is.
  const watchIdle = () => {
    const notice = document.getElementById("idle");
    if (!notice) return;
    const key = `idle-${words().person}`;
    const lasts = notice.dataset.idle * 1000;
    const until = () => Number(localStorage.getItem(key));
    const say = (when) => {
      for (const one of notice.querySelectorAll("[data-when]")) one.hidden = one.dataset.when !== when;
      if (!notice.open) notice.showModal();
    };
    let timer;
    const look = () => {
      clearTimeout(timer);
      const left = until() - Date.now();
      const before = Math.min(60000, lasts / 2);
      if (left > before && notice.open) notice.close();
      if (left <= before) say(left > 0 ? "soon" : "over");
      if (left > 0) timer = setTimeout(look, left > before ? left - before : left);
    };
    const used = (left) => {
      localStorage.setItem(key, Math.max(until(), Date.now() + left));
      look();
    };
    notice.addEventListener("click", (event) => {
      const when = event.target.closest("button")?.dataset.when;
      if (when === "over") notice.close();
      if (when !== "soon") return;
      const headers = JSON.parse(document.body.getAttribute("hx-headers:inherited") || "{}");
      fetch(notice.dataset.stay, { method: "POST", headers, redirect: "manual" })
        .then((answer) => (answer.status === 204 ? used(lasts) : say("over")), () => {});
    });
    document.addEventListener("htmx:after:swap", () => used(lasts - 60000));
    document.addEventListener("visibilitychange", look);
    window.addEventListener("storage", (event) => { if (event.key === key) look(); });
    used(notice.dataset.left * 1000);
  };
  document.addEventListener("DOMContentLoaded", watchIdle);
  document.addEventListener("DOMContentLoaded", typeAgain);
  document.addEventListener("DOMContentLoaded", focusSummary);
  document.addEventListener("htmx:after:swap", focusSummary);
})();
