import { readdirSync, readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { expect } from "vitest";
import { drive } from "../../src/opencode/drive.js";
import { transcriptOf } from "../../src/opencode/read/transcript.js";
import type { DriveHooks, DriveRequest, DriveResult } from "../../src/opencode/request/drive-request.js";
import type { SessionTree } from "../../src/opencode/schema/exported-session.js";
import type { ToolPart } from "../../src/opencode/schema/session-export.js";
import { messagesOf } from "./generation1.js";
import type { IsolatedOpenCode } from "./isolated-opencode.js";

export const drivers = ["server", "cli"] as const;
export type TestedDriver = (typeof drivers)[number];

/** The exit of a run that nothing ended. */
export const wellEnded = { server: { kind: "served" }, cli: { kind: "exited", code: 0 } } as const;

export type Drive = (request: Partial<DriveRequest>, hooks?: DriveHooks) => Promise<DriveResult>;

/** Drives the opencode of a bench, in its directory. */
export function driveAt(bench: IsolatedOpenCode, driver: TestedDriver): Drive {
  const { workdir: directory, binary: opencode, env: environment } = bench;
  return (request, hooks) => drive({ message: "Go.", directory, opencode, environment, driver, ...request }, hooks);
}

/** Something that several tests look at, and that is made when the first of them asks for it. */
export function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}

/** What opencode unpacks is in the run's folder, and gone with it; of its own one empty folder stays in the bench's. */
export async function expectNothingIn({ tmpdir }: IsolatedOpenCode): Promise<void> {
  const left = await readdir(tmpdir, { recursive: true });
  expect(left.filter((name) => !/^(?:tsx-|opencode$)/.test(name))).toEqual([]);
}

export function userTexts(tree: SessionTree | null): string[] {
  return messagesOf(tree?.session).flatMap(({ info, parts }) =>
    info.role === "user" ? parts.flatMap((part) => (part.type === "text" ? [part.text] : [])) : [],
  );
}

export function toolParts(tree: SessionTree | null): ToolPart[] {
  return messagesOf(tree?.session).flatMap(({ parts }) => parts.filter((part) => part.type === "tool"));
}

/** Of a turn of the scenario "subagent". */
export function expectSubagent(result: DriveResult): void {
  expect(result.tree?.children.map(({ session }) => session.info.parentID)).toEqual([result.sessionId]);
  expect(result.raw.size).toBe(2);
  expect(result.progress.subagents).toBe(1);
  const text = result.tree ? transcriptOf(result.tree) : "";
  expect(text).toContain("\n    [Response]\n    fruit.txt has 3 lines.\n");
}

/** The command lines of what a run on a bench has started and left, but for zombies. */
export function leftovers({ home }: Pick<IsolatedOpenCode, "home">): string[] {
  return readdirSync("/proc").flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, "latin1").split("\0");
      // Only of the run: the driving program has helpers of its own, which end when they notice that it has.
      const isOfRun =
        environment.includes(`HOME=${home}`) && environment.some((line) => line.startsWith("LOOPTRACE_RUN_ID="));
      return isOfRun ? [readFileSync(`/proc/${pid}/cmdline`, "latin1")] : [];
    } catch {
      return [];
    }
  });
}

/** The processes that a run on a bench has started with a word among their arguments. */
export function pidsOf({ home }: Pick<IsolatedOpenCode, "home">, argument: string): number[] {
  return readdirSync("/proc").flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      const isOwn = readFileSync(`/proc/${pid}/environ`, "latin1").split("\0").includes(`HOME=${home}`);
      return isOwn && readFileSync(`/proc/${pid}/cmdline`, "latin1").split("\0").includes(argument)
        ? [Number(pid)]
        : [];
    } catch {
      return [];
    }
  });
}

/** The folders that a process with this pid made for its runs. */
export async function runFolders(temporary: string, pid: number | undefined): Promise<string[]> {
  return (await readdir(temporary)).filter((name) => name.startsWith(`looptrace-${pid}-`));
}
