import { ConfigurationError } from "../errors/configuration-error.js";
import { messageOf } from "../errors/thrown.js";
import type { Masking } from "../masking/mask.js";
import type { ConfigFile } from "./config-file.js";
import type { Environment } from "./destination-options.js";

/** The options about what is masked, as commander hands them over. */
export interface MaskFlags {
  /** Patterns; false with `--no-mask`. */
  readonly mask?: readonly string[] | false;
}

/**
 * What is masked: by default tokens of well-known shapes, values of variables that are called like secrets,
 * and the keys in the configuration; beside that what the file's patterns and the typed ones match.
 *
 * @param keys further keys, such as those of the destinations
 * @throws {ConfigurationError} when a pattern is none
 */
export function maskingOf(flags: MaskFlags, file: ConfigFile, env: Environment, keys: readonly string[] = []): Masking {
  const secrets = [...keys, file.langfuse?.secretKey, ...Object.values(file.otlp?.headers ?? {})].filter(
    (secret) => secret !== undefined,
  );
  if (flags.mask === false || (flags.mask === undefined && file.mask === false)) {
    return { environment: {}, knownShapes: false, secrets };
  }
  return {
    environment: env,
    secrets,
    patterns: [
      ...(file.mask || []).map((text) => patternOf(text, "looptrace.config.json: mask")),
      ...(flags.mask ?? []).map((text) => patternOf(text, "--mask")),
    ],
  };
}

/** `acme-\d+`, or with flags `/acme-\d+/i`. */
function patternOf(text: string, where: string): RegExp {
  const [, source = text, flags = ""] = /^\/(.+)\/([a-z]*)$/s.exec(text) ?? [];
  try {
    return new RegExp(source, flags);
  } catch (error) {
    const why = messageOf(error);
    throw new ConfigurationError(
      where,
      `${where} ${JSON.stringify(text)}: this is no regular expression: ${why}.\nPut a \\ before a character that is meant as it stands, such as \\( or \\[.`,
    );
  }
}
