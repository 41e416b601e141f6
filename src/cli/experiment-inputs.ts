import { basename, resolve } from "node:path";
import { fieldsFor } from "../agent/setting-surfaces.js";
import type { Task, TaskInput } from "../batch/task.js";
import { commitAt, uncommittedFiles, WorktreeError } from "../batch/worktree.js";
import { ConfigurationError } from "../errors/configuration-error.js";
import { messageOf } from "../errors/thrown.js";
import { type Arm, baseOf, parseArm, parseArms } from "../experiment/arm.js";
import type { ArmSettings } from "../experiment/arm-settings.js";
import type { Case } from "../experiment/plan.js";
import { readNamedText } from "../files/own-files.js";
import { createRunFolder, otherOpenCodes, readVersion, searchOpenCode } from "../opencode/program.js";
import { plural } from "../text/format.js";
import { oneLine } from "../text/terminal-text.js";
import { systemPromptOf } from "./agent-options.js";
import type { defaultsOf } from "./batch-inputs.js";
import type { Terminal } from "./terminal.js";
import { typedPath } from "./typed-path.js";

export interface ArmFlags {
  readonly arm?: readonly string[];
  /** A JSON file. */
  readonly arms?: string;
}

/** The arms, and the one that the others are compared with. */
export interface Arms {
  readonly arms: readonly Arm[];
  readonly base: string;
}

/**
 * The arms that the flags name, the file's first. What they name by a file or a version stands in them then.
 *
 * @throws {ConfigurationError} naming the arm and the setting that makes no sense
 */
export async function armsOf(flags: ArmFlags, terminal: Terminal, place: "here" | "workers"): Promise<Arms> {
  const fromFile = flags.arms === undefined ? [] : parseArms(await textOf(flags.arms, terminal), flags.arms);
  const arms = [...fromFile, ...(flags.arm ?? []).map(parseArm)];
  const base = baseOf(arms);
  const whole: Arm[] = [];
  for (const { name, settings } of arms)
    whole.push({ name, settings: await wholeSettings(name, settings, terminal, place) });
  return { arms: whole, base };
}

async function textOf(path: string, terminal: Terminal): Promise<string> {
  return await readNamedText(typedPath("--arms", path, "file", terminal)).catch((error: unknown) => {
    throw new ConfigurationError("--arms", `--arms ${path} cannot be read: ${messageOf(error)}`);
  });
}

async function wholeSettings(
  name: string,
  { systemFile, opencode, ...settings }: ArmSettings,
  terminal: Terminal,
  place: "here" | "workers",
): Promise<ArmSettings> {
  const refuse = (error: unknown): never => {
    throw new ConfigurationError("--arm", `arm ${name}: ${messageOf(error)}`);
  };
  const systemPrompt =
    systemFile === undefined ? undefined : await systemPromptOf({ systemFile }, terminal).catch(refuse);
  const program = opencode === undefined ? undefined : await programOf(opencode, terminal, place).catch(refuse);
  return {
    ...settings,
    ...(systemPrompt === undefined ? {} : { systemPrompt }),
    ...(program === undefined ? {} : { opencode: program }),
  };
}

/** The path of an opencode that is named by its path, or by a version that is on this machine. */
async function programOf(named: string, terminal: Terminal, place: "here" | "workers"): Promise<string> {
  const version = /^v?(\d+\.\d+\.\d+\S*)$/.exec(named)?.[1];
  if (version === undefined) return place === "workers" ? named : typedPath("opencode", named, "file", terminal);
  if (place === "workers") throw new Error(`opencode=${named}: with --redis, give the path that it has on the workers`);
  const where = { directory: terminal.cwd, environment: terminal.env };
  const first = searchOpenCode(where).path;
  const folder = await createRunFolder();
  try {
    const found: string[] = [];
    for (const path of [first, ...otherOpenCodes(first, where)]) {
      const answer = await readVersion(path, folder, terminal.env).catch(() => undefined);
      if (answer?.version === version) return path;
      if (answer?.version) found.push(`${answer.version} (${path})`);
    }
    throw new Error(
      `opencode=${named}: there is no such version here; there is ${found.join(", ") || "none"}. \`npm install --prefix DIR opencode-ai@${version}\` brings it; then give its path, DIR/node_modules/.bin/opencode.`,
    );
  } finally {
    await folder.remove();
  }
}

