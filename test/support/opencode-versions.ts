import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { openCodeBinary } from "./isolated-opencode.js";

/** The opencode that is installed beside the tests. */
export const CURRENT_OPENCODE = "1.18.33";

/** The binary of a version; another one than the installed is fetched from npm and kept for the next time. */
export async function openCodeOf(version: string): Promise<string> {
  if (version === CURRENT_OPENCODE) return openCodeBinary();
  const prefix = fileURLToPath(new URL(`../../node_modules/.cache/opencode-ai@${version}`, import.meta.url));
  const binary = path.join(prefix, "node_modules", ".bin", "opencode");
  if (!existsSync(binary)) {
    await mkdir(prefix, { recursive: true });
    await execa("npm", ["install", "--prefix", prefix, "--no-save", `opencode-ai@${version}`], { stdout: "ignore" });
  }
  return binary;
}
