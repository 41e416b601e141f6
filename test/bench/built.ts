import { existsSync, readdirSync, readFileSync } from "node:fs";
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

/**
 * A module of looptrace's own as it is in the bundle, as an expression for a program that is an ES module: most modules
 * are no files of their own there, and no door leads to them.
 *
 * @param name such as `otel/encode-trace`
 */
export function builtModule(name: string): string {
  const pack = packs.find(([, text]) => text.includes(`\nexports[${JSON.stringify(name)}] = `))?.[0];
  if (pack === undefined) throw new Error(`There is no ${name} in the bundle.`);
  const load = `load(${JSON.stringify(pack)}, ${JSON.stringify(name)})`;
  return `(await import(${JSON.stringify(builtUrl("cli/packs.js"))})).default.${load}`;
}

const ENDING = ".pack.js";
const packs = readdirSync(builtPath("cli"))
  .filter((file) => file.endsWith(ENDING))
  .map((file) => [file.slice(0, -ENDING.length), readFileSync(builtPath(`cli/${file}`), "utf8")] as const);

/** The same module for this process. */
async function loaded(name: string): Promise<unknown> {
  return (await import(`data:text/javascript,${encodeURIComponent(`export default ${builtModule(name)};`)}`)).default;
}

// The types are those of the sources: the build has made all of it from them.
export const built = {
  ...((await import(builtUrl("index.js"))) as typeof import("../../src/index.js")),
  ...((await loaded("otel/encode-trace")) as typeof import("../../src/otel/encode-trace.js")),
  ...((await loaded("deliver/deliver")) as typeof import("../../src/deliver/deliver.js")),
  ...((await loaded("sessions/loaded-session")) as typeof import("../../src/sessions/loaded-session.js")),
  ...((await loaded("sessions/session-recorder")) as typeof import("../../src/sessions/session-recorder.js")),
};
