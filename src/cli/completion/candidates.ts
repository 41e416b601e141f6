import type { Argument, Command, Option } from "commander";
import { ValuesOption } from "../one-of.js";

/** What may stand where the cursor is. */
export interface Candidate {
  readonly value: string;
  /** What it is, for shells that show it; a clean line. */
  readonly about: string;
}

/** What a shell is to offer; `paths` in addition. */
export interface Completion {
  readonly candidates: readonly Candidate[];
  readonly paths: "files" | "folders" | null;
}

/** A session by all that it may be named by. */
export interface NamedSession {
  readonly id: string;
  /** The beginning of the id that tells it apart. */
  readonly shortId: string;
  /** Words of its title that no other one has, in small letters. */
  readonly words: readonly string[];
  /** Its title, a clean line. */
  readonly about: string;
}

/** What a machine knows, asked only where it is wanted. */
export interface Known {
  /** The last sessions first. */
  readonly sessions: () => Promise<readonly NamedSession[]>;
  readonly models: () => Promise<readonly Candidate[]>;
  readonly agents: () => Promise<readonly Candidate[]>;
}

const NOTHING: Completion = { candidates: [], paths: null };

/**
 * What a command line may go on with.
 *
 * @param program with all commands
 * @param words what stands behind `looptrace` up to the cursor; the last one is begun, or empty
 */
export async function completionOf(program: Command, words: readonly string[], known: Known): Promise<Completion> {
  const current = words.at(-1) ?? "";
  const before = words.slice(0, -1);
  // Behind it stand words for opencode.
  if (before.includes("--")) return NOTHING;
  const command = commandOf(program, before);
  const { flag, begun, lead } = valueAt(before, current);
  const option = flag === undefined ? undefined : optionOf(command, flag);
  if (option && (option.required || lead !== "")) {
    const { candidates, paths } = await valuesOf(option, known);
    return { candidates: startingWith(begun, candidates).map((one) => ({ ...one, value: lead + one.value })), paths };
  }
  if (current.startsWith("-")) return { candidates: startingWith(current, flagsOf(command)), paths: null };
  const { candidates, paths } = await argumentsOf(command, current, known);
  return { candidates: startingWith(current, candidates), paths };
}

/** The innermost command that is named. */
function commandOf(program: Command, words: readonly string[]): Command {
  let command = program;
  for (const word of words) {
    const next = command.commands.find((one) => one.name() === word && !isHidden(one));
    if (next) command = next;
  }
  return command;
}

/** The option whose value stands at the cursor, what of it is there, and what has to stand before it. */
function valueAt(before: readonly string[], current: string): { flag?: string; begun: string; lead: string } {
  const inline = /^(--[\w-]+)=(.*)$/s.exec(current);
  if (inline) return { flag: inline[1] ?? "", begun: inline[2] ?? "", lead: `${inline[1]}=` };
  // bash takes the sign for a word of its own.
  if (current === "=") return { flag: before.at(-1) ?? "", begun: "", lead: "" };
  if (before.at(-1) === "=") return { flag: before.at(-2) ?? "", begun: current, lead: "" };
  const last = before.at(-1);
  return { ...(last?.startsWith("-") ? { flag: last } : {}), begun: current, lead: "" };
}

function optionOf(command: Command, flag: string): Option | undefined {
  return command.options.find(({ long, short }) => flag === long || flag === short);
}

function flagsOf(command: Command): readonly Candidate[] {
  return [
    ...command.options.filter(({ hidden }) => !hidden),
    ...command
      .createHelp()
      .visibleOptions(command)
      .filter(({ long }) => long === "--help"),
  ].flatMap(({ long, description }) => (long ? [{ value: long, about: firstPart(description) }] : []));
}

async function valuesOf(option: Option, known: Known): Promise<Completion> {
  const values = option instanceof ValuesOption ? option.values : option.argChoices;
  if (values) return { candidates: values.map((value) => ({ value, about: "" })), paths: null };
  if (/^--(?:.*-)?model$/.test(option.long ?? "")) return { candidates: await known.models(), paths: null };
  if (option.long === "--agent") return { candidates: await known.agents(), paths: null };
  const what = /[<[]([^>\]]*)[>\]]/.exec(option.flags)?.[1] ?? "";
  if (/folder|directory/.test(what)) return { candidates: [], paths: "folders" };
  return { candidates: [], paths: /file|path/.test(what) ? "files" : null };
}

async function argumentsOf(command: Command, current: string, known: Known): Promise<Completion> {
  const commands = command.commands
    .filter((one) => !isHidden(one))
    .map((one) => ({ value: one.name(), about: firstPart(one.summary() || one.description()) }));
  const kinds = command.registeredArguments;
  const choices = kinds.flatMap((one) => one.argChoices ?? []).map((value) => ({ value, about: "" }));
  const sessions = kinds.some(isSession) ? (await known.sessions()).flatMap((one) => namesOf(one, current)) : [];
  return { candidates: [...commands, ...choices, ...sessions], paths: kinds.some(isFile) ? "files" : null };
}

/** By short ids, as they are typed; whole ids and words of titles where one is begun. */
function namesOf({ id, shortId, words, about }: NamedSession, begun: string): readonly Candidate[] {
  const names = begun.startsWith("ses_") ? [id] : begun === "" ? [shortId] : [shortId, ...words];
  return names.map((value) => ({ value, about }));
}

/** `diff` takes two of them. */
function isSession(argument: Argument): boolean {
  return /session/.test(argument.name()) || /\bsession/.test(argument.description);
}

function isFile(argument: Argument): boolean {
  return /file|tasks|cases/.test(argument.name()) || /\bfile/.test(argument.description);
}

function isHidden(command: Command): boolean {
  return command.name().startsWith("_");
}

function startingWith(begun: string, candidates: readonly Candidate[]): readonly Candidate[] {
  return candidates.filter(({ value }) => value.startsWith(begun));
}

/** What stands before the first further explanation. */
function firstPart(text: string): string {
  return text.split(/[;:(\n]/)[0]?.trim() ?? "";
}
