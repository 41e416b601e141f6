import { createRandom, type Random } from "./random.js";
import { createTexts } from "./synthetic-text.js";

/** A session and those of its subagents, as `opencode export` writes them. */
export interface SyntheticSession {
  /** The session's own export first. */
  readonly exports: readonly string[];
  readonly bytes: number;
  readonly steps: number;
  readonly tools: number;
}

const STEPS_IN_A_TURN = 200;
const STEPS_BETWEEN_SUBAGENTS = 15;
const BEGIN = 1_795_234_042_567;

/** What a tool's output has at least, and where nobody says otherwise at most, in characters. */
const SHORTEST_OUTPUT = 500;
const LONGEST_OUTPUT = 50_000;

/**
 * A session of about so many bytes in all: steps with thinking, text and one to three tools whose outputs have 0.5 to
 * 50 kB, and now and then a subagent. Fields and nesting are those of the recorded exports.
 *
 * @param bytes of all exports together, when written as UTF-8
 * @param longestOutput of a tool, in characters: the shorter, the more steps
 * @param stepsInATurn of the session's own; a turn's last one has no tools
 */
export function syntheticSession(
  bytes: number,
  seed = 1,
  longestOutput: number = LONGEST_OUTPUT,
  stepsInATurn: number = STEPS_IN_A_TURN,
): SyntheticSession {
  const writer = sessionWriter(createRandom(seed), BEGIN, longestOutput, stepsInATurn);
  const exports = writer.session(bytes, undefined);
  const { steps, tools } = writer.counts;
  return { exports, bytes: exports.reduce((sum, text) => sum + Buffer.byteLength(text), 0), steps, tools };
}

/** What a session consists of, where nothing in it is left to chance but the words. */
export interface Shape {
  readonly turns: number;
  /** Of each turn; the last one has no tools. */
  readonly steps: number;
  /** Of each other step. */
  readonly tools: number;
  /** Characters of each tool's output. */
  readonly output: number;
  /** The first steps of each turn, which start a subagent of two steps instead. */
  readonly subagents: number;
}

/** A session of that shape, as `syntheticSession` has it otherwise. */
export function shapedSession(shape: Shape, seed = 1): SyntheticSession {
  const writer = sessionWriter(createRandom(seed), BEGIN, LONGEST_OUTPUT, shape.steps, shape);
  const exports = writer.shaped(shape);
  const { steps, tools } = writer.counts;
  return { exports, bytes: exports.reduce((sum, text) => sum + Buffer.byteLength(text), 0), steps, tools };
}

interface Message {
  readonly info: Readonly<Record<string, unknown>>;
  readonly parts: readonly object[];
}

