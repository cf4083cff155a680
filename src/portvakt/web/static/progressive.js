// Makes pages that already work quicker. Each part looks for its own data attributes.

const SOON = 20; // seconds before the end of a code (WCAG 2.2, 2.2.1)
const LONG_WAIT = 20; // seconds

for (const button of document.querySelectorAll("[data-reveals]")) {
  const field = document.getElementById(button.dataset.reveals);
  const show = (shown) => {
    field.type = shown ? "text" : "password";
    button.firstElementChild.textContent = shown ? button.dataset.hide : button.dataset.show;
  };
  button.hidden = false;
  button.addEventListener("click", () => {
    show(field.type === "password");
    field.focus();
  });
  // Browsers offer to remember what is in a text field, so it is a password again when it is sent.
  field.form?.addEventListener("submit", () => show(false));
}

for (const button of document.querySelectorAll("[data-copies]")) {
  if (!navigator.clipboard) continue; // only there on https and localhost
  const label = button.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(button.dataset.text);
    } catch {
      return; // the person said no; the value can still be marked by hand
    }
    button.textContent = button.dataset.done;
    button.nextElementSibling.textContent = button.dataset.done;
    setTimeout(() => { button.textContent = label; }, 3000);
  });
}

// Whoever still waits after a while is shown more clearly that there is another way.
if (document.querySelector(".waiting")) {
  setTimeout(() => {
    for (const other of document.querySelectorAll(".other")) other.classList.add("grown");
  }, LONG_WAIT * 1000);
}

for (const box of document.querySelectorAll("[data-ends-in]")) {
  const left = Number(box.dataset.endsIn);
  const reveal = (what) => {
    for (const each of box.querySelectorAll(what)) each.hidden = false;
  };
  setTimeout(() => reveal("[data-soon]"), Math.max(0, left - SOON) * 1000);
  setTimeout(() => {
    for (const each of box.querySelectorAll("p[data-soon]")) each.hidden = true;
    reveal("[data-ended]");
  }, left * 1000);
}
