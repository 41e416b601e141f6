import { accessSync, constants, statSync } from "node:fs";
import { delimiter } from "node:path";

/** What keeps a path from being started as a program, or null when nothing does. */
export function whyNotExecutable(path: string): string | null {
  try {
    if (!statSync(path).isFile()) return "is not a file";
    accessSync(path, constants.X_OK);
    return null;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return "does not exist";
    return code === "EACCES" ? "is not executable" : String(error);
  }
}

/** The folders in which programs are looked for. */
export function pathFolders(environment: Readonly<Record<string, string | undefined>>): readonly string[] {
  return (environment.PATH ?? environment.Path ?? "").split(delimiter).filter((folder) => folder !== "");
}
