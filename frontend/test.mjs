// Types, then the unit tests in tests/ on the protocol layer, in Node's own test runner.

import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { makeTexts } from "./texts.mjs";

const HERE = fileURLToPath(new URL(".", import.meta.url));

function run(command, ...words) {
  const { status } = spawnSync(command, words, { cwd: HERE, stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}

makeTexts();
for (const project of ["tsconfig.json", "tsconfig.worker.json"]) {
  run(process.execPath, "node_modules/typescript/bin/tsc", "-p", project);
}
await build({
  absWorkingDir: HERE,
  entryPoints: ["src/wire/index.ts"],
  outfile: "build/wire.mjs",
  bundle: true,
  format: "esm",
  target: "es2022",
});
const tests = readdirSync(join(HERE, "tests")).filter((name) => name.endsWith(".test.mjs"));
run(process.execPath, "--test", ...tests.map((name) => join("tests", name)));
