// Builds the app into src/portvakt/authenticator_app, or into the folder that is named.
//
// Files that the page loads are named after what is in them. The service worker keeps its name,
// and knows the names of all that the app needs to start.

import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { makeTexts } from "./texts.mjs";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const OUT = resolve(process.argv[2] ?? join(HERE, "../src/portvakt/authenticator_app"));
const COMMON = { bundle: true, minify: true, format: "esm", target: ["es2022", "safari16.4"], charset: "utf8", legalComments: "none" };

makeTexts();
rmSync(OUT, { recursive: true, force: true });
mkdirSync(OUT, { recursive: true });
cpSync(join(HERE, "static"), OUT, { recursive: true });
cpSync(join(HERE, "src/manifest.webmanifest"), join(OUT, "manifest.webmanifest"));

const { metafile } = await build({
  ...COMMON,
  absWorkingDir: HERE,
  entryPoints: { app: "src/main.ts", style: "src/app.css" },
  outdir: OUT,
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  splitting: true,
  metafile: true,
});

const outputs = Object.entries(metafile.outputs);
const named = (source) => basename(outputs.find(([, { entryPoint }]) => entryPoint === source)[0]);
const js = named("src/main.ts");
const css = named("src/app.css");
const first = metafile.outputs[outputs.find(([path]) => basename(path) === js)[0]];
const alongside = first.imports.filter(({ kind }) => kind === "import-statement").map(({ path }) => basename(path));

const page = readFileSync(join(HERE, "src/index.html"), "utf8").replace("{app.js}", js).replace("{app.css}", css);
writeFileSync(join(OUT, "index.html"), page);

const shell = ["./", js, css, ...alongside, "manifest.webmanifest", "icon.svg", "icon-192.png", "badge-96.png"];
const mark = createHash("sha256");
for (const name of readdirSync(OUT).sort()) mark.update(name).update(readFileSync(join(OUT, name)));

await build({
  ...COMMON,
  absWorkingDir: HERE,
  entryPoints: ["src/worker.ts"],
  outfile: join(OUT, "sw.js"),
  format: "iife",
  define: { BUILD: JSON.stringify(mark.digest("hex").slice(0, 16)), SHELL: JSON.stringify(shell) },
});
