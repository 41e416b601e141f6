import { ConfigurationError } from "../../errors/configuration-error.js";
import { storePaths } from "../../files/store-paths.js";
import { type StoppedServer, stopServer, surveyServers, type WarmServerFacts } from "../../opencode/server.js";
import { paintServers, shortServerId } from "../../terminal/paint-servers.js";
import { duration, plural, UNKNOWN } from "../../text/format.js";
import { terminalJson } from "../../text/terminal-json.js";
import { oneLine } from "../../text/terminal-text.js";
import { colorsFor } from "../colors.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
import type { Terminal } from "../terminal.js";

export interface ServerFlags {
  readonly json?: boolean;
  readonly width?: number;
}

export interface ServerStopFlags {
  readonly all?: boolean;
  readonly json?: boolean;
}

/** `looptrace server`: the servers that outlive their runs. */
export async function server(flags: ServerFlags, terminal: Terminal): Promise<ExitCode> {
  const { servers, doubts } = await surveyServers(storePaths(terminal.env).root);
  for (const { path, doubt } of doubts) terminal.err(`${oneLine(`looptrace: ${path} is not used: ${doubt}`)}\n`);
  if (flags.json) terminal.out(`${terminalJson({ servers })}\n`);
  else {
    const paint = { width: flags.width ?? terminal.width, colors: colorsFor(terminal, terminal.outIsTty) };
    terminal.out(`${paintServers(servers, paint)}\n`);
  }
  return EXIT.ok;
}

/** `looptrace server stop`: ends them. */
export async function serverStop(
  ids: readonly string[],
  flags: ServerStopFlags,
  terminal: Terminal,
): Promise<ExitCode> {
  if (ids.length > 0 && flags.all)
    throw new ConfigurationError("--all", "--all stops every server, and takes no ids beside it.");
  const { servers, folder } = await surveyServers(storePaths(terminal.env).root);
  const meant = flags.all ? servers : ids.length === 0 ? onlyOne(servers) : ids.map((id) => named(id, servers));
  const done = await Promise.all(
    [...new Set(meant)].map(async ({ id, runs }) => ({ id, state: await stopServer(folder, id), runs })),
  );
  if (flags.json) {
    terminal.out(`${terminalJson({ servers: done.map(({ id, state }) => ({ id, state })) })}\n`);
    return EXIT.ok;
  }
  const lines = done.map(({ id, state }) => `${shortServerId(id)} ${STOP_TEXTS[state]}`);
  terminal.out(`${lines.length > 0 ? lines.join("\n") : NO_SERVER}\n`);
  return EXIT.ok;
}

const NO_SERVER = "No opencode is left from a run: there is nothing to stop.";

const STOP_TEXTS: Readonly<Record<StoppedServer, string>> = {
  stopped: "is stopped.",
  ending: "ends with the runs that use it; no other begins on it.",
  elsewhere: "is on another machine or in another container, and is to be stopped there.",
};

/**
 * What is meant without an id: the only one that can be stopped from here. Where none can, each says so.
 *
 * @throws {ConfigurationError} when there are several
 */
function onlyOne(servers: readonly WarmServerFacts[]): readonly WarmServerFacts[] {
  const here = servers.filter(({ state }) => state !== "elsewhere");
  if (here.length <= 1) return here.length === 1 ? here : servers;
  const list = here.map(({ id, version, ageMs, runs }) => {
    const use = runs > 0 ? `, at work for ${plural(runs, "run")}` : "";
    return `  ${shortServerId(id)}  ${oneLine(version ?? UNKNOWN)}, there for ${duration(ageMs)}${use}`;
  });
  throw new ConfigurationError(
    "id",
    [`Which of ${here.length} servers is not said.`, ...list, "Name it by its id, or say --all."].join("\n"),
  );
}

/** @throws {ConfigurationError} when there is none, or when several begin so */
function named(text: string, servers: readonly WarmServerFacts[]): WarmServerFacts {
  const [found, another] = servers.filter(({ id }) => text !== "" && id.startsWith(text.toLowerCase()));
  if (found && !another) return found;
  const what = found ? "Several servers begin" : "No server begins";
  throw new ConfigurationError("id", `${what} with ${JSON.stringify(text)}.\n\`looptrace server\` lists them.`);
}
