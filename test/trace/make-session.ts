/** Exports made by hand, for situations that no recording has. What is given wins over what is filled in. */
import { assembleSessions } from "../../src/opencode/read/assemble-sessions.js";
import { exportFromJson } from "../../src/opencode/read/read-export.js";
import type { SessionTreeV1 } from "../../src/opencode/schema/exported-session.js";
import { onlyOne } from "../support/fixtures.js";
import { tree1 } from "../support/generation1.js";

export type Json = { readonly [key: string]: unknown };
export interface RawMessage {
  readonly info: Json & { readonly id: string };
  readonly parts: readonly Json[];
}
export interface RawExport {
  readonly info: Json & { readonly id: string };
  readonly messages: readonly RawMessage[];
}

/** When the sessions begin; all times given to the functions below are ms since then. */
export const T0 = 1_795_230_000_000;
export const SESSION = "ses_made";

let minted = 0;

/** A new id of opencode's form that says when it was minted. */
export function mint(prefix: "msg" | "prt", at: number): string {
  const bits = ((BigInt(T0 + at) * 0x1000n + 1n) & 0xffff_ffff_ffffn).toString(16).padStart(12, "0");
  minted += 1;
  return `${prefix}_${bits}${minted.toString(36).padStart(14, "0")}`;
}

export function exportOf(messages: readonly RawMessage[], info: Json = {}): RawExport {
  const id = typeof info.id === "string" ? info.id : SESSION;
  const own = messages.map((message) => ({
    info: { sessionID: id, ...message.info },
    parts: message.parts.map((part) => ({ sessionID: id, messageID: message.info.id, ...part })),
  }));
  return {
    info: {
      version: "1.18.33",
      title: "made",
      directory: "/home/dev/project",
      time: { created: T0 },
      ...info,
      id,
    },
    messages: own,
  };
}

export function user(at: number, parts: readonly Json[] | string, info: Json = {}): RawMessage {
  const content = typeof parts === "string" ? [{ type: "text", text: parts, id: mint("prt", at) }] : parts;
  const id = typeof info.id === "string" ? info.id : mint("msg", at);
  return { info: { role: "user", time: { created: T0 + at }, agent: "build", ...info, id }, parts: content };
}

/** @param to null for a message that was cut off */
export function assistant(at: number, to: number | null, parts: readonly Json[], info: Json = {}): RawMessage {
  const id = typeof info.id === "string" ? info.id : mint("msg", at);
  const time = { created: T0 + at, ...(to === null ? {} : { completed: T0 + to }) };
  const model = { modelID: "m1", providerID: "scripted", agent: "build", mode: "build" };
  return { info: { role: "assistant", time, ...model, ...info, id }, parts };
}

export function stepStart(at: number): Json {
  return { type: "step-start", id: mint("prt", at) };
}

export function stepFinish(at: number, more: Json = {}): Json {
  const tokens = { total: 112, input: 100, output: 10, reasoning: 2, cache: { read: 0, write: 0 } };
  return { type: "step-finish", id: mint("prt", at), reason: "stop", tokens, cost: 0, ...more };
}

export function text(at: number, to: number | null, said: string, more: Json = {}): Json {
  const time = { start: T0 + at, ...(to === null ? {} : { end: T0 + to }) };
  return { type: "text", id: mint("prt", at), text: said, time, ...more };
}

/** @param at when its arguments began; @param from when it started; @param to null while it runs */
export function tool(at: number, from: number, to: number | null, more: Json = {}): Json {
  const { state, ...rest } = more;
  const time = { start: T0 + from, ...(to === null ? {} : { end: T0 + to }) };
  return {
    type: "tool",
    id: mint("prt", at),
    tool: "bash",
    callID: `call_${at}`,
    ...rest,
    state: {
      ...(to === null
        ? { status: "running", input: { command: "true" } }
        : { status: "completed", input: { command: "true" }, output: "done", metadata: { exit: 0 } }),
      time,
      ...(typeof state === "object" && state !== null ? state : {}),
    },
  };
}

/** An answered message: text only. */
export function answer(at: number, to: number, said = "Done.", info: Json = {}): RawMessage {
  const parts = [stepStart(at + 10), text(at + 11, to - 5, said), stepFinish(to - 4)];
  return assistant(at, to, parts, { finish: "stop", ...info });
}

/** The tree of one session and its subagents' sessions. */
export function treeOf(...exports: readonly RawExport[]): SessionTreeV1 {
  return tree1(onlyOne(assembleSessions(exports.map((one) => exportFromJson(one, "made")))));
}
