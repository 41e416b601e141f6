import { readFile, stat } from "node:fs/promises";
import { basename, extname } from "node:path";
import { RunRequestError } from "../../../errors/run-request-error.js";

/** What goes with a prompt for opencode 2. */
export interface PromptFiles {
  /** The files that are text, to stand behind the prompt's. */
  readonly texts: readonly string[];
  readonly attachments: readonly { readonly uri: string; readonly name: string }[];
}

/** As `opencode run` has it. */
const MOST_BYTES = 10 * 1024 * 1024;

/** Kinds that a model can look at. */
const MEDIA: ReadonlyMap<string, string> = new Map([
  [".png", "image/png"],
  [".jpg", "image/jpeg"],
  [".jpeg", "image/jpeg"],
  [".gif", "image/gif"],
  [".webp", "image/webp"],
  [".pdf", "application/pdf"],
]);

/**
 * Files as `opencode run` of the second generation hands them over: text in the prompt itself, all else as data.
 *
 * @throws {RunRequestError} for a folder, and for a file of more than 10 MiB: opencode 2 takes neither
 */
export async function promptFiles(paths: readonly string[]): Promise<PromptFiles> {
  const texts: string[] = [];
  const attachments: { readonly uri: string; readonly name: string }[] = [];
  for (const path of paths) {
    const about = await stat(path);
    if (!about.isFile())
      throw new RunRequestError("files", `${path} is no regular file; opencode 2 takes neither folders nor devices.`);
    if (about.size > MOST_BYTES)
      throw new RunRequestError("files", `${path} is larger than 10 MiB, which is more than opencode 2 takes.`);
    const bytes = await readFile(path);
    const name = basename(path);
    const media = MEDIA.get(extname(path).toLowerCase());
    const text = media === undefined ? textIn(bytes) : undefined;
    if (text === undefined) {
      const mime = media ?? "application/octet-stream";
      attachments.push({ uri: `data:${mime};base64,${bytes.toString("base64")}`, name });
    } else texts.push(`<file name="${name}">\n${text}\n</file>`);
  }
  return { texts, attachments };
}

function textIn(bytes: Buffer): string | undefined {
  const text = bytes.toString("utf8");
  return bytes.includes(0) || !Buffer.from(text, "utf8").equals(bytes) ? undefined : text;
}
