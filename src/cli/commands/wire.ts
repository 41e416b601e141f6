import { curlOf } from "../../analysis/wire-curl.js";
import { type WireRequest, wireRequests } from "../../analysis/wire-requests.js";
import { ConfigurationError } from "../../errors/configuration-error.js";
import { loadSessions } from "../../sessions/load-sessions.js";
import { selectSessions } from "../../sessions/select-sessions.js";
import { paintRequests } from "../../terminal/paint-requests.js";
import { jsonForTerminal, terminalJson } from "../../text/terminal-json.js";
import { traceSession } from "../../trace/trace-session.js";
import type { WireExchange } from "../../wire/model.js";
import { colorsFor } from "../colors.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
import { noRecording } from "../no-recording.js";
import { loadOptions, type SourceFlags, sourcesOf } from "../sources.js";
import type { Terminal } from "../terminal.js";

export interface WireFlags extends SourceFlags {
  /** A request's number in the list. */
  readonly call?: number;
  readonly raw?: boolean;
  readonly curl?: boolean;
  readonly json?: boolean;
  readonly fresh?: boolean;
  readonly width?: number;
}

/** A session with the requests that were recorded of it. */
interface RecordedSession {
  readonly sessionId: string;
  readonly title: string;
  readonly notes: readonly string[];
  readonly requests: readonly WireRequest[];
  readonly exchanges: readonly WireExchange[];
}

/**
 * `looptrace wire`: what was really sent to the model, request by request.
 *
 * @throws {ConfigurationError} when nothing was recorded, there is no such request, or options contradict each other
 */
export async function wire(sources: readonly string[], flags: WireFlags, terminal: Terminal): Promise<ExitCode> {
  refuseContradictions(flags);
  const options = loadOptions(flags, terminal, flags.fresh ? "opencode" : "kept");
  const wanted = await sourcesOf(sources, flags, (selection) => selectSessions(selection, options));
  const sessions: RecordedSession[] = [];
  const without: string[] = [];
  await loadSessions(wanted, options, ({ tree, evidence }) => {
    const { id, title } = tree.session.info;
    const { exchanges = [], notes = [] } = evidence.wire ?? {};
    if (exchanges.length === 0) {
      without.push(id);
      return;
    }
    const requests = wireRequests(exchanges, traceSession(tree, evidence));
    sessions.push({ sessionId: id, title, notes, exchanges, requests });
  });
  if (sessions.length === 0) throw noRecording(without);
  if (flags.call === undefined) list(sessions, flags, terminal);
  else showOne(onlySession(sessions), flags.call, flags, terminal);
  return EXIT.ok;
}

function refuseContradictions({ call, raw, curl, json }: WireFlags): void {
  const forms = [raw && "--raw", curl && "--curl", json && "--json"].filter(Boolean);
  if (forms.length > 1) throw new ConfigurationError("wire", `Say one of ${forms.join(" and ")}.`);
  if (call === undefined && (raw || curl))
    throw new ConfigurationError("--call", `${forms[0]} prints one request: say which with --call <number>.`);
}

function list(sessions: readonly RecordedSession[], flags: WireFlags, terminal: Terminal): void {
  if (flags.json) {
    terminal.out(`${terminalJson(sessions.map(({ exchanges: _, ...session }) => session))}\n`);
    return;
  }
  const paint = { width: flags.width ?? terminal.width, colors: colorsFor(terminal, terminal.outIsTty) };
  terminal.out(`${sessions.map((session) => paintRequests(session, paint)).join("\n\n")}\n`);
}

/** @throws {ConfigurationError} when there are several */
function onlySession(sessions: readonly RecordedSession[]): RecordedSession {
  const [session] = sessions;
  if (session && sessions.length === 1) return session;
  throw new ConfigurationError("sources", "Requests are numbered within their session: name one session.");
}

function showOne(session: RecordedSession, number: number, flags: WireFlags, terminal: Terminal): void {
  const { request, exchange } = requestAt(session, number);
  if (flags.json) {
    terminal.out(`${terminalJson({ request, exchange: exchangeJson(exchange) })}\n`);
    return;
  }
  const body = bodyOf(exchange, number);
  const shown = terminal.outIsTty ? jsonForTerminal(body) : body;
  if (flags.raw) terminal.out(terminal.outIsTty ? `${shown}\n` : shown);
  else if (flags.curl) terminal.out(`${curlOf(exchange, shown)}\n`);
}

/** @throws {ConfigurationError} when there is no such request */
function requestAt(
  { requests, exchanges }: RecordedSession,
  number: number,
): { readonly request: WireRequest; readonly exchange: WireExchange } {
  const [request, exchange] = [requests[number], exchanges[number]];
  if (request && exchange) return { request, exchange };
  const known = exchanges.length === 1 ? "one, request 0" : `requests 0 to ${exchanges.length - 1}`;
  throw new ConfigurationError("--call", `There is no request ${number}: the session has ${known}.`);
}

/** @throws {ConfigurationError} when only its size was recorded */
function bodyOf({ body }: WireExchange, number: number): string {
  if (body.text !== null) return body.text;
  throw new ConfigurationError(
    "--call",
    `Of request ${number} only its size and hash were recorded: it ran with --no-content.`,
  );
}

/** An exchange with its bodies as what they are: JSON where they are that, else text. */
function exchangeJson({ body, response, ...exchange }: WireExchange): object {
  const { chunks = [], ...answer } = response ?? {};
  const texts = chunks.map(({ text }) => text);
  const text = texts.includes(null) ? null : texts.join("");
  return {
    ...exchange,
    body: { ...body, text: undefined, value: parsed(body.text) },
    response: response && { ...answer, chunks: chunks.map(({ at, bytes }) => ({ at, bytes })), value: parsed(text) },
  };
}

function parsed(text: string | null): unknown {
  if (text === null) return null;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
