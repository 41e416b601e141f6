import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { ConfigurationError } from "../errors/configuration-error.js";
import { messageOf } from "../errors/thrown.js";
import { doubtAbout } from "../trust/doubt.js";
import { currentIdentity } from "../trust/identity.js";
import { isTrustedByName, TRUST_VARIABLE } from "../trust/trusted-paths.js";
import { ensurePrivateFolder, writeWhole } from "./private-files.js";
import { storePaths } from "./store-paths.js";

type Environment = Readonly<Record<string, string | undefined>>;

const record = z.object({ files: z.array(z.object({ path: z.string(), sha256: z.string() })) });

/** A file that the user has allowed, as it was then. */
export type TrustedFile = z.infer<typeof record>["files"][number];

/** Where it is written down which files the user has allowed. */
export function trustRecordPath(env: Environment): string {
  return join(storePaths(env).root, "trusted-files.json");
}

/**
 * Which files the user has allowed.
 *
 * @throws {ConfigurationError} when others may have written it down, or it cannot be read
 */
export function trustedFiles(env: Environment): readonly TrustedFile[] {
  const path = trustRecordPath(env);
  const anew = "Remove it, and allow them anew by `looptrace trust`";
  const no = (why: string, advice = anew): ConfigurationError =>
    new ConfigurationError(path, `${path} says which files are trusted, but ${why}. ${advice}.`);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR")) return [];
    throw no(`cannot be read: ${messageOf(error)}`);
  }
  const doubt = doubtAbout(path, currentIdentity(env));
  if (doubt !== undefined && !isTrustedByName(path, env)) {
    // A new one in the same folder would be believed no more.
    const elsewhere = `Where you trust them, ${TRUST_VARIABLE}=${path} allows it; else name a folder of your own by LOOPTRACE_HOME, and allow the files anew by \`looptrace trust\``;
    throw no(`it is not believed, as ${doubt}`, elsewhere);
  }
  try {
    return record.parse(JSON.parse(text)).files;
  } catch {
    throw no("it is damaged");
  }
}

/**
 * Whether a file is allowed with just this content.
 *
 * @param content without the byte order mark that the file may begin with; an earlier looptrace has noted it with it
 */
export function isTrustedFile(files: readonly TrustedFile[], path: string, content: string): boolean {
  const digests = [digest(content), digest(`\uFEFF${content}`)];
  return files.some((file) => file.path === path && digests.includes(file.sha256));
}

/**
 * @throws {ConfigurationError} when it would not be believed, as others may write to where it is written down
 * @throws the file system's error
 */
export async function rememberTrust(path: string, content: string, env: Environment): Promise<void> {
  const others = trustedFiles(env).filter((file) => file.path !== path);
  await write([...others, { path, sha256: digest(content) }], env);
  trustedFiles(env);
}

/** @returns whether it was allowed before */
export async function forgetTrust(path: string, env: Environment): Promise<boolean> {
  const files = trustedFiles(env);
  const others = files.filter((file) => file.path !== path);
  if (others.length < files.length) await write(others, env);
  return others.length < files.length;
}

async function write(files: readonly TrustedFile[], env: Environment): Promise<void> {
  const { root } = storePaths(env);
  await ensurePrivateFolder(root, root);
  await writeWhole(trustRecordPath(env), `${JSON.stringify({ files }, null, 2)}\n`);
}

function digest(content: string): string {
  return createHash("sha256").update(content, "utf8").digest("hex");
}
