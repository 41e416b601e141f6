import { readFileSync } from "node:fs";

/** Read without a schema, since loading one takes longer than all else that `--help` does. */
export function ownVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return /"version":\s*"([^"]+)"/.exec(text)?.[1] ?? "unknown";
}
