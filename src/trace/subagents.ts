import {
  type AssistantMessage,
  type SessionExportV1 as SessionExport,
  type SessionInfo,
  type SessionTreeV1 as SessionTree,
  type ToolPart,
  taskSessionId,
} from "../opencode/session.js";
import { messageClock } from "./message-clock.js";
import { isAssistant, isUser } from "./message-kinds.js";
import { type Turn, turnsOf } from "./turns.js";

/** One turn of a subagent's session, to be shown where it was started. */
export interface SubagentTurn {
  readonly tree: SessionTree;
  /** Its position among the turns of the subagent's session. */
  readonly turn: number;
}

/**
 * What stands where: in the tool, by its part's id, in the step, by its message's id, or in the turn itself, by its id.
 */
export interface SubagentPlaces {
  readonly byPart: ReadonlyMap<string, readonly SubagentTurn[]>;
  readonly byMessage: ReadonlyMap<string, readonly SubagentTurn[]>;
  readonly byTurn: ReadonlyMap<string, readonly SubagentTurn[]>;
  /** Sessions that can stand nowhere: they have no turn of their own, or the session has none. */
  readonly unclaimed: readonly SessionTree[];
  /** The parts of the `task` tools whose subagent's session is not among the children. */
  readonly missing: ReadonlySet<string>;
}

/**
 * Where the turns of the sessions below a session belong.
 *
 * A `task` tool names the session that it started. A session that none names (a sanitised export has lost the links,
 * and plugins start sessions of their own) belongs to the tool that was at work when it was made; of several to the one
 * that names it, was asked the same or has its title, else to the one that starts sessions most likely and ended
 * soonest after the session's own end. Where no tool was at work it belongs to the step, else to the turn. A session
 * that was prompted again is dealt out by time: each of its turns where it began.
 *
 * @param turns the session's own; a tool of a message that belongs to none shows nothing, so nothing can stand in it
 */
export function subagentTurns(tree: SessionTree, turns: readonly Turn[]): SubagentPlaces {
  const tools = toolsOf(turns, tree.session.info.version);
  const places = { byPart: placed(), byMessage: placed(), byTurn: placed() };
  const unclaimed: SessionTree[] = [];
  const linked = new Map<string, PlacedTool[]>();
  for (const one of tools) {
    if (one.childId === null) continue;
    const known = linked.get(one.childId);
    if (known) known.push(one);
    else linked.set(one.childId, [one]);
  }
  // By their times: files may be named in any order.
  const children = [...tree.children].sort((a, b) => compare(a.session.info, b.session.info));
  for (const child of children) {
    const { session } = child;
    const own = turnsOf(session);
    // Without a turn it has no loop that could stand anywhere; what is below it must not get lost with it.
    if (own.length === 0 || turns.length === 0) {
      unclaimed.push(child);
      continue;
    }
    const links = linked.get(session.info.id);
    const candidates = links ? [] : tools.filter((one) => mayHaveStarted(one, places.byPart));
    const likeness = kinship(session);
    const best = (at: number, turn: Turn): PlacedTool | undefined => bestOf(candidates, likeness, at, endOf(turn));
    own.forEach((turn, index) => {
      const at = index === 0 ? Math.min(session.info.time.created, turn.at) : turn.at;
      const tool = links
        ? (links.findLast(({ start }) => start <= turn.at) ?? links[0])
        : (best(at, turn) ?? best(turn.at, turn));
      const one = { tree: child, turn: index };
      if (tool) places.byPart.add(tool.part.id, one);
      else placeByTime(one, at, turns, places);
    });
  }
  const present = new Set(tree.children.map(({ session }) => session.info.id));
  const missing = tools.filter(({ part }) => !places.byPart.has(part.id) && isMissing(part, present));
  return { ...places, unclaimed, missing: new Set(missing.map(({ part }) => part.id)) };
}

class Placed extends Map<string, SubagentTurn[]> {
  add(key: string, one: SubagentTurn): void {
    const known = this.get(key);
    if (known) known.push(one);
    else this.set(key, [one]);
  }
}

function placed(): Placed {
  return new Placed();
}

/** In the step that was at work, else in the turn that had begun last. @param at ms since the epoch */
function placeByTime(
  one: SubagentTurn,
  at: number,
  turns: readonly Turn[],
  { byMessage, byTurn }: { readonly byMessage: Placed; readonly byTurn: Placed },
): void {
  const turn = turns.findLast((candidate) => candidate.at <= at) ?? turns[0];
  const step = turn?.rest.filter(isAssistant).findLast(({ info }) => info.time.created <= at);
  if (step && at <= (step.info.time.completed ?? at)) byMessage.add(step.info.id, one);
  else if (turn) byTurn.add(turn.id, one);
}

function compare(a: SessionInfo, b: SessionInfo): number {
  return a.time.created - b.time.created || (a.id < b.id ? -1 : 1);
}

/** A `task` tool starts one session; a plugin's tool may start any number. */
function mayHaveStarted({ part, childId }: PlacedTool, taken: ReadonlyMap<string, unknown>): boolean {
  return part.tool !== "task" || (childId === null && !taken.has(part.id));
}

function endOf({ at, rest }: Turn): number {
  return rest.reduce((latest, message) => {
    const { created } = message.info.time;
    return Math.max(latest, isAssistant(message) ? (message.info.time.completed ?? created) : created);
  }, at);
}

