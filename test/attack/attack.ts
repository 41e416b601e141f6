import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Attack } from "./support/attack.js";
import { isAttack, pickAttacks, runAttacks } from "./support/run-attacks.js";

/** `npm run attack [-- <names>]`: runs the attacks in this folder, and ends with 1 when something did not hold. */
async function main(names: readonly string[]): Promise<number> {
  const all = await attacksIn(fileURLToPath(new URL(".", import.meta.url)));
  const failed = await runAttacks(pickAttacks(all, names), (line) => console.log(line));
  return failed === 0 ? 0 : 1;
}

async function attacksIn(folder: string): Promise<readonly Attack[]> {
  const files = readdirSync(folder).filter((file) => /^[a-z-]+\.ts$/.test(file) && file !== basename(import.meta.url));
  const attacks: Attack[] = [];
  for (const file of files.sort()) {
    const module: unknown = await import(pathToFileURL(join(folder, file)).href);
    if (typeof module !== "object" || module === null || !isAttack(module))
      throw new Error(`${file} is no attack: it has to export a name and a function run.`);
    attacks.push(module);
  }
  return attacks;
}

process.exitCode = await main(process.argv.slice(2));
