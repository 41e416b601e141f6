/** Sessions made by hand, a step a line, for what findings are about. */
import type { PermissionWait } from "../../../src/opencode/schema/event-facts.js";
import type { LoopTrace } from "../../../src/trace/model.js";
import { traceSession } from "../../../src/trace/trace-session.js";
import { followed } from "../../trace/make-evidence.js";
import { assistant, exportOf, type Json, stepFinish, stepStart, tool, treeOf, user } from "../../trace/make-session.js";

/** A tool call: what was asked, and what came of it. */
export interface Called {
  readonly name: string;
  readonly input: Json;
  readonly output?: string;
  /** It failed with that. */
  readonly error?: string;
  readonly metadata?: Json;
  /** How long it ran, ms. */
  readonly ms?: number;
}

/** A step: what it called, and what its call used; a prompt in front of it begins a turn. */
export interface Said {
  readonly prompt?: string;
  readonly tools?: readonly Called[];
  readonly tokens?: {
    readonly input: number;
    readonly read?: number;
    readonly output?: number;
    readonly reasoning?: number;
  };
}

const SECOND = 1000;
/** USD a token. */
export const PRICE = { input: 3e-6, output: 15e-6, read: 0.3e-6 };

/** The traces of a session of so many steps, each of ten seconds. */
export function talk(steps: readonly Said[], permissions: readonly PermissionWait[] = []): readonly LoopTrace[] {
  const messages = steps.flatMap((said, index) => {
    const at = index * 10 * SECOND + 100;
    const { input, read = 0, output = 10, reasoning = 0 } = said.tokens ?? { input: 1000 };
    const calls = (said.tools ?? []).map(
      ({ name, input: given, output: told, error, metadata = {}, ms = 50 }, number) =>
        tool(at + 1000 + number, at + 1100 + number, at + 1100 + number + ms, {
          tool: name,
          callID: `call_${index}_${number}`,
          state:
            error === undefined
              ? { status: "completed", input: given, output: told ?? "", metadata }
              : { status: "error", input: given, error, metadata },
        }),
    );
    const reason = calls.length > 0 ? "tool-calls" : "stop";
    const finish = stepFinish(at + 9000, {
      reason,
      tokens: { total: input + read + output + reasoning, input, output, reasoning, cache: { read, write: 0 } },
      cost: input * PRICE.input + read * PRICE.read + (output + reasoning) * PRICE.output,
    });
    const answer = assistant(at, at + 9500, [stepStart(at + 50), ...calls, finish], { finish: reason });
    return said.prompt === undefined && index > 0 ? [answer] : [user(at - 50, said.prompt ?? "Go."), answer];
  });
  const evidence = permissions.length > 0 ? { runs: [followed({ permissions: [...permissions] })] } : {};
  return traceSession(treeOf(exportOf(messages)), evidence);
}

/** A file of so many lines as opencode's read tells it, about eight tokens a line. */
export function fileOf(path: string, lines: number, from = 1, say = "const value"): string {
  const text = Array.from({ length: lines }, (_, index) => `${from + index}: ${say}${from + index} = ${from + index};`);
  return `<path>${path}</path>\n<type>file</type>\n<content>\n${text.join("\n")}\n</content>`;
}

/** A read of it. */
export function read(path: string, output: string, more: Json = {}): Called {
  return { name: "read", input: { filePath: `/home/dev/project/${path}`, ...more }, output };
}

/** A command of the shell. */
export function bash(command: string, output = "ok", metadata: Json = { exit: 0 }): Called {
  return { name: "bash", input: { command, description: command }, output, metadata };
}