/** What speaks for a tool, the stronger the higher; a name tells more than all likenesses together. */
const NAMES_IT = 16;
const SAME_PROMPT = 8;
const SAME_TITLE = 4;
const STARTS_SESSIONS = 2;
const MAY_START_SESSIONS = 1;

/** @returns how much speaks for a tool's having started the session */
function kinship({ info, messages }: SessionExport): (tool: PlacedTool) => number {
  const prompt = messages
    .find(isUser)
    ?.parts.map((part) => (part.type === "text" ? part.text : ""))
    .join("\n")
    .trim();
  return ({ part, said }) => {
    const { told, metadata, texts } = said();
    const names = told.includes(info.id) || metadata.includes(info.id);
    const titled = texts.some((text) => text.length > 3 && info.title.includes(text));
    return (
      (names ? NAMES_IT : 0) +
      (prompt !== undefined && prompt !== "" && texts.includes(prompt) ? SAME_PROMPT : 0) +
      (titled ? SAME_TITLE : 0) +
      likelihood(part.tool)
    );
  };
}

/** What a tool said and was told, as texts that a session is looked for in. */
interface Said {
  readonly told: string;
  readonly metadata: string;
  /** Its arguments, as far as they are texts. */
  readonly texts: readonly string[];
}

/** Made where it is asked for, and once: there may be thousands of tools, and as many sessions. */
function saidBy({ state }: ToolPart): () => Said {
  let said: Said | undefined;
  return () => {
    said ??= {
      told: state.status === "completed" ? (state.output ?? "") : "",
      metadata: (state.status === "pending" ? undefined : JSON.stringify(state.metadata)) ?? "",
      texts: textsIn(state.input),
    };
    return said;
  };
}

/** opencode's own tools that work on files, the web or the plan start nothing; a shell may start anything. */
const OWN: ReadonlySet<string> = new Set([
  ...["read", "write", "edit", "multiedit", "patch", "apply_patch", "list", "glob", "grep", "codesearch", "lsp"],
  ...["webfetch", "websearch", "todowrite", "todoread", "question", "skill", "invalid", "StructuredOutput"],
  ...["plan_enter", "plan_exit"],
]);

function likelihood(tool: string): number {
  if (OWN.has(tool)) return 0;
  return tool === "bash" ? MAY_START_SESSIONS : STARTS_SESSIONS;
}

function textsIn(input: unknown): readonly string[] {
  if (typeof input !== "object" || input === null) return [];
  return Object.values(input).flatMap((value) => (typeof value === "string" ? [value.trim()] : []));
}

/**
 * Of the tools that were at work at a moment the one that started the session most likely.
 *
 * @param likeness how much speaks for a tool; asked only of those that were at work
 * @param at ms since the epoch
 * @param last when the session's turn ended, ms since the epoch
 */
function bestOf(
  tools: readonly PlacedTool[],
  likeness: (tool: PlacedTool) => number,
  at: number,
  last: number,
): PlacedTool | undefined {
  const distance = ({ end }: PlacedTool): number => Math.abs(end - last);
  let best: { readonly tool: PlacedTool; readonly likeness: number } | undefined;
  for (const tool of tools) {
    if (at < tool.start || at > tool.end) continue;
    const one = { tool, likeness: likeness(tool) };
    const isBetter =
      !best || one.likeness > best.likeness || (one.likeness === best.likeness && distance(tool) < distance(best.tool));
    if (isBetter) best = one;
  }
  return best?.tool;
}

/**
 * The link stands in the metadata from the moment the subagent's session exists, so a tool that was refused without one
 * started none. One that is completed had a subagent even where the link is lost; so may one that was at work, or was
 * broken off.
 */
function isMissing(part: ToolPart, present: ReadonlySet<string>): boolean {
  if (part.tool !== "task") return false;
  const childId = taskSessionId(part);
  if (childId !== null) return !present.has(childId);
  return part.state.status === "completed" || mayHaveBegun(part);
}

/** Whether a `task` tool that names no session may have started one all the same. */
export function mayHaveBegun({ state }: ToolPart): boolean {
  if (state.status === "running") return true;
  if (state.status !== "error") return false;
  return state.metadata?.interrupted === true || /\babort|\binterrupt|\bcancell?ed/i.test(state.error ?? "");
}

interface PlacedTool {
  readonly part: ToolPart;
  /** The session that it names as the one that it started. */
  readonly childId: string | null;
  readonly start: number;
  /** Of one that never ended the next turn's beginning. */
  readonly end: number;
  readonly said: () => Said;
}

function toolsOf(turns: readonly Turn[], version: string): readonly PlacedTool[] {
  const inTurn = (message: AssistantMessage, until: number): PlacedTool[] => {
    const tools = message.parts.filter((part): part is ToolPart => part.type === "tool");
    if (tools.length === 0) return [];
    const clock = messageClock(message.info, version);
    return tools.map((part): PlacedTool => {
      const { state } = part;
      const minted = clock.mintedAt(part.id) ?? clock.created;
      const start = state.status === "pending" ? minted : Math.min(minted, state.time.start);
      const open = state.status === "pending" || state.status === "running";
      return {
        part,
        childId: taskSessionId(part),
        start,
        end: open ? Math.max(start, until) : state.time.end,
        said: saidBy(part),
      };
    });
  };
  return turns
    .flatMap(({ rest }, index) => {
      const until = turns[index + 1]?.at ?? Number.POSITIVE_INFINITY;
      return rest.filter(isAssistant).flatMap((message) => inTurn(message, until));
    })
    .sort((a, b) => a.start - b.start);
}
