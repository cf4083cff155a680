// Looks for new texts every second and puts them in place; without script there is a link.
const list = document.getElementById("texts");
let last = "";

async function look() {
  try {
    const answer = await fetch(list.dataset.from);
    const html = answer.ok ? await answer.text() : last;
    if (last && html !== last) list.innerHTML = html; // escaped by the template it comes from
    last = html;
  } catch {
    // The demo was stopped; the next look may find it again.
  }
  setTimeout(look, 1000);
}

look();
