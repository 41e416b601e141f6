import { chmod, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FIRST_LINE_OF_TAP } from "./first-line-of-tap.js";
import { onTestFinished } from "./side-by-side.js";

/** What a prompt can ask of this opencode, as JSON; any other prompt is answered at once. */
export interface Directions {
  /** Tells prompts apart. */
  readonly name?: string;
  readonly waitMs?: number;
  /** Is at work until there is a file of this name in its working directory. */
  readonly until?: string;
  /** Is at work until so many runs have begun, this one among them. */
  readonly untilBegun?: number;
  /**
   * opencode's error object, with which the run ends instead of an answer; of a list one for each run, `null` is an
   * answer.
   */
  readonly error?: object;
  readonly errors?: readonly (object | null)[];
  readonly cost?: number;
  /** Ends without a word, and without a session. */
  readonly silent?: boolean;
  /** Does not end when it is asked to. */
  readonly stubborn?: boolean;
}

/** A program in opencode's place that is fast and does as the prompt says. */
export interface TalkingOpenCode {
  /** The environment for looptrace, with this opencode in it. */
  readonly env: Readonly<Record<string, string>>;
  readonly path: string;
  /** An empty folder to work in. */
  readonly cwd: string;
  /** The prompts of all runs, in the order in which they began. */
  runs(): Promise<readonly string[]>;
  /** How many runs were under way at once at most. */
  mostAtOnce(): Promise<number>;
}

const PROGRAM = `
const fs = require("node:fs");
const { randomBytes } = require("node:crypto");
const [, ...argv] = process.argv.slice(2);
const at = (name) => __dirname + "/" + name;
// As opencode mints them: by the time, a session's inverted. A random one may pass for what a fork copied.
let minted = 0;
const id = (kind) => {
  const time = (BigInt(Date.now()) * 0x1000n + BigInt(++minted)) & 0xffffffffffffn;
  const digits = (kind === "ses" ? 0xffffffffffffn - time : time).toString(16).padStart(12, "0");
  return kind + "_" + digits + randomBytes(7).toString("hex");
};
${FIRST_LINE_OF_TAP}
const prompt = fs.readFileSync(0, "utf8");
let directions = {};
try { directions = JSON.parse(prompt); } catch {}
const before = fs.existsSync(at("runs")) ? fs.readFileSync(at("runs"), "utf8").split("\\n") : [];
const mine = JSON.stringify(["begin", prompt]);
const earlier = before.filter((line) => line === mine).length;
fs.appendFileSync(at("runs"), mine + "\\n");
const model = (argv.find((word) => word.startsWith("--model=")) ?? "--model=scripted/m1").slice(8);
const [providerID, modelID] = model.split("/");
const sessionID = id("ses");
const say = (event) => console.log(JSON.stringify({ timestamp: Date.now(), sessionID, ...event }));
const error = directions.errors ? directions.errors[Math.min(earlier, directions.errors.length - 1)] : directions.error;
const created = Date.now();
const cost = directions.cost ?? 0.001;
const end = (signal) => {
  fs.appendFileSync(at("runs"), JSON.stringify(["end", prompt]) + "\\n");
  const [user, assistant] = [id("msg"), id("msg")];
  const tokens = { total: 110, input: 100, output: 10, reasoning: 0, cache: { read: 0, write: 0 } };
  const of = (messageID) => ({ id: id("prt"), sessionID, messageID });
  const done = Date.now();
  const failed = error || (signal ? { name: "MessageAbortedError", data: { message: "Aborted" } } : null);
  const model = { providerID, modelID };
  const session = {
    info: {
      id: sessionID, slug: "a", projectID: "global", directory: process.cwd(), title: "A session", version: "1.18.33",
      time: { created, updated: done },
    },
    messages: [
      {
        info: { id: user, sessionID, role: "user", time: { created }, agent: "build", model },
        parts: [{ ...of(user), type: "text", text: prompt }],
      },
      {
        info: {
          id: assistant, sessionID, role: "assistant", parentID: user, mode: "build", agent: "build", providerID, modelID,
          path: { cwd: process.cwd(), root: "/" }, time: { created, completed: done },
          ...(failed ? { error: failed, cost: 0, tokens: { ...tokens, total: 0, input: 0, output: 0 } } : { finish: "stop", cost, tokens }),
        },
        parts: failed ? [] : [
          { ...of(assistant), type: "step-start" },
          { ...of(assistant), type: "text", text: "Answer to " + (directions.name ?? prompt), time: { start: done, end: done } },
          { ...of(assistant), type: "step-finish", reason: "stop", cost, tokens },
        ],
      },
    ],
  };
  fs.writeFileSync(at(sessionID + ".json"), JSON.stringify(session));
  if (failed) say({ type: "error", error: failed });
  process.exit(failed ? 1 : 0);
};
const fail = () => {
  fs.appendFileSync(at("runs"), JSON.stringify(["end", prompt]) + "\\n");
  process.exit(1);
};
if (!directions.silent) say({ type: "step_start" });
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => directions.stubborn || end(signal));
const begun = () => fs.readFileSync(at("runs"), "utf8").split("\\n").filter((line) => line.startsWith('["begin"')).length;
const isToWait = () =>
  (directions.until && !fs.existsSync(directions.until)) || (directions.untilBegun && begun() < directions.untilBegun);
const whenTold = () => {
  if (isToWait()) setTimeout(whenTold, 20);
  else setTimeout(directions.silent ? fail : end, directions.waitMs ?? 0);
};
whenTold();
`;

/** Removed with the test. */
export async function talkingOpenCode(): Promise<TalkingOpenCode> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "talking-opencode-")));
  onTestFinished(() => rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));
  const path = join(folder, "opencode");
  const cwd = join(folder, "work");
  await mkdir(cwd);
  // Each run asks for the version and the session: what can be said without a start of node is.
  const lines = [
    "#!/bin/sh",
    `[ "$1" = --version ] && echo 1.18.33 && exit`,
    `[ "$1" = export ] && exec cat '${folder}'/"$2".json`,
    `[ "$1" = run ] && exec '${process.execPath}' '${folder}/program.cjs' "$@"`,
    "exit 1",
  ];
  await writeFile(join(folder, "program.cjs"), PROGRAM);
  await writeFile(path, `${lines.join("\n")}\n`);
  await chmod(path, 0o755);
  const log = async (): Promise<readonly (readonly [string, string])[]> => {
    const text = await readFile(join(folder, "runs"), "utf8").catch(() => "");
    return text
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  };
  return {
    env: {
      PATH: process.env.PATH ?? "",
      HOME: folder,
      LOOPTRACE_HOME: join(folder, "looptrace"),
      LOOPTRACE_WARM: "0",
      LOOPTRACE_OPENCODE: path,
    },
    path,
    cwd,
    runs: async () => (await log()).flatMap(([what, prompt]) => (what === "begin" ? [prompt] : [])),
    mostAtOnce: async () => {
      let [running, most] = [0, 0];
      for (const [what] of await log()) {
        running += what === "begin" ? 1 : -1;
        most = Math.max(most, running);
      }
      return most;
    },
  };
}

/** opencode's error objects for what providers answer. */
export function apiError(statusCode: number, message: string, more: object = {}): object {
  return { name: "APIError", data: { message, statusCode, isRetryable: false, ...more } };
}
