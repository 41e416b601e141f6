import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { requestDiff } from "../../analysis/request-diff.js";
import { requestView } from "../../analysis/request-view.js";
import { WIRE_COLUMNS, wireCsv } from "../../analysis/wire-csv.js";
import { curlOf } from "../../analysis/wire-curl.js";
import { type WireRequest, wireRequests } from "../../analysis/wire-requests.js";
import { ConfigurationError } from "../../errors/configuration-error.js";
import { loadSessions } from "../../sessions/load-sessions.js";
import { paintRequest, paintRequestDiff } from "../../terminal/paint-request.js";
import { paintRequests, type RequestList } from "../../terminal/paint-requests.js";
import type { PaintOptions } from "../../terminal/paint-tree.js";
import { csvLine } from "../../text/csv.js";
import { nearest } from "../../text/nearest.js";
import { jsonForTerminal, terminalJson } from "../../text/terminal-json.js";
import { traceSession } from "../../trace/trace-session.js";
import { withUserPrices } from "../../trace/user-priced.js";
import type { WireExchange } from "../../wire/model.js";
import { colorsFor } from "../colors.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
import { noRecording, tellUnrecorded } from "../no-recording.js";
import { namesRequest, requestNumber } from "../request-number.js";
import { loadOptions, type SourceFlags, sourcesOf } from "../sources.js";
import type { Terminal } from "../terminal.js";

export interface WireFlags extends SourceFlags {
  /** A request's number or name in the list. */
  readonly call?: string;
  /** Two requests' numbers or names; behind them may stand sessions. */
  readonly diff?: readonly string[];
  readonly raw?: boolean;
  readonly curl?: boolean;
  readonly json?: boolean;
  readonly csv?: boolean;
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
  /** The names of the MCP servers that it had; null: not known. */
  readonly mcpServers: readonly string[] | null;
}

/**
 * `looptrace wire`: what was really sent to the model, request by request.
 *
 * @throws {ConfigurationError} when nothing was recorded, there is no such request, or options contradict each other
 */
export async function wire(sources: readonly string[], flags: WireFlags, terminal: Terminal): Promise<ExitCode> {
  refuseContradictions(flags);
  refuseMisspelt(sources, terminal);
  const compared = comparedIn(flags);
  const options = loadOptions(flags, terminal, flags.fresh ? "opencode" : "kept");
  const wanted = await sourcesOf([...sources, ...(compared?.sources ?? [])], flags, {
    load: options,
    terminal,
    lastByDefault: true,
  });
  const sessions: RecordedSession[] = [];
  const without: string[] = [];
  await loadSessions(wanted, options, ({ tree, evidence }) => {
    const { id, title } = tree.session.info;
    const { exchanges = [], notes = [] } = evidence.wire ?? {};
    if (exchanges.length === 0) {
      without.push(id);
      return;
    }
    const requests = wireRequests(exchanges, withUserPrices(traceSession(tree, evidence), options.prices));
    sessions.push({ sessionId: id, title, notes, exchanges, requests, mcpServers: evidence.mcpServers ?? null });
  });
  if (sessions.length === 0) throw noRecording(without);
  tellUnrecorded(without, "not in the list", terminal);
  if (compared) compare(onlySession(sessions), compared.requests, flags, terminal);
  else if (flags.call === undefined) list(sessions, flags, terminal);
  else showOne(onlySession(sessions), flags.call, flags, terminal);
  return EXIT.ok;
}

function refuseContradictions({ call, diff, raw, curl, json, csv }: WireFlags): void {
  const forms = [raw && "--raw", curl && "--curl", json && "--json", csv && "--csv"].filter(Boolean);
  if (forms.length > 1) throw new ConfigurationError("wire", `Say one of ${forms.join(" and ")}.`);
  if (diff !== undefined && (call !== undefined || raw || curl))
    throw new ConfigurationError("--diff", "--diff compares two requests; --call, --raw and --curl are for one.");
  if (csv && (call !== undefined || diff !== undefined))
    throw new ConfigurationError("--csv", "--csv prints the list; --call and --diff have --json.");
  if (call === undefined && (raw || curl))
    throw new ConfigurationError("--call", `${forms[0]} prints one request.\nSay which with --call <request>.`);
}

