import { realpathSync } from "node:fs";
import { resolve } from "node:path";
import type { MaskFlags } from "../../config/masking.js";
import type { TraceFlags } from "../../config/settings.js";
import { ConfigurationError } from "../../errors/configuration-error.js";
import { attachTo, type UnfinishedSession } from "../../follow/attach.js";
import { quickMask } from "../../masking/mask.js";
import type { ServerConnection, StreamTrouble } from "../../opencode/server.js";
import { isSessionId } from "../../opencode/session.js";
import { oneLine } from "../../text/terminal-text.js";
import { CommandContext } from "../command-context.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
import { followLine } from "../follow-line.js";
import { onInterrupt } from "../interrupt.js";
import { tellUnkept } from "../tell-unkept.js";
import type { Terminal } from "../terminal.js";
import { turnOutput } from "../turn-output.js";
import { unfinishedText } from "../unfinished-session.js";

export interface AttachFlags extends TraceFlags, MaskFlags {
  readonly password?: string;
  readonly username?: string;
  readonly dir?: string;
  readonly session?: string;
  /** False with `--no-live`. */
  readonly live?: boolean;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

/** `looptrace attach`: traces the turns of a server that another program runs, until it is interrupted. */
export async function attach(url: string, flags: AttachFlags, terminal: Terminal): Promise<ExitCode> {
  const connection = connectionOf(url, flags, terminal);
  const secrets = connection.password ? [connection.password] : [];
  const context = new CommandContext(flags, terminal, { secrets });
  const { paths, masking } = context;
  if (flags.session !== undefined && !isSessionId(flags.session)) {
    throw new ConfigurationError("--session", `--session ${JSON.stringify(flags.session)} is no session's id (ses_…).`);
  }
  const exporter = context.exporter();
  tellUnkept(context, terminal);
  const quick = quickMask(masking);
  const line = followLine(flags.quiet ? undefined : terminal);
  const out = turnOutput({
    terminal,
    exporter,
    json: flags.json ?? false,
    clear: line.clear,
  });
  const ending = new AbortController();
  const interrupt = onInterrupt(() => {
    line.stop();
    terminal.err("looptrace: ending; what is over is being delivered. Once more quits at once.\n");
  });
  let connected = false;
  let away = false;
  let refusal: ConfigurationError | undefined;
  const onTrouble = (trouble: StreamTrouble): void => {
    // A stream that was there and broke is no refusal, even in its first moment.
    if (!connected && (trouble.failures > 0 || trouble.kind === "unauthorized")) {
      refusal = refusalOf(connection, flags, trouble);
      ending.abort();
    } else if (trouble.kind === "unauthorized" || trouble.failures === AWAY_AFTER) {
      if (!away) out.note(`${connection.url}: ${trouble.message}; waiting for it to come back.`);
      away = true;
    }
  };
  let left: readonly UnfinishedSession[];
  let delivered: boolean;
  try {
    left = await attachTo({
      connection,
      directory: flags.dir === undefined ? undefined : realPathOf(resolve(terminal.cwd, flags.dir)),
      session: flags.session,
      exporter,
      paths,
      masking,
      live: flags.live ?? true,
      signal: AbortSignal.any([interrupt.signal, ending.signal]),
      onConnected: (first) => {
        connected = true;
        if (first && !flags.quiet) out.note(`following ${connection.url}; Ctrl-C ends it.`);
        if (!first && away) out.note(`${connection.url} is back.`);
        away = false;
      },
      onTrouble,
      onNote: out.note,
      onChange: (working) => line.show(working, quick),
      onTurn: (trace, kept) => out.add(trace, kept, true),
    });
    line.stop();
    delivered = await out.close();
  } finally {
    line.stop();
    interrupt.done();
  }
  if (refusal) throw refusal;
  for (const one of left) terminal.err(unfinishedText(one));
  return delivered && left.every(({ stored }) => stored) ? EXIT.ok : EXIT.undelivered;
}

/** A server that starts anew is there again after two or three tries, which is no news. */
const AWAY_AFTER = 3;

/** opencode calls its directories by their real paths; one of another machine is taken as it is. */
function realPathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** @throws {ConfigurationError} when the address is none */
function connectionOf(text: string, flags: AttachFlags, { env }: Terminal): ServerConnection {
  const url = parseUrl(/^[a-z]+:\/\//i.test(text) ? text : `http://${text}`);
  if (!url || !/^https?:$/.test(url.protocol) || url.hostname === "") {
    throw new ConfigurationError(
      "url",
      `${JSON.stringify(withoutUser(text))} is no address of a server.\n\`opencode serve\` prints it, such as http://127.0.0.1:4096.`,
    );
  }
  const password =
    flags.password ?? (decoded(url.password) || env.OPENCODE_SERVER_PASSWORD || env.OPENCODE_PASSWORD || undefined);
  const username = flags.username ?? (decoded(url.username) || env.OPENCODE_SERVER_USERNAME || undefined);
  const path = url.pathname.replace(/\/+$/, "");
  return { url: `${url.origin}${path}`, password, username };
}

/** What stands before the host may hold a password. */
function withoutUser(text: string): string {
  return text.replace(/^([a-z]+:\/\/)?.*@/is, "$1");
}

/** A percent sign that escapes nothing stands for itself. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function parseUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

function refusalOf(
  { url, password }: ServerConnection,
  { dir }: AttachFlags,
  trouble: StreamTrouble,
): ConfigurationError {
  const said = oneLine(trouble.message);
  switch (trouble.kind) {
    case "unauthorized":
      return new ConfigurationError(
        "password",
        password === undefined
          ? `The opencode at ${url} wants a password.\nSet OPENCODE_SERVER_PASSWORD, or OPENCODE_PASSWORD for opencode 2, to the one that it was started with.`
          : `The opencode at ${url} does not take this password and user.\nAre they those in OPENCODE_SERVER_PASSWORD and OPENCODE_SERVER_USERNAME of the server, or in OPENCODE_PASSWORD of an opencode 2?`,
      );
    case "not-events":
      return new ConfigurationError(
        "url",
        `What listens at ${url} does not look like opencode: ${said}.${dir === undefined ? " An old version tells the events of one project only: name it by --dir." : ""}`,
      );
    default:
      return new ConfigurationError(
        "url",
        `No opencode can be reached at ${url}: ${said}. Is it running, and with this port? \`opencode --port 4096\` and \`opencode serve --port 4096\` listen on one.`,
      );
  }
}
