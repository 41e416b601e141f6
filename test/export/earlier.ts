import { z } from "zod";
import { assembleSessions } from "../../src/opencode/read/assemble-sessions.js";
import { exportFromJson } from "../../src/opencode/read/read-export.js";
import type { LoopTrace } from "../../src/trace/model.js";
import { traceSession } from "../../src/trace/trace-session.js";
import { loadFixture } from "../support/fixtures.js";

const rawExport = z.looseObject({
  messages: z.array(
    z.looseObject({
      info: z.looseObject({ role: z.string(), time: z.looseObject({ created: z.number() }) }),
      parts: z.array(z.looseObject({ type: z.string() })),
    }),
  ),
});

/** The session as it was when one of its messages had only so many parts: still at work. */
export function earlier(name: string, message: number, parts: number): readonly LoopTrace[] {
  const fixture = loadFixture(name);
  const raw = rawExport.parse(JSON.parse(fixture.text));
  const messages = raw.messages.slice(0, message + 1).map((one, index) => {
    if (index !== message) return one;
    const { completed: _completed, ...time } = { completed: 0, ...one.info.time };
    const { finish: _finish, error: _error, ...info } = { finish: "", error: null, ...one.info };
    return { info: { ...info, time }, parts: one.parts.slice(0, parts) };
  });
  const session = exportFromJson({ ...raw, messages }, name);
  const until = raw.messages[message + 1]?.info.time.created ?? Number.POSITIVE_INFINITY;
  const log = {
    requests: fixture.log.requests.filter(({ at }) => at < until),
    failures: fixture.log.failures.filter(({ at }) => at < until),
  };
  const trees = assembleSessions([session, ...fixture.subagents]);
  return trees.flatMap((tree) => traceSession(tree, { log }));
}

/** Every message of the assistant with every number of parts. */
export function cuts(name: string): readonly (readonly [message: number, parts: number])[] {
  return rawExport
    .parse(JSON.parse(loadFixture(name).text))
    .messages.flatMap(({ info, parts }, message) =>
      info.role === "assistant"
        ? Array.from({ length: parts.length + 1 }, (_, count): [number, number] => [message, count])
        : [],
    );
}
