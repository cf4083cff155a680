// Finds out, without a question, whether this device is the organisation's own. A device that has no
// certificate of ours answers no, a host that is away answers nothing, and both are shown the page
// as it stands.

const PATIENCE = 60_000; // milliseconds: somebody may be choosing a certificate
const HELD = 2_000; // how long a form waits for the answer at most
const OLD = 5 * 60_000; // after so long the page has the device looked at again

const place = document.querySelector("[data-our-device]");

async function look() {
  const signal = AbortSignal.timeout(PATIENCE);
  const ask = async (address, options) => {
    const answer = await fetch(address, { headers: { accept: "application/json" }, cache: "no-store", signal, ...options });
    if (!answer.ok) throw new Error(answer.statusText);
    return answer.json();
  };
  const { show } = await ask(place.dataset.ourDevice);
  const { answer } = await ask(show, { credentials: "include" });
  const { ours } = await ask(`/our-device/told?answer=${encodeURIComponent(answer)}`);
  if (ours && "again" in place.dataset) location.reload();
}

if (place) {
  let looking = null; // null when there is nothing to wait for
  let began = 0;
  const begin = () => {
    began = performance.now();
    const mine = look().catch(() => {}).finally(() => { if (looking === mine) looking = null; });
    looking = mine;
  };
  begin();
  for (const form of document.querySelectorAll("form[data-knows-device]")) {
    let sent = false;
    form.addEventListener("submit", async (event) => {
      if (sent) return;
      if (performance.now() - began > OLD) begin();
      if (looking === null) return;
      event.preventDefault();
      await Promise.race([looking, new Promise((done) => setTimeout(done, HELD))]);
      sent = true;
      form.requestSubmit(event.submitter);
    });
  }
}
