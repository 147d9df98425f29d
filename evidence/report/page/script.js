"use strict";
// Without this script the page shows the first model beside the leading reference, and says everything else.
(function () {
  const form = document.getElementById("switch");
  const shown = document.getElementById("shown");
  const model = document.getElementById("model");
  const against = document.getElementById("against");

  function chosen(select) {
    return select ? select.options[select.selectedIndex] : null;
  }

  function only(attribute, value) {
    for (const element of document.querySelectorAll("[" + attribute + "]")) {
      if (element.getAttribute(attribute) === value) {
        element.removeAttribute("hidden");
      } else {
        element.setAttribute("hidden", "");
      }
    }
  }

  function change() {
    const one = chosen(model);
    const other = chosen(against);
    if (one) {
      only("data-model", one.value);
    }
    if (other) {
      only("data-against", other.value);
    }
    // A function: a label may hold what a replacement text would take for a sign.
    shown.textContent = shown.dataset.text
      .replace("{model}", () => (one ? one.text : shown.dataset.model || ""))
      .replace("{against}", () => (other ? other.text : ""));
  }

  if (form) {
    form.hidden = false;
    form.addEventListener("change", change);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.reset();
  }

  // What hovering shows goes away with Escape, and comes back with the next move.
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      document.body.classList.add("quiet");
    }
  });
  for (const kind of ["mouseover", "focusin"]) {
    document.addEventListener(kind, () => document.body.classList.remove("quiet"));
  }

  // Paper has nothing to open.
  const opened = [];
  window.addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll("details:not([open])")) {
      details.open = true;
      opened.push(details);
    }
  });
  window.addEventListener("afterprint", () => {
    for (const details of opened.splice(0)) {
      details.open = false;
    }
  });
})();