/** @throws {ConfigurationError} for a word that can only be meant as one of wire's commands */
function refuseMisspelt([word, ...more]: readonly string[], { cwd }: Terminal): void {
  if (word === undefined || more.length > 0 || !/^[a-z-]+$/i.test(word)) return;
  const near = nearest(word, ["install", "uninstall"]);
  if (near === undefined || existsSync(resolve(cwd, word))) return;
  throw new ConfigurationError("wire", `There is no command or file ${word}.\nDid you mean looptrace wire ${near}?`);
}

/** @throws {ConfigurationError} when there are not two requests */
function comparedIn({
  diff,
}: WireFlags): { readonly requests: readonly [string, string]; readonly sources: readonly string[] } | undefined {
  if (diff === undefined) return undefined;
  const requests = diff.filter(namesRequest);
  const [from, to] = requests;
  if (from === undefined || to === undefined || requests.length > 2)
    throw new ConfigurationError(
      "--diff",
      "--diff compares two requests, and here are not two.\nSay which, such as --diff 2 3.",
    );
  return { requests: [from, to], sources: diff.filter((word) => !namesRequest(word)) };
}

function compare(
  session: RecordedSession,
  wanted: readonly [string, string],
  flags: WireFlags,
  terminal: Terminal,
): void {
  const [before, after] = [requestAt(session, wanted[0], "--diff"), requestAt(session, wanted[1], "--diff")];
  const [from, to] = [before.request.number, after.request.number];
  const owners = { mcpServers: session.mcpServers, agent: after.request.agent };
  const diff = requestDiff(before.exchange, after.exchange, owners);
  if (!diff) throw new ConfigurationError("--diff", ONLY_SIZES);
  terminal.out(
    flags.json
      ? `${terminalJson({ from, to, ...diff })}\n`
      : `${paintRequestDiff(diff, [from, to], paintOptions(flags, terminal))}\n`,
  );
}

function paintOptions({ width }: WireFlags, terminal: Terminal): PaintOptions {
  return { width: width ?? terminal.width, colors: colorsFor(terminal, terminal.outIsTty) };
}

const ONLY_SIZES = "Only sizes and hashes of its requests were recorded: it ran with --no-content.";

function list(sessions: readonly RecordedSession[], flags: WireFlags, terminal: Terminal): void {
  if (flags.json) {
    terminal.out(`${terminalJson(sessions.map(jsonOf))}\n`);
    return;
  }
  if (flags.csv) {
    const rows = sessions.flatMap(({ sessionId, requests }) => wireCsv(sessionId, requests));
    terminal.out([WIRE_COLUMNS, ...rows].map(csvLine).join(""));
    return;
  }
  const paint = paintOptions(flags, terminal);
  terminal.out(`${sessions.map((session) => paintRequests(session, paint)).join("\n\n")}\n`);
}

function jsonOf({ sessionId, title, notes, requests }: RecordedSession): RequestList {
  return { sessionId, title, notes, requests };
}

/** @throws {ConfigurationError} when there are several */
function onlySession(sessions: readonly RecordedSession[]): RecordedSession {
  const [session] = sessions;
  if (session && sessions.length === 1) return session;
  throw new ConfigurationError("sources", "Requests are numbered within their session.\nName one session.");
}

function showOne(session: RecordedSession, wanted: string, flags: WireFlags, terminal: Terminal): void {
  const { request, exchange } = requestAt(session, wanted, "--call");
  if (flags.json) {
    terminal.out(`${terminalJson({ request, exchange: exchangeJson(exchange) })}\n`);
    return;
  }
  if (!flags.raw && !flags.curl) {
    terminal.out(`${paintRequest(requestView(request, exchange), paintOptions(flags, terminal))}\n`);
    return;
  }
  const body = bodyOf(exchange);
  const shown = terminal.outIsTty ? jsonForTerminal(body) : body;
  if (flags.raw) terminal.out(terminal.outIsTty ? `${shown}\n` : shown);
  else terminal.out(`${curlOf(exchange, shown)}\n`);
}

/** @throws {ConfigurationError} when there is no such request, or several have that name */
function requestAt(
  { requests, exchanges }: RecordedSession,
  wanted: string,
  flag: string,
): { readonly request: WireRequest; readonly exchange: WireExchange } {
  const number = requestNumber(requests, wanted, flag);
  const [request, exchange] = [requests[number], exchanges[number]];
  if (request && exchange) return { request, exchange };
  throw new Error(`request ${number} has no exchange`);
}

/** @throws {ConfigurationError} when only its size was recorded */
function bodyOf({ body }: WireExchange): string {
  if (body.text !== null) return body.text;
  throw new ConfigurationError("--call", ONLY_SIZES);
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
