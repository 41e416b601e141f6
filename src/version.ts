import { readFileSync } from "node:fs";
import { z } from "zod";

const { version, engines } = z
  .object({ version: z.string(), engines: z.object({ node: z.string() }) })
  .parse(JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")));

/** looptrace's own version, as its package.json says. */
export const LOOPTRACE_VERSION: string = version;

/** The versions of Node.js that looptrace runs on, as its package.json says: `>=20.19`. */
export const NODE_WANTED: string = engines.node;
