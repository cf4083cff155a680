// The live stream: open while the app is seen, and back again by the protocol's rule.

import { NotUnderstood, type State, asObject, asState } from "./answers.ts";
import { EventReader } from "./events.ts";
import type { Signer } from "./jws.ts";
import { Refusal, type Service, pauseOf } from "./service.ts";

const SILENCE = 45_000; // a line comes at least every 30 s
const FULL_LENGTH = 14 * 60_000; // the service ends a stream after 15 minutes: no trouble
const LONGEST_PAUSE = 60_000;

export interface Listener {
  state(state: State): void;
  gone(): void;
  /** The stream is open, or it is not. */
  live(open: boolean): void;
}

type End = "full" | "broken" | "clock" | "gone";

/** Keep a stream open until `stop` is aborted or the phone is gone. */
export async function keepListening(
  service: Service,
  signer: Signer,
  listener: Listener,
  stop: AbortSignal,
  pause: (milliseconds: number, stop: AbortSignal) => Promise<void>,
): Promise<void> {
  for (let failures = 0; !stop.aborted; ) {
    const began = Date.now();
    let heard = false;
    const end = await listen(service, signer, stop, {
      state: (state) => {
        heard = true;
        listener.state(state);
      },
      gone: () => listener.gone(),
      live: (open) => listener.live(open),
    });
    listener.live(false);
    if (end === "gone") return;
    if (heard) failures = 0;
    const atOnce = (end === "full" && Date.now() - began > FULL_LENGTH) || (end === "clock" && failures === 0);
    if (!atOnce) await pause(pauseOf(failures, LONGEST_PAUSE), stop);
    failures += 1;
  }
}

async function listen(
  service: Service,
  signer: Signer,
  stop: AbortSignal,
  listener: Listener,
): Promise<End> {
  const broken = new AbortController();
  const breakOff = () => broken.abort();
  stop.addEventListener("abort", breakOff);
  let watchdog = setTimeout(breakOff, SILENCE);
  try {
    const { jws } = await service.sign(signer, "stream", {});
    const response = await fetch(service.address("stream"), {
      headers: { authorization: `PortvaktPhone ${jws}`, accept: "text/event-stream" },
      credentials: "omit",
      cache: "no-store",
      redirect: "error",
      signal: broken.signal,
    });
    if (!response.ok || response.body === null) {
      await service.read(response);
      return "broken";
    }
    listener.live(true);
    const events = new EventReader();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return "full";
      clearTimeout(watchdog);
      watchdog = setTimeout(breakOff, SILENCE);
      for (const { name, data } of events.feed(value)) {
        if (name === "gone") {
          listener.gone();
          return "gone";
        }
        if (name === "state") listener.state(stateOf(service, data));
      }
    }
  } catch (error) {
    if (error instanceof Refusal && error.trouble === "gone") {
      listener.gone();
      return "gone";
    }
    if (error instanceof Refusal && error.trouble === "clock") return "clock";
    if (error instanceof Refusal || error instanceof NotUnderstood) return "broken";
    if (error instanceof TypeError || error instanceof DOMException) return "broken"; // the network
    throw error;
  } finally {
    clearTimeout(watchdog);
    stop.removeEventListener("abort", breakOff);
    broken.abort();
  }
}

function stateOf(service: Service, data: string): State {
  let json: unknown;
  try {
    json = JSON.parse(data);
  } catch (error) {
    throw new NotUnderstood("state", { cause: error });
  }
  const state = asState(asObject(json));
  service.clock.heard(state.now);
  return state;
}
