import { readFileSync } from "node:fs";

/** Read without a schema: every run needs it before its prompt, and loading one takes a tenth of the time until then. */
const { version, engines }: { readonly version?: unknown; readonly engines?: { readonly node?: unknown } } = JSON.parse(
  readFileSync(new URL("../package.json", import.meta.url), "utf8"),
);

/** looptrace's own version, as its package.json says. */
export const LOOPTRACE_VERSION: string = told("version", version);

/** The versions of Node.js that looptrace runs on, as its package.json says: `>=20.19`. */
export const NODE_WANTED: string = told("engines.node", engines?.node);

function told(name: string, value: unknown): string {
  if (typeof value === "string") return value;
  throw new Error(`The package.json of looptrace has no ${name}: install it anew.`);
}
