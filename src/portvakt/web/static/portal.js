// Finds tiles while one types. Without it the same form is sent, and the page that comes says it.

const form = document.querySelector("[data-finds]");

// Letters without their marks and capitals, as the server reads them (core/portal.py).
const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

if (form) {
  const field = form.querySelector("input");
  const told = document.getElementById(form.dataset.finds);
  const shelves = [...document.querySelectorAll("main section")].map((shelf) => ({
    shelf,
    hidden: shelf.hidden,
    again: "again" in shelf.dataset,
    tiles: [...shelf.querySelectorAll(".tile")].map((tile) => ({
      tile,
      name: plain(tile.querySelector("b").textContent),
    })),
  }));

  // The tiles that are found, each of them once though it may stand on several shelves.
  const look = () => {
    const words = plain(field.value).split(/\s+/).filter(Boolean);
    const found = new Map();
    for (const { shelf, hidden, again, tiles } of shelves) {
      let any = false;
      for (const { tile, name } of tiles) {
        const key = `${name} ${tile.href}`;
        const shown = !words.length
          || (!again && !found.has(key) && words.every((word) => name.includes(word)));
        tile.parentElement.hidden = !shown;
        if (words.length && shown) found.set(key, tile);
        any ||= shown;
      }
      shelf.hidden = words.length ? !any : hidden;
    }
    const count = found.size;
    const said = { 0: form.dataset.none, 1: form.dataset.one }[count] ?? form.dataset.many;
    told.textContent = words.length ? said.replace("{count}", count) : "";
    return [...found.values()];
  };

  form.querySelector("button").hidden = true;
  field.addEventListener("input", look);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    look()[0]?.focus(); // Enter once more opens it
  });
  if (field.value) look(); // the browser has kept what was written here before
}
