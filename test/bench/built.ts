import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const DIST = new URL("../../dist/", import.meta.url);

/** Where a file of the built package is. */
export function builtPath(file: string): string {
  const path = fileURLToPath(new URL(file, DIST));
  if (existsSync(path)) return path;
  throw new Error(`${path} is not there. Build first: npm run build`);
}

/** The same as a URL, for `import`. */
export function builtUrl(file: string): string {
  builtPath(file);
  return new URL(file, DIST).href;
}

// The types are those of the sources: the compiler has made the built files from them.
export const built = {
  ...((await import(builtUrl("index.js"))) as typeof import("../../src/index.js")),
  ...((await import(builtUrl("otel/encode-trace.js"))) as typeof import("../../src/otel/encode-trace.js")),
  ...((await import(builtUrl("deliver/deliver.js"))) as typeof import("../../src/deliver/deliver.js")),
};
