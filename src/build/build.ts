/**
 * Writes what `dist` holds beside the library's types: the bundle of the command line and the library, the modules that
 * programs import, what opencode loads, the pages, the manual page and the schema of the configuration file. They share
 * most of their modules, which one process loads once.
 *
 * @example `node --import tsx src/build/build.ts` is what `npm run build` ends with
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { manPage } from "../cli/man-page.js";
import { configSchema } from "../config/config-schema.js";
import { buildPages } from "../web/bundle-pages.js";
import { writeBundle } from "./bundle.js";
import { compileTap } from "./compile-tap.js";
import { pruneDeclarations } from "./prune-declarations.js";
import { writeDoors } from "./write-doors.js";

const dist = fileURLToPath(new URL("../../dist/", import.meta.url));
await mkdir(dist, { recursive: true });
await buildPages();
const doors = await writeBundle(join(dist, "cli"));
await writeDoors(dist, "cli", doors);
await pruneDeclarations(
  dist,
  doors.map(({ place }) => place),
);
await compileTap(join(dist, "wire", "tap"));
await writeFile(join(dist, "looptrace.1"), manPage());
await writeFile(join(dist, "looptrace.config.schema.json"), `${JSON.stringify(configSchema(), null, 2)}\n`);