/**
 * The cases of a file of tasks.
 *
 * @throws {ConfigurationError} when one cannot be done more than once
 */
export function casesOf(tasks: readonly Task[]): readonly Case[] {
  for (const { id, line, request } of tasks) {
    if (request.session === undefined || request.fork === true) continue;
    const where = line === null ? id : `line ${line}`;
    throw new ConfigurationError(
      "cases",
      `${where} goes on with a session, so that no two runs would begin alike.\nGive it "fork": true.`,
    );
  }
  return tasks.map(({ id, request }) => ({ id, request }));
}

/** What the flags say of all runs. */
export interface RunFlags {
  readonly ref?: string;
  readonly verify?: string;
  readonly verifyTimeout?: number;
  readonly dir?: string;
  /** Files of the experiment itself, which no run needs. */
  readonly own?: readonly string[];
}

/**
 * What a run asks for beside its case: what the flags and the configuration say, then the case, then the arm. Commits
 * are named by their ids, so that a branch that moves meanwhile is noticed.
 *
 * @throws {ConfigurationError} when a case's directory is in no repository, or a commit is not there
 */
export async function requestsOf(
  cases: readonly Case[],
  arms: readonly Arm[],
  flags: RunFlags,
  defaults: Awaited<ReturnType<typeof defaultsOf>>,
  terminal: Terminal,
  place: "here" | "workers",
): Promise<(one: Case, arm: Arm) => Partial<TaskInput>> {
  const forAll: Partial<TaskInput> = JSON.parse(
    JSON.stringify({
      ...fieldsFor("task", defaults),
      ...(defaults.mcp.length === 0 ? { mcp: undefined } : {}),
      ...(place === "workers" ? { directory: flags.dir } : {}),
      verify: flags.verify,
      verifyTimeout: flags.verifyTimeout,
    }),
  );
  const commits = new Map<string, string>();
  const directoryOf = ({ request }: Case): string =>
    request.directory === undefined
      ? (defaults.directory ?? terminal.cwd)
      : typedPath("a case's directory", request.directory, "directory", terminal);
  if (place === "here") {
    const directories = new Set(cases.map(directoryOf));
    const refs = new Set(arms.flatMap(({ settings }) => [refOf(settings, flags), settings.instructions ?? []].flat()));
    for (const directory of directories) {
      for (const ref of refs) commits.set(JSON.stringify([directory, ref]), await commitIn(directory, ref));
      const changed = await uncommittedFiles(
        directory,
        (flags.own ?? []).map((path) => resolve(terminal.cwd, path)),
      );
      if (changed > 0)
        terminal.err(
          `looptrace: ${oneLine(basename(directory))} has ${plural(changed, "file")} that ${changed === 1 ? "is" : "are"} not committed: the runs begin without what is changed there.\n`,
        );
    }
  }
  return (one, { settings }) => {
    const { ref: _, instructions, systemFile: __, ...own } = settings;
    const commitOf = (ref: string): string =>
      place === "here" ? (commits.get(JSON.stringify([directoryOf(one), ref])) ?? ref) : ref;
    return {
      ...forAll,
      ...one.request,
      ...own,
      worktree: commitOf(refOf(settings, flags)),
      ...(instructions === undefined ? {} : { instructions: commitOf(instructions) }),
    };
  };
}

function refOf({ ref }: ArmSettings, flags: RunFlags): string {
  return ref ?? flags.ref ?? "HEAD";
}

async function commitIn(directory: string, ref: string): Promise<string> {
  try {
    return await commitAt(directory, ref);
  } catch (error) {
    if (error instanceof WorktreeError) throw new ConfigurationError("cases", `Nothing was started: ${error.message}`);
    throw error;
  }
}
