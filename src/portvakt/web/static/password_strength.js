// Tells how strong a new password is while it is typed. Without this the page works as well.

const PAUSE = 300; // ms without a key, so that nobody is told in the middle of a word
const MOST = 4096; // bytes: what is longer, such as a page pasted by mistake, is not sent
const STEP = 512; // bytes: the size of what is sent must not tell how long the password is

for (const box of document.querySelectorAll("[data-strength-of]")) {
  const field = document.getElementById(box.dataset.strengthOf);
  const bar = box.querySelector(".strength-bar");
  const words = box.querySelector("[aria-live]");
  let pause;
  let asked = new AbortController();

  const show = (found) => {
    bar.hidden = !found;
    box.dataset.level = found?.level ?? "";
    const said = found?.words ?? "";
    if (words.textContent !== said) words.textContent = said;
  };

  const measure = async () => {
    const form = new URLSearchParams({ csrf: field.form.elements.csrf.value, password: field.value });
    form.set("pad", "");
    const size = String(form).length;
    if (size > MOST - STEP) {
      show(null);
      return;
    }
    form.set("pad", "0".repeat(STEP - (size % STEP)));
    asked = new AbortController();
    const { signal } = asked;
    let found = null; // too many, too busy, signed out: the meter goes away, and the form stays
    try {
      const answer = await fetch(box.dataset.measuredAt, {
        method: "POST", body: form, redirect: "error", signal,
      });
      if (answer.ok) found = await answer.json();
    } catch {
      // no network, or something newer was typed
    }
    if (!signal.aborted) show(found);
  };

  const stop = () => {
    clearTimeout(pause);
    asked.abort();
  };
  field.addEventListener("input", () => {
    stop();
    if (field.value) pause = setTimeout(measure, PAUSE);
    else show(null);
  });
  field.form.addEventListener("submit", stop);
}
