import { promptText, type Session, type ToolRun, type Turn } from "../opencode/model.js";
import { answersOf } from "./turn-entries.js";

/** One turn of a subagent's session, to be shown where it was started. */
export interface SubagentTurn {
  readonly session: Session;
  /** Its position among the turns of the subagent's session. */
  readonly turn: number;
}

/**
 * What stands where: in the tool, by its id, in the step, by its answer's id, or in the turn itself, by its id.
 */
export interface SubagentPlaces {
  readonly byTool: ReadonlyMap<string, readonly SubagentTurn[]>;
  readonly byAnswer: ReadonlyMap<string, readonly SubagentTurn[]>;
  readonly byTurn: ReadonlyMap<string, readonly SubagentTurn[]>;
  /** Sessions that can stand nowhere: they have no turn of their own, or the session has none. */
  readonly unclaimed: readonly Session[];
  /** The tools whose subagent's session is not among the children, by their ids. */
  readonly missing: ReadonlySet<string>;
}

/**
 * Where the turns of the sessions below a session belong.
 *
 * opencode's own tool for it names the session that it started. A session that none names (a sanitised export has lost
 * the links, and plugins start sessions of their own) belongs to the tool that was at work when it was made; of several
 * to the one that names it, was asked the same or has its title, else to the one that starts sessions most likely and
 * ended soonest after the session's own end. Where no tool was at work it belongs to the step, else to the turn. A
 * session that was prompted again is dealt out by time: each of its turns where it began.
 */
export function subagentTurns({ turns, children }: Session): SubagentPlaces {
  const starting = toolsOf(turns, ({ subagent }) => subagent !== null);
  if (children.length === 0 && starting.length === 0) return NOWHERE;
  let all: readonly PlacedTool[] | undefined;
  const places = { byTool: placed(), byAnswer: placed(), byTurn: placed() };
  const unclaimed: Session[] = [];
  const linked = new Map<string, PlacedTool[]>();
  for (const one of starting) {
    const childId = one.tool.subagent?.sessionId ?? null;
    if (childId === null) continue;
    const known = linked.get(childId);
    if (known) known.push(one);
    else linked.set(childId, [one]);
  }
  // By their times: files may be named in any order.
  for (const child of [...children].sort(compare)) {
    // Without a turn it has no loop that could stand anywhere; what is below it must not get lost with it.
    if (child.turns.length === 0 || turns.length === 0) {
      unclaimed.push(child);
      continue;
    }
    const links = linked.get(child.id);
    if (!links) all ??= toolsOf(turns, () => true);
    const candidates = links || !all ? [] : all.filter((one) => mayHaveStarted(one, places.byTool));
    const likeness = candidates.length === 0 ? undefined : kinship(child);
    const best = (at: number, turn: Turn): PlacedTool | undefined =>
      likeness && bestOf(candidates, likeness, at, endOf(turn));
    child.turns.forEach((turn, index) => {
      const at = index === 0 ? Math.min(child.createdAt, turn.at) : turn.at;
      const placing = links
        ? (links.findLast(({ start }) => start <= turn.at) ?? links[0])
        : (best(at, turn) ?? best(turn.at, turn));
      const one = { session: child, turn: index };
      if (placing) places.byTool.add(placing.tool.id, one);
      else placeByTime(one, at, turns, places);
    });
  }
  const present = new Set(children.map(({ id }) => id));
  const missing = starting.filter(({ tool }) => !places.byTool.has(tool.id) && isMissing(tool, present));
  return { ...places, unclaimed, missing: new Set(missing.map(({ tool }) => tool.id)) };
}

/** One for all: most sessions are of a subagent that starts none itself. */
const NOWHERE: SubagentPlaces = {
  byTool: new Map(),
  byAnswer: new Map(),
  byTurn: new Map(),
  unclaimed: [],
  missing: new Set(),
};

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
  { byAnswer, byTurn }: { readonly byAnswer: Placed; readonly byTurn: Placed },
): void {
  const turn = turns.findLast((candidate) => candidate.at <= at) ?? turns[0];
  const step = turn && answersOf(turn).findLast(({ created }) => created <= at);
  if (step && at <= (step.completed ?? at)) byAnswer.add(step.id, one);
  else if (turn) byTurn.add(turn.id, one);
}

