import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const TAP = fileURLToPath(new URL("../wire/tap/", import.meta.url));

/** Compiles what opencode loads file for file: `wire/tap/tap-file.ts` puts it together. */
export async function compileTap(folder: string): Promise<void> {
  await build({
    entryPoints: ["plugin", "propagate", "tap"].map((name) => join(TAP, `${name}.ts`)),
    outdir: folder,
    platform: "node",
    format: "esm",
    target: "node20",
    logLevel: "silent",
  });
}