function sessionWriter(
  random: Random,
  begin: number,
  longestOutput: number,
  stepsInATurn: number,
  fixed?: Pick<Shape, "tools" | "output">,
) {
  const { text } = createTexts(random);
  const counts = { steps: 0, tools: 0 };
  let now = begin;
  let minted = 0;

  const wait = (low: number, high: number): number => {
    now += random.whole(low, high);
    return now;
  };

  /** opencode's ids carry their time: 48 bits of milliseconds and counter, inverted in a session's. */
  function id(prefix: "ses" | "msg" | "prt"): string {
    minted = (minted + 1) % 0x1000;
    const bits = (BigInt(now) * 0x1000n + BigInt(minted)) & 0xffff_ffff_ffffn;
    const time = prefix === "ses" ? 0xffff_ffff_ffffn - bits : bits;
    const noise = Array.from({ length: 14 }, () => random.whole(0, 35).toString(36)).join("");
    return `${prefix}_${time.toString(16).padStart(12, "0")}${noise}`;
  }

  function session(bytes: number, parent: string | undefined): string[] {
    const sessionID = id("ses");
    const created = now;
    const messages: Message[] = [];
    const children: string[] = [];
    let size = 0;
    const add = (message: Message): void => {
      messages.push(message);
      size += JSON.stringify(message, undefined, 2).length;
    };
    let user = "";
    for (let step = 0; size < bytes; step += 1) {
      if (step % stepsInATurn === 0) user = addUser(sessionID, add);
      const delegates = parent === undefined && step % STEPS_BETWEEN_SUBAGENTS === STEPS_BETWEEN_SUBAGENTS - 1;
      const last = step % stepsInATurn === stepsInATurn - 1;
      const message = assistant(sessionID, user, last, delegates);
      for (const child of message.children) {
        children.push(child);
        size += child.length;
      }
      add(message.message);
    }
    add(assistant(sessionID, user, true, false).message);
    const info = sessionInfo(sessionID, parent, created);
    return [JSON.stringify({ info, messages }, undefined, 2), ...children];
  }

  function shaped({ turns, steps, subagents }: Shape, parent?: string): string[] {
    const sessionID = id("ses");
    const created = now;
    const messages: Message[] = [];
    const children: string[] = [];
    let user = "";
    for (let step = 0; step < turns * steps; step += 1) {
      const ofTurn = step % steps;
      if (ofTurn === 0) user = addUser(sessionID, (message) => messages.push(message));
      const { message, children: own } = assistant(sessionID, user, ofTurn === steps - 1, ofTurn < subagents);
      messages.push(message);
      children.push(...own);
    }
    return [JSON.stringify({ info: sessionInfo(sessionID, parent, created), messages }, undefined, 2), ...children];
  }

  function sessionInfo(sessionID: string, parent: string | undefined, created: number): object {
    return {
      id: sessionID,
      slug: "eager-engine",
      projectID: "global",
      directory: "/home/dev/project",
      path: "home/dev/project",
      ...(parent === undefined ? {} : { parentID: parent }),
      title: text(40),
      agent: parent === undefined ? "build" : "worker",
      model: { id: "m1", providerID: "scripted", variant: "default" },
      version: "1.18.33",
      summary: { additions: 0, deletions: 0, files: 0 },
      cost: 0.42,
      tokens: { input: 5324, output: 258, reasoning: 70, cache: { read: 13_056, write: 0 } },
      permission: [{ permission: "question", pattern: "*", action: "deny" }],
      time: { created, updated: now },
    };
  }

  function addUser(sessionID: string, add: (message: Message) => void): string {
    wait(500, 2000);
    const messageID = id("msg");
    add({
      info: {
        role: "user",
        time: { created: now },
        agent: "build",
        model: { providerID: "scripted", modelID: "m1" },
        summary: { diffs: [] },
        id: messageID,
        sessionID,
      },
      parts: [{ type: "text", text: text(random.whole(60, 800)), id: id("prt"), sessionID, messageID }],
    });
    return messageID;
  }

  /** One step. A step that delegates starts a subagent; the last of a turn has no tools. */
  function assistant(
    sessionID: string,
    parentID: string,
    last: boolean,
    delegates: boolean,
  ): { readonly message: Message; readonly children: readonly string[] } {
    counts.steps += 1;
    wait(50, 300);
    const messageID = id("msg");
    const created = now;
    const ids = (): object => ({ id: id("prt"), sessionID, messageID });
    const spoken = (type: "reasoning" | "text", length: number): object => {
      const start = wait(20, 200);
      return { type, text: text(length), time: { start, end: wait(50, 2000) }, ...ids() };
    };
    const children: string[] = [];
    wait(300, 1500);
    const parts: object[] = [
      { type: "step-start", ...ids() },
      spoken("reasoning", random.logarithmic(100, 4000)),
      spoken("text", random.logarithmic(30, 1500)),
    ];
    const tools = last || delegates ? 0 : (fixed?.tools ?? random.whole(1, 3));
    for (let index = 0; index < tools; index += 1) parts.push({ ...tool(), ...ids() });
    if (delegates) parts.push({ ...task(sessionID, children), ...ids() });
    counts.tools += tools + children.length;
    const input = random.whole(200, 4000);
    const output = random.whole(20, 900);
    const reasoning = random.whole(0, 300);
    const cache = { write: 0, read: random.whole(3000, 90_000) };
    const tokens = { total: input + output + reasoning + cache.read, input, output, reasoning, cache };
    const finish = last ? "stop" : "tool-calls";
    const cost = random.whole(1, 4000) / 1e5;
    parts.push({ reason: finish, type: "step-finish", tokens, cost, ...ids() });
    const info = {
      parentID,
      role: "assistant",
      mode: "build",
      agent: "build",
      path: { cwd: "/home/dev/project", root: "/" },
      cost,
      tokens,
      modelID: "m1",
      providerID: "scripted",
      time: { created, completed: wait(5, 50) },
      finish,
      id: messageID,
      sessionID,
    };
    return { message: { info, parts }, children };
  }

  function tool(): object {
    const output = text(fixed?.output ?? random.logarithmic(SHORTEST_OUTPUT, longestOutput));
    const start = wait(1, 50);
    const time = { start, end: wait(5, 3000) };
    const callID = `call_${start}`;
    const filePath = `/home/dev/project/src/module-${random.whole(1, 90)}.ts`;
    const kind = random.pick(["bash", "read", "edit", "failure"]);
    if (kind === "bash") {
      const metadata = { output, exit: 0, truncated: false };
      const input = { command: text(80), description: text(40) };
      return {
        type: "tool",
        tool: "bash",
        callID,
        state: { status: "completed", input, output, metadata, title: input.command, time },
      };
    }
    if (kind === "read") {
      const display = {
        type: "file",
        path: filePath,
        text: output,
        lineStart: 1,
        lineEnd: 90,
        totalLines: 90,
        truncated: false,
      };
      const metadata = { preview: output.slice(0, 1000), truncated: false, loaded: [], display };
      const listed = `<path>${filePath}</path>\n<type>file</type>\n<content>\n${output}\n</content>`;
      return {
        type: "tool",
        tool: "read",
        callID,
        state: { status: "completed", input: { filePath }, output: listed, metadata, title: filePath, time },
      };
    }
    if (kind === "edit") {
      const input = { filePath, oldString: output.slice(0, 4000), newString: output.slice(200, 4600) };
      const diff = `Index: ${filePath}\n--- ${filePath}\n+++ ${filePath}\n@@ -1,90 +1,90 @@\n${output.slice(0, 8000)}`;
      const metadata = {
        diagnostics: {},
        diff,
        filediff: { file: filePath, patch: diff, additions: 60, deletions: 40 },
        truncated: false,
      };
      return {
        type: "tool",
        tool: "edit",
        callID,
        state: {
          status: "completed",
          input,
          output: "Edit applied successfully.",
          metadata,
          title: filePath,
          time,
        },
      };
    }
    return {
      type: "tool",
      tool: "read",
      callID,
      state: { status: "error", input: { filePath }, error: `File not found: ${filePath}`, time },
    };
  }

  function task(sessionID: string, children: string[]): object {
    const input = { description: text(30), prompt: text(600), subagent_type: "worker" };
    const start = wait(1, 50);
    const [own, ...below] = fixed
      ? shaped({ ...fixed, turns: 1, steps: 2, subagents: 0 }, sessionID)
      : session(random.logarithmic(20_000, 200_000), sessionID);
    children.push(own ?? "", ...below);
    const childId = /"id": "(ses_[^"]+)"/.exec(own ?? "")?.[1];
    const metadata = {
      parentSessionId: sessionID,
      sessionId: childId,
      model: { modelID: "m1", providerID: "scripted" },
      truncated: false,
    };
    const output = `<task id="${childId}" state="completed">\n<task_result>\n${text(800)}\n</task_result>\n</task>`;
    return {
      type: "tool",
      tool: "task",
      callID: `call_${start}`,
      state: {
        status: "completed",
        input,
        output,
        metadata,
        title: input.description,
        time: { start, end: wait(5, 50) },
      },
    };
  }

  return { session, shaped, counts };
}
