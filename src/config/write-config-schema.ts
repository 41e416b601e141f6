/**
 * Writes the JSON schema of `looptrace.config.json`, which editors complete and check the file with.
 *
 * @example `tsx src/config/write-config-schema.ts` writes dist/looptrace.config.schema.json
 */
import { mkdir, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { configFile } from "./config-file.js";

/** The schema of the file as it is written: durations are texts there. In draft 7, which editors know best. */
export function configSchema() {
  return z.toJSONSchema(configFile, { io: "input", target: "draft-7" });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const dist = new URL("../../dist/", import.meta.url);
  await mkdir(dist, { recursive: true });
  await writeFile(new URL("looptrace.config.schema.json", dist), `${JSON.stringify(configSchema(), null, 2)}\n`);
}
