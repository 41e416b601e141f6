import { realpathSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { parseConfigFile } from "../../config/config-file.js";
import { CONFIG_FILE } from "../../config/config-file-name.js";
import { risksOf, risksText } from "../../config/config-risks.js";
import { readConfigText } from "../../config/config-text.js";
import { doubtAboutConfig, findProjectConfig } from "../../config/project-config.js";
import { ConfigurationError } from "../../errors/configuration-error.js";
import { forgetTrust, rememberTrust, trustedFiles } from "../../files/trusted-files.js";
import { terminalJson } from "../../text/terminal-json.js";
import { oneLine } from "../../text/terminal-text.js";
import { placeOf } from "../command-context.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
import type { Terminal } from "../terminal.js";

export interface TrustFlags {
  readonly list?: boolean;
  readonly remove?: boolean;
  readonly json?: boolean;
}

/** `looptrace trust`: allows what a project's configuration would decide, as it stands now. */
export async function trust(named: string | undefined, flags: TrustFlags, terminal: Terminal): Promise<ExitCode> {
  const { env } = terminal;
  if (flags.list && (flags.remove || named !== undefined))
    throw new ConfigurationError("--list", "--list shows all that is allowed, and takes nothing else.");
  const say = (json: object, text: string): ExitCode => {
    terminal.out(`${flags.json ? terminalJson(json) : text}\n`);
    return EXIT.ok;
  };
  if (flags.list) {
    const files = trustedFiles(env).map(({ path }) => path);
    return say({ files }, files.length > 0 ? files.map(oneLine).join("\n") : "No file is allowed yet.");
  }
  const path = fileMeant(named, terminal);
  if (flags.remove) {
    const removed = await forgetTrust(path, env);
    return say({ path, removed }, `${oneLine(path)} ${removed ? "is allowed no longer" : "was not allowed"}.`);
  }
  const text = readConfigText(path);
  const risks = risksOf(parseConfigFile(path, text), {});
  const doubt = doubtAboutConfig(path, env);
  await rememberTrust(path, text, env);
  const decides = risks.length > 0 ? `It decides ${risksText(risks)}.` : "It decides nothing that could do harm.";
  const beware = doubt === undefined ? "" : ` Beware: ${doubt}.`;
  return say(
    { path, decides: risks.flatMap(({ settings }) => settings), doubt: doubt ?? null },
    oneLine(`${path} is allowed, until it changes. ${decides}${beware}`),
  );
}

/** @throws {ConfigurationError} when there is no file to allow */
function fileMeant(named: string | undefined, terminal: Terminal): string {
  if (named === undefined) {
    const { path } = findProjectConfig(placeOf(terminal));
    if (path !== undefined) return path;
    throw new ConfigurationError(
      CONFIG_FILE,
      `There is no ${CONFIG_FILE} in ${terminal.cwd}, or above it in its project.`,
    );
  }
  const path = resolve(terminal.cwd, named);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) {
    // Another name would never be read.
    if (basename(path) === CONFIG_FILE) return join(realPathOr(dirname(path)), CONFIG_FILE);
    throw new ConfigurationError("file", `${named} is no ${CONFIG_FILE}.`);
  }
  return findProjectConfig({ ...placeOf(terminal), directory: path }).path ?? join(realPathOr(path), CONFIG_FILE);
}

/**
 * A folder as it is found when a command works in it; of one that is gone a permission can still be taken
 * back.
 */
function realPathOr(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    return folder;
  }
}
