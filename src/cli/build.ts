/**
 * Writes what `dist` holds beside the library: the pages, the command line, its manual page and the schema of the
 * configuration file. They share most of their modules, which one process loads once.
 *
 * @example `node --import tsx src/cli/build.ts` is what `npm run build` ends with
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { configSchema } from "../config/config-schema.js";
import { buildPages } from "../web/bundle-pages.js";
import { bundleCommandLine } from "./bundle.js";
import { manPage } from "./man-page.js";

const dist = fileURLToPath(new URL("../../dist/", import.meta.url));
await mkdir(dist, { recursive: true });
await buildPages();
await bundleCommandLine(join(dist, "cli"));
await writeFile(join(dist, "looptrace.1"), manPage());
await writeFile(join(dist, "looptrace.config.schema.json"), `${JSON.stringify(configSchema(), null, 2)}\n`);