function compare(a: Session, b: Session): number {
  return a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1);
}

/** opencode's own tool for it starts one session; a plugin's tool may start any number. */
function mayHaveStarted({ tool }: PlacedTool, taken: ReadonlyMap<string, unknown>): boolean {
  return tool.subagent === null || (tool.subagent.sessionId === null && !taken.has(tool.id));
}

function endOf({ at, rest }: Turn): number {
  return rest.reduce((latest, entry) => {
    const moment = entry.kind === "answer" ? (entry.completed ?? entry.created) : entry.at;
    return Math.max(latest, moment);
  }, at);
}

/** What speaks for a tool, the stronger the higher; a name tells more than all likenesses together. */
const NAMES_IT = 16;
const SAME_PROMPT = 8;
const SAME_TITLE = 4;
const STARTS_SESSIONS = 2;
const MAY_START_SESSIONS = 1;

/** @returns how much speaks for a tool's having started the session */
function kinship({ id, title, turns }: Session): (tool: PlacedTool) => number {
  const prompt = firstText(turns[0]);
  return ({ tool, said }) => {
    const { told, metadata, texts } = said();
    const names = told.includes(id) || metadata.includes(id);
    const titled = texts.some((text) => text.length > 3 && title.includes(text));
    const isSame = (text: string): boolean => text === prompt || promptText(text) === prompt;
    return (
      (names ? NAMES_IT : 0) +
      (prompt !== "" && texts.some(isSame) ? SAME_PROMPT : 0) +
      (titled ? SAME_TITLE : 0) +
      likelihood(tool)
    );
  };
}

/** What a session was told first. */
function firstText(turn: Turn | undefined): string {
  const told = turn && [...turn.context, ...turn.prompts, ...turn.rest].find((entry) => entry.kind === "told");
  const texts = (told?.content ?? []).map((part) => (part.type === "text" ? part.text : ""));
  return texts.join("\n").trim();
}

/** What a tool said and was told, as texts that a session is looked for in. */
interface Said {
  readonly told: string;
  readonly metadata: string;
  /** Its arguments, as far as they are texts. */
  readonly texts: readonly string[];
}

/** Made where it is asked for, and once: there may be thousands of tools, and as many sessions. */
function saidBy({ facts }: ToolRun): () => Said {
  let said: Said | undefined;
  return () => {
    said ??= {
      told: facts.output ?? "",
      metadata: JSON.stringify(facts.metadata) ?? "",
      texts: textsIn(facts.input),
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
const SHELLS: ReadonlySet<string> = new Set(["bash", "shell"]);

function likelihood({ facts: { tool }, provider }: ToolRun): number {
  if (OWN.has(tool) || provider !== null) return 0;
  return SHELLS.has(tool) ? MAY_START_SESSIONS : STARTS_SESSIONS;
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

function isMissing({ subagent }: ToolRun, present: ReadonlySet<string>): boolean {
  if (!subagent) return false;
  return subagent.sessionId === null ? subagent.begun : !present.has(subagent.sessionId);
}

interface PlacedTool {
  readonly tool: ToolRun;
  /** Its arguments were being written from then on, and it may have begun at once. */
  readonly start: number;
  /** Of one that never ended the next turn's beginning. */
  readonly end: number;
  readonly said: () => Said;
}

/** The tools of some kind, by when they may have begun. */
function toolsOf(turns: readonly Turn[], isWanted: (tool: ToolRun) => boolean): readonly PlacedTool[] {
  const found: PlacedTool[] = [];
  turns.forEach((turn, index) => {
    const until = turns[index + 1]?.at ?? Number.POSITIVE_INFINITY;
    for (const { created, tools } of answersOf(turn)) {
      for (const tool of tools) {
        if (!isWanted(tool)) continue;
        const start = Math.min(tool.argumentsAt ?? created, tool.start);
        found.push({ tool, start, end: tool.end ?? Math.max(start, until), said: saidBy(tool) });
      }
    }
  });
  return found.sort((a, b) => a.start - b.start);
}
