import { EventEmitter, once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { ServerConnection } from "../../src/opencode/server/connection.js";
import { readServerEvent2 } from "../../src/opencode/v2/server/server-event.js";
import {
  applyEvent2,
  emptyMirror2,
  type Mirror2,
  type MirroredSession2,
  withSession2,
} from "../../src/opencode/v2/server/session-mirror.js";
import { fieldsOf } from "../../src/text/json-fields.js";
import type { RecordedEvent, Turn, TurnError, TurnStep, TurnTokens, TurnTool } from "./opencode2-turns.js";

export interface Opencode2ServerOptions {
  readonly password: string;
  /** 0 takes a free one. */
  readonly port?: number;
  readonly version?: string;
  readonly directory?: string;
  /** Sessions that are there at the start, as an export has them. */
  readonly sessions?: readonly Pick<MirroredSession2, "info" | "messages">[];
  /** What prompts are answered with, one after the other; the last one stays. A prompt that is JSON of a turn is its own. */
  readonly turns?: readonly Turn[];
  /** The same for sessions of a model, by its id. */
  readonly turnsOf?: Readonly<Record<string, readonly Turn[]>>;
  /** The file in which sessions outlive the server. */
  readonly store?: string;
  /** The names of its primary agents. */
  readonly agents?: readonly string[];
  readonly mcp?: readonly string[];
  /** `provider/model` of those that it has. */
  readonly models?: readonly string[];
}

/** One request that the server was asked. */
export interface AskedRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A stand-in for `opencode serve` of 2.0.26 on 127.0.0.1, which asks no model. */
export interface Opencode2Server {
  readonly connection: ServerConnection & { readonly password: string };
  readonly requests: readonly AskedRequest[];
  readonly sessions: () => Mirror2;
  /** The sessions whose turn a managed server of the same store would take up. */
  readonly claims: ReadonlySet<string>;
  /** How many streams of events are open. */
  readonly streams: () => number;
  /** Breaks the streams of events. */
  readonly cut: () => void;
  /** Answers what is asked for, where method and path match, with an error so often; 0 breaks the connection off. */
  readonly fail: (what: RegExp, times: number, status?: number) => void;
  /** Lets each answer wait. */
  readonly slow: (ms: number) => void;
  /** Has a prompt wait so long before it is taken up. */
  readonly beginLate: (ms: number) => void;
  /** Tells something that is nothing of this server's doing. */
  readonly tell: (type: string, data: Readonly<Record<string, unknown>>) => void;
  /** Takes the interrupts of turns, and does nothing. */
  readonly ignoreInterrupts: () => void;
  /** As a process that is told to end: turns are cut off, and stay claimed. */
  readonly shutdown: () => Promise<void>;
  /** As a process that is killed. */
  readonly close: () => Promise<void>;
}

/** The same clock and order for all ids, as opencode makes them. */
function idMaker(): (prefix: string, at?: number) => string {
  let counter = 0;
  return (prefix, at = Date.now()) => {
    counter += 1;
    const bits = (BigInt(at) * 0x1000n + BigInt(counter % 0x1000)) & 0xffffffffffffn;
    const value = prefix === "ses" ? 0xffffffffffffn - bits : bits;
    const time = value.toString(16).padStart(12, "0");
    return `${prefix}_${time}${String(counter).padStart(4, "0")}${"StandInOf2".slice(0, 10)}`;
  };
}

const DEFAULT_TOKENS: TurnTokens = { input: 100, output: 10, reasoning: 0, cache: { read: 0, write: 0 } };
const TITLE = { cost: 0.00006, tokens: { input: 50, output: 5, reasoning: 0, cache: { read: 0, write: 0 } } };

interface Execution {
  readonly ending: AbortController;
  reason: "user" | "shutdown";
  readonly ended: Promise<void>;
}

interface Stored {
  readonly sessions: readonly Pick<MirroredSession2, "info" | "messages">[];
  readonly claims: readonly string[];
}

export async function startOpencode2Server(options: Opencode2ServerOptions): Promise<Opencode2Server> {
  const { password, version = "2.0.26", directory = process.cwd(), store } = options;
  const newId = idMaker();
  const stored: Stored =
    store !== undefined && existsSync(store) ? JSON.parse(readFileSync(store, "utf8")) : { sessions: [], claims: [] };
  let mirror = [...stored.sessions, ...(options.sessions ?? [])].reduce<Mirror2>(
    (before, session) => withSession2(before, session, false),
    emptyMirror2,
  );
  const claims = new Set(stored.claims);
  const turns = [...(options.turns ?? [{ steps: [{ text: "Done." }] }])];
  const requests: AskedRequest[] = [];
  const streams = new Set<ServerResponse>();
  const executions = new Map<string, Execution>();
  /** Tells that a permission, a form or an execution has come to something. */
  const bell = new EventEmitter().setMaxListeners(0);
  const permissions = new Map<string, Readonly<Record<string, unknown>> & { readonly sessionID: string }>();
  const forms = new Map<string, Readonly<Record<string, unknown>> & { readonly sessionID: string }>();
  const decisions = new Map<string, string>();
  const failures: { readonly what: RegExp; times: number; readonly status: number }[] = [];
  const catalogued = new Set<string>();
  let slowMs = 0;
  let lateMs = 0;
  let takesInterrupts = true;
  let taken = 0;

  const save = (): void => {
    if (store === undefined) return;
    const sessions = [...mirror.values()].map(({ info, messages }) => ({ info, messages }));
    writeFileSync(store, JSON.stringify({ sessions, claims: [...claims] } satisfies Stored));
  };
  const emit = (
    type: string,
    data: Readonly<Record<string, unknown>>,
    at = Date.now(),
    id = newId("evt", at),
  ): void => {
    const event = { id, created: at, type, location: { directory: directoryOf(data.sessionID) }, data };
    const text = JSON.stringify(event);
    const read = readServerEvent2(text, at)?.event;
    if (read) mirror = applyEvent2(mirror, read);
    if (!type.endsWith(".delta")) save();
    for (const one of streams) one.write(`data: ${text}\n\n`);
  };
  const directoryOf = (id: unknown): string => {
    const location = typeof id === "string" ? mirror.get(id)?.info.location : undefined;
    return typeof location === "object" && location !== null && "directory" in location
      ? String(location.directory)
      : directory;
  };

  const nextTurn = (prompt: string, sessionID: string): Turn => {
    try {
      const own: unknown = JSON.parse(prompt);
      if (typeof own === "object" && own !== null && ("steps" in own || "refused" in own)) return own as Turn;
    } catch {
      // A prompt for people.
    }
    const own = options.turnsOf?.[String(fieldsOf(mirror.get(sessionID)?.info.model).id)];
    const all = own ?? turns;
    const turn = all[Math.min(taken, all.length - 1)];
    taken += 1;
    return turn ?? { steps: [] };
  };

  const makeSession = (asked: Readonly<Record<string, unknown>>): string => {
    const id = typeof asked.id === "string" ? asked.id : newId("ses");
    const { parentID, title, agent, model, permissions: rules, metadata } = asked;
    emit("session.created", {
      ...{ sessionID: id, projectID: "global", location: asked.location ?? { directory } },
      ...{ slug: "stand-in", version, parentID, title, agent, model, permissions: rules, metadata },
    });
    return id;
  };

  /** Runs what waits in a session's inbox, if it does not do so already. */
  const wake = (sessionID: string): void => {
    if (executions.has(sessionID)) return;
    const ending = new AbortController();
    const execution: Execution = {
      ending,
      reason: "user",
      ended: Promise.resolve().then(async () => {
        claims.add(sessionID);
        emit("session.execution.started", { sessionID });
        const error = await drain(sessionID, ending.signal).catch((problem: unknown) => {
          if (!ending.signal.aborted) throw problem;
          return undefined;
        });
        executions.delete(sessionID);
        if (!ending.signal.aborted || execution.reason !== "shutdown") claims.delete(sessionID);
        if (ending.signal.aborted) emit("session.execution.interrupted", { sessionID, reason: execution.reason });
        else if (error) emit("session.execution.failed", { sessionID, error });
        else emit("session.execution.succeeded", { sessionID });
        bell.emit("rest");
        if (!ending.signal.aborted && (mirror.get(sessionID)?.inbox.size ?? 0) > 0) wake(sessionID);
      }),
    };
    executions.set(sessionID, execution);
  };

  /** @returns the error that the turn ended with, if it did */
  const drain = async (sessionID: string, signal: AbortSignal): Promise<TurnError | undefined> => {
    const waiting = [...(mirror.get(sessionID)?.inbox ?? [])];
    const item = waiting[0]?.[1];
    const payload = item?.payload as { readonly text?: string } | undefined;
    const turn =
      item?.type === "synthetic"
        ? ({ steps: [{ text: "Noted." }] } as const)
        : nextTurn(payload?.text ?? "", sessionID);
    if ("refused" in turn) {
      const [inboxID] = waiting[0] ?? [];
      emit("session.inbox.delivered", { sessionID, inboxID });
      return turn.refused;
    }
    for (const [inboxID] of waiting) emit("session.inbox.delivered", { sessionID, inboxID });
    if ("recorded" in turn) return await replay(sessionID, turn, signal);
    const isFirst = mirror.get(sessionID)?.messages.filter(({ type }) => type === "user").length === 1;
    const isRoot = mirror.get(sessionID)?.info.parentID === undefined;
    for (const [index, step] of turn.steps.entries()) {
      const error = await playStep(sessionID, step, signal);
      if (index === 0 && isFirst && isRoot) {
        spend(sessionID, TITLE.cost, TITLE.tokens);
        if (mirror.get(sessionID)?.info.title === undefined)
          emit("session.renamed", { sessionID, title: "A short title" });
      }
      if (error && !step.continues) return error;
      if (error)
        emit("session.synthetic", {
          sessionID,
          text: "The previous response was interrupted. Continue from where you left off.",
        });
      for (const [inboxID, { delivery }] of mirror.get(sessionID)?.inbox ?? [])
        if (delivery !== "queue") emit("session.inbox.delivered", { sessionID, inboxID });
    }
    return undefined;
  };

  const spend = (sessionID: string, cost: number, tokens: TurnTokens): void => {
    const info = mirror.get(sessionID)?.info;
    const before = (info?.tokens ?? TITLE.tokens) as TurnTokens;
    emit("session.usage.updated", {
      sessionID,
      cost: Number(info?.cost ?? 0) + cost,
      tokens: {
        input: before.input + tokens.input,
        output: before.output + tokens.output,
        reasoning: before.reasoning + tokens.reasoning,
        cache: { read: before.cache.read + tokens.cache.read, write: before.cache.write + tokens.cache.write },
      },
    });
  };

  const playStep = async (sessionID: string, step: TurnStep, signal: AbortSignal): Promise<TurnError | undefined> => {
    const { reasoning, text, tools = [], retries = [], tokens = DEFAULT_TOKENS, cost = 0.00012 } = step;
    const assistantMessageID = newId("msg");
    const of = { sessionID, assistantMessageID };
    const info = mirror.get(sessionID)?.info;
    const model = { id: "m1", providerID: "scripted", variant: "default", ...(info?.model as object | undefined) };
    const begin = (): void =>
      emit("session.step.started", { ...of, agent: info?.agent ?? "build", model, started: Date.now() });
    try {
      for (const [index, { error, waitMs }] of retries.entries()) {
        begin();
        emit("session.retry.scheduled", { ...of, attempt: index + 2, at: Date.now() + waitMs, error });
        await sleep(waitMs, undefined, { signal });
      }
      begin();
      await sleep(step.waitMs ?? 0, undefined, { signal });
      if (reasoning !== undefined) {
        emit("session.reasoning.started", { ...of, ordinal: 0 });
        emit("session.reasoning.delta", { ...of, ordinal: 0, delta: reasoning });
        emit("session.reasoning.ended", { ...of, ordinal: 0, text: reasoning });
      }
      if (text !== undefined) {
        emit("session.text.started", { ...of, ordinal: 0 });
        for (const delta of text.match(/.{1,40}/gs) ?? []) emit("session.text.delta", { ...of, ordinal: 0, delta });
        if (step.hangs) await never(signal);
        emit("session.text.ended", { ...of, ordinal: 0, text });
      }
      if (step.hangs) await never(signal);
      const calls = tools.map((tool) => ({ tool, id: newId("call") }));
      for (const { tool, id } of calls) {
        emit("session.tool.input.started", { ...of, id, name: tool.name });
        emit("session.tool.input.ended", { ...of, id, text: JSON.stringify(tool.input) });
        emit("session.tool.called", { ...of, id, input: tool.input, executed: false });
      }
      emit("session.step.streamed", of);
      await Promise.all(calls.map(({ tool, id }) => runTool(tool, { ...of, id }, signal)));
      if (step.error) {
        emit("session.step.failed", { ...of, error: step.error });
        return step.error;
      }
      const finish = step.finish ?? (tools.length > 0 ? "tool-calls" : "stop");
      emit("session.step.ended", { ...of, finish, rawFinish: finish.replace("-", "_"), cost, tokens });
      spend(sessionID, cost, tokens);
      return undefined;
    } catch (problem) {
      if (signal.aborted) {
        if (mirror.get(sessionID)?.messages.some(({ id }) => id === assistantMessageID))
          emit("session.step.failed", { ...of, error: { type: "aborted", message: "Step interrupted" } });
      }
      throw problem;
    }
  };

  const runTool = async (
    tool: TurnTool,
    of: { readonly sessionID: string; readonly assistantMessageID: string; readonly id: string },
    signal: AbortSignal,
  ): Promise<void> => {
    let metadata = tool.metadata ?? {};
    const fail = (error: TurnError): void => emit("session.tool.failed", { ...of, error, metadata, executed: false });
    try {
      if (tool.asks) {
        const answer = await askPermission(tool.asks, of, signal);
        if (answer === "reject") return fail({ type: "permission.rejected", message: "The user rejected permission" });
      }
      if (tool.question !== undefined) {
        const rules = mirror.get(of.sessionID)?.info.permissions;
        const isDenied =
          Array.isArray(rules) && rules.some((rule) => rule.action === "question" && rule.effect === "deny");
        if (isDenied) return fail({ type: "permission.rejected", message: "Permission denied: question" });
        const answer = await askForm(tool.question, of, signal);
        if (answer === "cancelled") return fail({ type: "tool.execution", message: "The user dismissed the question" });
      }
      let output = tool.output ?? "";
      if (tool.child) {
        const childID = makeSession({
          ...{ parentID: of.sessionID, title: String(tool.input.description ?? "child"), agent: tool.input.agent },
          location: { directory: directoryOf(of.sessionID) },
        });
        metadata = { ...metadata, sessionID: childID, status: "running" };
        emit("session.tool.progress", { ...of, metadata });
        turns.splice(taken, 0, tool.child);
        enqueue(childID, { type: "user", payload: { text: String(tool.input.prompt ?? "") }, delivery: "steer" });
        wake(childID);
        if (tool.background) {
          void childEnds(childID, new AbortController().signal).then(() => {
            const text = `<subagent sessionID="${childID}" state="completed">${answerOf(childID)}</subagent>`;
            enqueue(of.sessionID, { type: "synthetic", payload: { text }, delivery: "steer" });
            wake(of.sessionID);
          });
        } else {
          const onAbort = (): void => executions.get(childID)?.ending.abort();
          signal.addEventListener("abort", onAbort, { once: true });
          await childEnds(childID, signal);
          signal.removeEventListener("abort", onAbort);
          metadata = { ...metadata, status: "completed" };
          output = `<subagent sessionID="${childID}" state="completed">${answerOf(childID)}</subagent>`;
        }
      }
      await sleep(tool.takesMs ?? 0, undefined, { signal });
      if (tool.hangs) await never(signal);
      if (tool.error) return fail(tool.error);
      emit("session.tool.success", { ...of, content: [{ type: "text", text: output }], metadata, executed: false });
    } catch (problem) {
      if (signal.aborted) fail({ type: "aborted", message: "Tool execution interrupted" });
      throw problem;
    }
  };

  const enqueue = (sessionID: string, item: object, id = newId("msg")): string => {
    emit("session.inbox.enqueued", { sessionID, inboxID: id, item });
    return id;
  };
  const childEnds = async (id: string, signal: AbortSignal): Promise<void> => {
    while (executions.has(id)) await once(bell, "rest", { signal });
  };
  const answerOf = (id: string): string => {
    const last = mirror.get(id)?.messages.findLast(({ type }) => type === "assistant");
    const content = (last?.content ?? []) as readonly { readonly type: string; readonly text?: string }[];
    return content.findLast(({ type }) => type === "text")?.text ?? "";
  };

  const askPermission = async (
    asked: NonNullable<TurnTool["asks"]>,
    of: { readonly sessionID: string; readonly assistantMessageID: string; readonly id: string },
    signal: AbortSignal,
  ): Promise<string> => {
    const id = newId("per");
    const { save = [], ...rest } = asked;
    const source = { type: "tool", messageID: of.assistantMessageID, id: of.id };
    const request = { id, sessionID: of.sessionID, ...rest, save, source };
    permissions.set(id, request);
    emit("permission.asked", request);
    for (let answer = decisions.get(id); ; answer = decisions.get(id)) {
      if (answer !== undefined) return answer;
      await once(bell, "decision", { signal });
    }
  };

  const askForm = async (
    question: string,
    of: { readonly sessionID: string; readonly assistantMessageID: string; readonly id: string },
    signal: AbortSignal,
  ): Promise<string> => {
    const id = newId("frm");
    const tool = { messageID: of.assistantMessageID, id: of.id };
    const fields = [{ key: "q0", type: "string", title: question }];
    const form = { id, sessionID: of.sessionID, title: "Questions", metadata: { kind: "question", tool }, fields };
    forms.set(id, form);
    emit("form.created", { form });
    for (let answer = decisions.get(id); ; answer = decisions.get(id)) {
      if (answer !== undefined) return answer;
      await once(bell, "decision", { signal });
    }
  };

  /** Tells a recorded turn again, in the order and with the distances of the recording's events, as fast as it can. */
  const replay = async (
    sessionID: string,
    turn: Extract<Turn, { readonly recorded: unknown }>,
    signal: AbortSignal,
  ): Promise<TurnError | undefined> => {
    const first = turn.recorded[0]?.created ?? 0;
    const offset = Date.now() - first;
    const own = (text: string): string => text.replaceAll(turn.sessionId, sessionID);
    let failed: TurnError | undefined;
    for (const one of turn.recorded) {
      signal.throwIfAborted();
      const event: RecordedEvent = JSON.parse(own(JSON.stringify(one)));
      if (event.type.startsWith("session.execution.") && event.data.sessionID === sessionID) {
        if (event.type.endsWith("failed")) failed = event.data.error as TurnError;
        continue;
      }
      emit(event.type, event.data, event.created + offset, event.id);
      await sleep(1, undefined, { signal });
    }
    return failed;
  };

  const answerPages = <Item>(all: readonly Item[], query: URLSearchParams, limit: number) => {
    const cursor = query.get("cursor");
    const from = cursor === null ? 0 : Number(Buffer.from(cursor, "base64url").toString("utf8").split(":")[0]);
    const page = all.slice(from, from + limit);
    const at = (offset: number) => Buffer.from(`${offset}:${query.get("order") ?? ""}`).toString("base64url");
    const isMore = from + limit < all.length;
    return {
      data: page,
      cursor: { ...(from > 0 ? { previous: at(from - limit) } : {}), ...(isMore ? { next: at(from + limit) } : {}) },
    };
  };

  const publicInfo = ({ info }: MirroredSession2): object => info;

  const answer = async ({
    method,
    path,
    body,
  }: AskedRequest): Promise<{ readonly status: number; readonly json?: unknown }> => {
    const { pathname, searchParams: query } = new URL(path, "http://stand-in");
    const place = query.get("location[directory]") ?? directory;
    const located = (data: unknown) => ({ status: 200, json: { location: { directory: place }, data } });
    switch (`${method} ${pathname}`) {
      case "GET /api/info":
        return { status: 200, json: { version, pid: process.pid, urls: [] } };
      case "GET /openapi.json":
        return { status: 200, json: { openapi: "3.1.0", info: { title: "opencode", version }, paths: {} } };
      case "GET /api/agent": {
        // It finds them when it is asked, and says at first that there are none.
        if (!catalogued.has(place)) {
          catalogued.add(place);
          return located([]);
        }
        const primary = options.agents ?? ["build", "plan"];
        return located([...primary.map((id) => ({ id, mode: "primary" })), { id: "general", mode: "subagent" }]);
      }
      case "GET /api/model": {
        const models = options.models ?? ["scripted/m1", "scripted/m2"];
        return located(
          models.map((name) => ({ providerID: name.split("/")[0], id: name.split("/").slice(1).join("/") })),
        );
      }
      case "GET /api/mcp":
        return located((options.mcp ?? []).map((name) => ({ name, status: { status: "connected" } })));
      case "GET /api/location":
        return { status: 200, json: { directory: place, project: { id: "global", directory: place } } };
      case "GET /api/session/active": {
        const active = Object.fromEntries([...executions.keys()].map((id) => [id, { type: "running" }]));
        return { status: 200, json: { data: active } };
      }
      case "POST /api/session": {
        const id = makeSession(body);
        return { status: 200, json: { data: publicInfo(known(id)) } };
      }
      case "GET /api/session": {
        const parent = query.get("parentID");
        const place = query.get("directory");
        const project = query.get("project");
        const listed = [...mirror.values()]
          .filter(({ info }) => project === null || info.projectID === project)
          .filter(({ info }) => parent === null || (info.parentID ?? "null") === parent)
          .filter(({ info }) => place === null || directoryOf(info.id) === place)
          .sort((a, b) => updatedAt(b) - updatedAt(a) || (a.info.id < b.info.id ? -1 : 1));
        if (query.get("order") === "asc") listed.reverse();
        return { status: 200, json: answerPages(listed.map(publicInfo), query, Number(query.get("limit") ?? 50)) };
      }
      default:
        return await answerSession(method, pathname, query, body);
    }
  };
  const known = (id: string): MirroredSession2 => {
    const session = mirror.get(id);
    if (!session)
      throw new Refusal(404, { _tag: "SessionNotFoundError", sessionID: id, message: `Session not found: ${id}` });
    return session;
  };
  const updatedAt = ({ info }: MirroredSession2): number =>
    Number((info.time as { readonly updated?: number }).updated ?? 0);

  const answerSession = async (
    method: string,
    pathname: string,
    query: URLSearchParams,
    body: AskedRequest["body"],
  ): Promise<{ readonly status: number; readonly json?: unknown }> => {
    const match = /^\/api\/(experimental\/)?session\/([^/]+)(?:\/(.*))?$/.exec(pathname);
    const [, experimental, id = "", rest = ""] = match ?? [];
    if (!match) throw new Refusal(404, undefined);
    const session = known(id);
    const [what = "", which = "", then = ""] = rest.split("/");
    const asked = `${method} ${experimental ? "experimental " : ""}${what}${which === "" ? "" : "/:id"}${then === "" ? "" : `/${then}`}`;
    switch (asked) {
      case "GET ":
        return { status: 200, json: { data: publicInfo(session) } };
      case "PATCH ":
        if (body.title !== undefined) emit("session.renamed", { sessionID: id, title: body.title });
        return { status: 204 };
      case "GET message": {
        if (query.has("cursor") && query.has("order"))
          throw new Refusal(400, { _tag: "InvalidCursorError", message: "Invalid cursor" });
        const cursor = query.get("cursor");
        const order =
          cursor === null ? query.get("order") : Buffer.from(cursor, "base64url").toString("utf8").split(":")[1];
        const messages = order === "asc" ? session.messages : [...session.messages].reverse();
        const ordered = new URLSearchParams(query);
        ordered.set("order", order ?? "desc");
        return { status: 200, json: answerPages(messages, ordered, Math.min(200, Number(query.get("limit") ?? 50))) };
      }
      case "GET inbox":
        return {
          status: 200,
          json: { data: [...session.inbox].map(([id, item]) => ({ ...item, id, sessionID: session.info.id })) },
        };
      case "POST prompt": {
        const { text = "", files, agents, delivery = "steer" } = body;
        const item = {
          type: "user",
          payload: { text, ...(files ? { files } : {}), ...(agents ? { agents } : {}) },
          delivery,
        };
        const inboxID = enqueue(id, item, typeof body.id === "string" ? body.id : undefined);
        if (body.resume !== false) setTimeout(() => wake(id), lateMs);
        return { status: 200, json: { data: { id: inboxID, sessionID: id, time: { created: Date.now() }, ...item } } };
      }
      case "POST command": {
        const { name, text = "" } = body;
        if (name === "none")
          throw new Refusal(404, { _tag: "CommandNotFoundError", message: `Command not found: ${name}` });
        enqueue(id, { type: "user", payload: { text: `/${String(name)} ${String(text)}` }, delivery: "steer" });
        setImmediate(() => wake(id));
        return { status: 204 };
      }
      case "POST experimental wait":
        await childEnds(id, new AbortController().signal);
        return { status: 204 };
      case "POST interrupt": {
        const execution = executions.get(id);
        if (takesInterrupts) execution?.ending.abort();
        return { status: 200, json: { interrupted: execution !== undefined } };
      }
      case "POST model":
        emit("session.model.selected", { sessionID: id, model: body.model, previous: session.info.model });
        return { status: 204 };
      case "POST agent":
        emit("session.agent.selected", { sessionID: id, agent: body.agent, previous: session.info.agent });
        return { status: 204 };
      case "POST fork": {
        const copy = newId("ses");
        const { info } = session;
        const last = session.messages.at(-1)?.id;
        const fork = { sessionID: id, boundary: { type: "through", messageID: last } };
        emit("session.created", {
          sessionID: copy,
          projectID: "global",
          location: info.location,
          slug: "fork",
          version,
          title: info.title,
          agent: info.agent,
          model: info.model,
          fork,
        });
        const messages = session.messages.map((message) => ({ ...message, id: newId("msg") }));
        mirror = withSession2(mirror, { info: known(copy).info, messages }, false);
        save();
        return { status: 200, json: { data: publicInfo(known(copy)) } };
      }
      case "GET permission":
        return { status: 200, json: { data: [...permissions.values()].filter(({ sessionID }) => sessionID === id) } };
      case "POST permission/:id/reply": {
        if (typeof body.decision !== "string")
          throw new Refusal(400, { _tag: "InvalidRequestError", message: "Missing key at [decision]" });
        if (!permissions.delete(which))
          throw new Refusal(404, { _tag: "PermissionNotFoundError", message: "Permission not found" });
        decisions.set(which, body.decision);
        emit("permission.replied", { sessionID: id, requestID: which, decision: body.decision });
        bell.emit("decision");
        return { status: 204 };
      }
      case "GET form":
        return { status: 200, json: { data: [...forms.values()].filter(({ sessionID }) => sessionID === id) } };
      case "POST form/:id/reply":
      case "DELETE form/:id": {
        if (!forms.delete(which)) throw new Refusal(404, { _tag: "FormNotFoundError", message: "Form not found" });
        decisions.set(which, method === "DELETE" ? "cancelled" : "answered");
        emit(method === "DELETE" ? "form.cancelled" : "form.replied", { id: which, sessionID: id });
        bell.emit("decision");
        return { status: 204 };
      }
      case "GET experimental export": {
        // What has not come to its end is not in it.
        const messages = session.messages.filter(isSettled);
        return { status: 200, json: { data: { info: publicInfo(session), messages } } };
      }
      default:
        throw new Refusal(404, undefined);
    }
  };

  const server: Server = createServer((request, response) => {
    void handle(request, response).catch((problem: unknown) => {
      if (!response.headersSent) response.writeHead(500, { "content-type": "application/json" });
      response.end(JSON.stringify({ _tag: "UnknownError", message: String(problem) }));
    });
  });
  const expected = `Basic ${Buffer.from(`opencode:${password}`).toString("base64")}`;
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    response.on("error", () => undefined);
    if (request.headers.authorization !== expected) return void response.writeHead(401).end();
    const { method = "GET", url: path = "/" } = request;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString("utf8");
    const asked: AskedRequest = { method, path, body: text === "" ? {} : JSON.parse(text) };
    requests.push(asked);
    if (slowMs > 0) await sleep(slowMs);
    const failure = failures.find(({ what, times }) => times > 0 && what.test(`${method} ${path}`));
    if (failure) {
      failure.times -= 1;
      if (failure.status === 0) return void request.socket.destroy();
      return respond(response, failure.status, { _tag: "ServiceUnavailableError", message: "not now" });
    }
    const { pathname } = new URL(path, "http://stand-in");
    if (method === "GET" && pathname === "/api/event") return openStream(response);
    if (method === "GET" && /^\/api\/experimental\/session\/[^/]+\/log$/.test(pathname)) {
      // Servers that the command line starts keep no events.
      response.writeHead(200, { "content-type": "text/event-stream" });
      return void response.end(`data: ${JSON.stringify({ type: "log.synced", seq: 0 })}\n\n`);
    }
    try {
      const { status, json } = await answer(asked);
      respond(response, status, json);
    } catch (problem) {
      if (!(problem instanceof Refusal)) throw problem;
      respond(response, problem.status, problem.json);
    }
  };
  const openStream = (response: ServerResponse): void => {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
    response.write(`data: ${JSON.stringify({ id: newId("evt"), type: "server.connected", data: {} })}\n\n`);
    streams.add(response);
    response.on("close", () => streams.delete(response));
  };

  server.listen(options.port ?? 0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("there is no port");
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    if (!server.listening) return;
    server.close();
    await once(server, "close");
  };
  return {
    connection: { url: `http://127.0.0.1:${address.port}`, password },
    requests,
    claims,
    sessions: () => mirror,
    streams: () => streams.size,
    cut: () => {
      for (const one of streams) one.destroy();
      streams.clear();
    },
    fail: (what, times, status = 503) => {
      failures.push({ what, times, status });
    },
    slow: (ms) => {
      slowMs = ms;
    },
    beginLate: (ms) => {
      lateMs = ms;
    },
    tell: emit,
    ignoreInterrupts: () => {
      takesInterrupts = false;
    },
    shutdown: async () => {
      for (const execution of executions.values()) {
        execution.reason = "shutdown";
        execution.ending.abort();
      }
      await Promise.all([...executions.values()].map(({ ended }) => ended));
      await close();
    },
    close,
  };
}

class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly json: unknown,
  ) {
    super(`refused with ${status}`);
  }
}

function respond(response: ServerResponse, status: number, json: unknown): void {
  response.writeHead(status, json === undefined ? {} : { "content-type": "application/json" });
  response.end(json === undefined ? undefined : JSON.stringify(json));
}

function isSettled({ type, time, status }: MirroredSession2["messages"][number]): boolean {
  if (type === "assistant") return typeof time === "object" && time !== null && "completed" in time;
  return !((type === "shell" || type === "compaction") && status === "running");
}

/** Until it is told to end. */
async function never(signal: AbortSignal): Promise<never> {
  signal.throwIfAborted();
  await once(signal, "abort");
  throw signal.reason;
}
