import type { ConfigFile } from "./config-file.js";
import { destinationOptions, type Environment } from "./destination-options.js";

/** What a file can do to its reader that a person should have agreed to: its author may be a stranger. */
export type Risk = "destination" | "program" | "projectConfig" | "masks";

export const ALL_RISKS: readonly Risk[] = ["destination", "program", "projectConfig", "masks"];
/** Of a command that shows sessions: it may start opencode to read them, and sends nothing. */
export const READING_RISKS: readonly Risk[] = ["program", "masks"];

/** One of them, with the settings that bring it about. */
export interface ConfigRisk {
  readonly kind: Risk;
  readonly settings: readonly string[];
}

/**
 * What of a file needs to be agreed to, as far as the environment does not say something else anyway. Where
 * the traces go is as good as a program: the session and the keys go there too, and both take all that the
 * session has.
 */
export function risksOf(file: ConfigFile, env: Environment): readonly ConfigRisk[] {
  // Metrics hold no texts, and go where the traces go; how those look there gives nothing away.
  const { langfuse = {}, otlp: { metrics: _, shape: __, ...otlp } = {} } = destinationOptions(file, env);
  const destination = [
    ...Object.keys(langfuse).map((name) => `langfuse.${name}`),
    ...Object.keys(otlp).map((name) => `otlp.${name}`),
  ];
  const risks: readonly ConfigRisk[] = [
    { kind: "destination", settings: destination },
    { kind: "program", settings: file.opencode !== undefined && !env.LOOPTRACE_OPENCODE ? ["opencode"] : [] },
    { kind: "projectConfig", settings: file.projectConfig === true ? ["projectConfig"] : [] },
    { kind: "masks", settings: file.mask === false ? ["mask"] : [] },
  ];
  return risks.filter(({ settings }) => settings.length > 0);
}

const DOES: Readonly<Record<Risk, string>> = {
  destination: "where traces go",
  program: "which program is started",
  projectConfig: "that opencode obeys the project's opencode.json",
  masks: "that secrets are not masked",
};

/** `where traces go (langfuse.baseUrl) and which program is started (opencode)`. */
export function risksText(risks: readonly ConfigRisk[]): string {
  const texts = risks.map(({ kind, settings }) => `${DOES[kind]} (${settings.join(", ")})`);
  return [texts.slice(0, -1).join(", "), texts.at(-1)].filter(Boolean).join(" and ");
}
