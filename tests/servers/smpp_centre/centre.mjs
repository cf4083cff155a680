// A message centre that speaks SMPP 3.4, on node-smpp: code that shares nothing with the product's.
// First line out: {"plain": port, "tls": port}. Then one line per event. Each line in changes `mode`,
// or is an order: {"say": {...}} (a deliver_sm as written), {"hang_up": true},
// {"take_leave": true}, or {"look": true}, which only says "done" like the others. Arguments: a key and a certificate (PEM files).
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import smpp from "smpp";

const [keyFile, certFile] = process.argv.slice(2);
const PLAIN_ORDER = {
  bind: 0, // the status that binds are answered with
  submit: 0, // the status that texts are answered with
  on_submit: "answer", // or "ignore", "hang_up", "garbage", "hang_up_after_answer"
  deaf: false, // answers no enquire_link
  state: "", // what receipts say, such as DELIVRD; none are sent without it
  form: "parameters", // or "words": how receipts name the text
  quiet: false, // tells nothing of texts, for figures
  ids: "same", // or "decimal": how "words" write the name, which answers have in hexadecimal
};
const STATES = { DELIVRD: 2, EXPIRED: 3, DELETED: 4, UNDELIV: 5, ACCEPTD: 6, UNKNOWN: 7, REJECTD: 8 };
const mode = { ...PLAIN_ORDER };
const sessions = new Set();
let last = 0;

const tell = (event) => process.stdout.write(JSON.stringify(event) + "\n");

function answerBind(session, pdu) {
  const right = pdu.system_id === "portvakt" && pdu.password === "simpw";
  const status = mode.bind || (right ? 0 : smpp.ESME_RINVPASWD);
  session.send(pdu.response({ command_status: status, system_id: "centre" }));
  if (status) {
    tell({ event: "bind_refused" });
    return session.close();
  }
  sessions.add(session);
  tell({ event: "bind", command: pdu.command });
}

function textOf(pdu) {
  const payload = pdu.message_payload;
  const from = payload === undefined ? pdu.short_message : payload;
  const message = from && from.message !== undefined ? from.message : from;
  const udh = from && from.udh ? Buffer.concat([].concat(from.udh).map((each) => Buffer.from(each))) : null;
  const text = Buffer.isBuffer(message) ? smpp.encodings.ASCII.decode(message) : String(message);
  return { text, udh: udh && udh.toString("hex"), payload: payload !== undefined };
}

function answerSubmit(session, pdu) {
  const id = (++last + 0xab000).toString(16);
  if (!mode.quiet) tell({
    event: "submit", id, at: Date.now(), ...textOf(pdu),
    from: pdu.source_addr, from_ton: pdu.source_addr_ton, from_npi: pdu.source_addr_npi,
    to: pdu.destination_addr, to_ton: pdu.dest_addr_ton, to_npi: pdu.dest_addr_npi,
    coding: pdu.data_coding, esm_class: pdu.esm_class, registered: pdu.registered_delivery,
    sar: pdu.sar_total_segments === undefined
      ? null : [pdu.sar_msg_ref_num, pdu.sar_total_segments, pdu.sar_segment_seqnum],
  });
  if (mode.on_submit === "ignore") return;
  if (mode.on_submit === "hang_up") return session.destroy();
  if (mode.on_submit === "garbage") return session.socket.write(Buffer.from([0, 0, 0, 3, 255, 255, 255, 255]));
  if (mode.submit) return session.send(pdu.response({ command_status: mode.submit }));
  session.send(pdu.response({ message_id: id }));
  if (mode.on_submit === "hang_up_after_answer") return session.close();
  if (mode.state && pdu.registered_delivery & 1) sendReceipt(session, pdu, id);
}

function sendReceipt(session, pdu, id) {
  const named = mode.ids === "decimal" ? String(parseInt(id, 16)) : id;
  const words = `id:${named} sub:001 dlvrd:001 submit date:2611231200 done date:2611231200 stat:${mode.state} err:000 text:`;
  const parameters = { receipted_message_id: id, message_state: STATES[mode.state] };
  const fields = { source_addr: pdu.destination_addr, destination_addr: pdu.source_addr, esm_class: 4 };
  session.deliver_sm(
    { ...fields, short_message: words, ...(mode.form === "parameters" ? parameters : {}) },
    (answer) => tell({ event: "receipt_answered", id, status: answer.command_status }),
  );
}

function serve(session) {
  session.on("error", () => session.destroy());
  session.on("close", () => sessions.delete(session) && tell({ event: "gone" }));
  for (const kind of ["bind_transceiver", "bind_transmitter", "bind_receiver"])
    session.on(kind, (pdu) => answerBind(session, pdu));
  session.on("enquire_link", (pdu) => {
    tell({ event: "enquire" });
    if (!mode.deaf) session.send(pdu.response());
  });
  session.on("unbind", (pdu) => {
    session.send(pdu.response());
    tell({ event: "unbind" });
    session.close();
  });
  session.on("submit_sm", (pdu) => answerSubmit(session, pdu));
}

const listen = (options) =>
  new Promise((resolve) => {
    const server = smpp.createServer(options, serve);
    server.listen(0, "127.0.0.1", () => resolve(server.address().port));
  });
const plain = await listen({});
const tls = await listen({ key: readFileSync(keyFile), cert: readFileSync(certFile) });
tell({ plain, tls });

createInterface({ input: process.stdin })
  .on("line", (line) => {
    const order = JSON.parse(line);
    if (order.say) {
      for (const session of sessions)
        session.deliver_sm(order.say, (answer) => tell({ event: "said", status: answer.command_status }));
    } else if (order.hang_up) {
      for (const session of sessions) session.destroy();
    } else if (order.take_leave) {
      for (const session of sessions) session.unbind();
    } else if (!order.look) {
      Object.assign(mode, PLAIN_ORDER, order);
    }
    tell({ event: "done" });
  })
  .on("close", () => process.exit(0));
