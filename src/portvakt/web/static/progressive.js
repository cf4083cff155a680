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

// A page on the way to somewhere else; its button does the same.
const onTheWay = document.querySelector("[data-goes-on]");
if (onTheWay) window.addEventListener("load", () => onTheWay.requestSubmit());

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

// Until when somebody has to wait is shown as a time of day; here as seconds that pass.
for (const line of document.querySelectorAll("[data-counts-down]")) {
  const ends = performance.now() + Number(line.dataset.countsDown) * 1000;
  const count = () => {
    const left = Math.ceil((ends - performance.now()) / 1000);
    if (left <= 0) {
      line.hidden = true;
      return;
    }
    line.textContent = line.dataset.counting.replace("{seconds}", left);
    setTimeout(count, 1000);
  };
  count();
}

// A form that waits for something elsewhere, such as an answer in a phone, is sent when it has come.
// The address answers {changed: true}, or after a while {changed: false} with what to tell until then,
// and `over` where nothing more will come. What is no form, such as the fate of a text, only tells.
for (const waiting of document.querySelectorAll("[data-waits-for]")) {
  const address = new URL(waiting.dataset.waitsFor, location.href);
  const told = document.querySelector(".waiting");
  let pause = 1; // seconds
  const ask = async () => {
    let found;
    try {
      const answer = await fetch(address, { headers: { accept: "application/json" }, cache: "no-store" });
      if (answer.status === 404 || answer.status === 410) return; // it is over; the button says how
      if (!answer.ok) throw new Error(answer.statusText);
      found = await answer.json();
    } catch {
      setTimeout(ask, pause * (1 + Math.random()) * 1000); // the network, or the server, is away
      pause = Math.min(pause * 2, 30);
      return;
    }
    pause = 1;
    if (found.changed) {
      waiting.requestSubmit();
      return;
    }
    if (found.seen) address.searchParams.set("seen", found.seen);
    if (told && found.told && told.textContent !== found.told) told.textContent = found.told;
    if (found.over) return;
    setTimeout(ask, 250);
  };
  ask();
}
