import { dirname } from "node:path";
import { ConfigurationError } from "../errors/configuration-error.js";
import { messageOf } from "../errors/thrown.js";
import { isTrustedFile, trustedFiles } from "../files/trusted-files.js";
import { doubtAbout } from "../trust/doubt.js";
import { currentIdentity } from "../trust/identity.js";
import { projectAround } from "../trust/project-folders.js";
import { isTrustedByName, TRUST_VARIABLE } from "../trust/trusted-paths.js";
import { type ConfigFile, parseConfigFile } from "./config-file.js";
import { CONFIG_FILE } from "./config-file-name.js";
import { ALL_RISKS, type Risk, risksOf, risksText } from "./config-risks.js";
import { findConfigFile, readConfigText } from "./config-text.js";
import type { Environment } from "./destination-options.js";

/** Where a project's configuration is looked for. */
export interface ProjectPlace {
  /** The working directory. */
  readonly directory: string;
  /** The variables that count; they come before the file. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Told of a file that does not count where the user may think that it does. */
  readonly onNote?: ((note: string) => void) | undefined;
}

/**
 * A file that is left alone until its reader has agreed to it. The message says what it would do, and how to
 * allow it.
 */
export class UntrustedConfigError extends ConfigurationError {}

/** A file that does not count, and why. */
export interface IgnoredConfig {
  readonly path: string;
  readonly why: string;
  /** How it would count. */
  readonly advice: string;
  /**
   * Whether the user may think that it counts: it is the user's own, or stands in the repository that the
   * working directory is in.
   */
  readonly isExpected: boolean;
}

/** What there is of configuration files around a working directory. */
export interface ConfigPlaces {
  /** The one that counts; undefined where there is none. */
  readonly path: string | undefined;
  /** The innermost one of those further up. */
  readonly ignored: IgnoredConfig | undefined;
}

/**
 * Looks for the project's `looptrace.config.json`: in the working directory, and above it up to the project's
 * root.
 */
export function findProjectConfig({ directory, environment }: ProjectPlace): ConfigPlaces {
  const { inside, above, strange } = projectAround(directory, environment);
  const further = findConfigFile(above);
  const isNear =
    strange !== undefined && further !== undefined && `${dirname(further)}/`.startsWith(`${strange.folder}/`);
  return {
    path: findConfigFile(inside),
    ignored:
      further === undefined
        ? undefined
        : isNear
          ? {
              path: further,
              why: `the repository ${strange.folder} is not yours: ${strange.doubt}`,
              advice: `Where you trust all that is in it, ${TRUST_VARIABLE}=${strange.folder} makes it your project.`,
              isExpected: true,
            }
          : {
              path: further,
              why: `it is above the project, which is ${inside.at(-1)}`,
              advice: "Put what is to count into a file in the project, or into the environment.",
              isExpected: doubtAboutConfig(further, environment) === undefined,
            },
  };
}

/**
 * Reads the project's `looptrace.config.json`. It counts when the user and root alone can have written it,
 * and when the user has agreed to what in it could do harm: a cloned repository's files are the user's own, but
 * their author may be a stranger.
 *
 * It is refused and not left out, because to leave out what it says of masks, content, budgets and the
 * address of one's own Langfuse would send more than was meant, and elsewhere.
 *
 * @param uses what of the risks the command would take; the others are no matter to it
 * @returns an empty configuration when there is none
 * @throws {UntrustedConfigError} when it is not to be used yet
 * @throws {ConfigurationError} when it cannot be read
 */
export function readProjectConfig(place: ProjectPlace, uses: readonly Risk[] = ALL_RISKS): ConfigFile {
  const { environment } = place;
  const { path, ignored } = findProjectConfig(place);
  if (path === undefined) {
    if (ignored?.isExpected) place.onNote?.(`${ignored.path} is left out, as ${ignored.why}. ${ignored.advice}`);
    return {};
  }
  const text = readConfigText(path);
  const doubt = doubtAboutConfig(path, environment);
  if (doubt !== undefined) {
    agreed(path, text, environment, `is not used, because ${doubt}`);
    return parseConfigFile(path, text);
  }
  const file = parseConfigFile(path, text);
  const risks = risksOf(file, environment).filter(({ kind }) => uses.includes(kind));
  if (risks.length > 0) agreed(path, text, environment, `would decide ${risksText(risks)}`);
  return file;
}

/**
 * @param why what is to be said of the file where the user has not agreed to it, or not to what it holds now
 * @throws {UntrustedConfigError} in that case
 */
function agreed(path: string, text: string, env: Environment, why: string): void {
  if (isTrustedByName(path, env)) return;
  const files = trustedFiles(env);
  if (isTrustedFile(files, path, text)) return;
  const changed = files.some((file) => file.path === path) ? ", and has changed since you allowed it" : "";
  throw new UntrustedConfigError(
    CONFIG_FILE,
    `${path} ${why}${changed}.\nA stranger may have written it: read it and, if you agree, allow it by \`looptrace trust\` (or by ${TRUST_VARIABLE}=${path}).`,
  );
}

/** @returns why others may have written a file; undefined where it is the user's or root's own */
export function doubtAboutConfig(path: string, env: Environment): string | undefined {
  try {
    return doubtAbout(path, currentIdentity(env));
  } catch (error) {
    return messageOf(error);
  }
}
