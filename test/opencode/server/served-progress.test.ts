import { expect, test } from "vitest";
import { parseLogLine } from "../../../src/opencode/read/log-line.js";
import type { ServerEvent } from "../../../src/opencode/schema/server-event.js";
import { servedProgress } from "../../../src/opencode/server/served-progress.js";

const start = Date.parse("2026-01-01T00:00:00.000Z");
const run = { sessionId: "ses_root", mcpServers: ["tickets"], promptedAt: start };

/** What the server and its log told, each with its moment in ms after the start. */
type Sign = readonly [ms: number, line: string] | readonly [ms: number, message: number];

function phaseAfter(signs: readonly Sign[]): object {
  const served = servedProgress(run, start);
  for (const [ms, told] of signs) {
    if (typeof told === "string") {
      const line = parseLogLine(`timestamp=${new Date(start + ms).toISOString()} level=INFO run=r ${told}`);
      if (line) served.takeLine?.(line);
    } else {
      const info = { id: `msg_${told}`, role: "assistant", sessionID: "ses_root", time: { created: start + told } };
      const event: ServerEvent = {
        type: "message.updated",
        properties: { sessionID: "ses_root", info },
        at: start + ms,
      };
      served.take(event);
    }
  }
  return served.progress.phase;
}

const ASKED = "message=stream session.id=ses_root small=false";
const SERVERS = 'message="shell tool using shell" shell=/bin/bash';

test.each<[string, readonly Sign[], object]>([
  ["the prompt was handed over", [], { kind: "prompt", since: start }],
  ["its message is there", [[5, 5]], { kind: "prompt", since: start }],
  ["servers are asked", [[5, SERVERS]], { kind: "mcp", since: start + 5, servers: ["tickets"] }],
  [
    "servers are asked, and its message comes late",
    [
      [5, SERVERS],
      [9, 3],
    ],
    { kind: "mcp", since: start + 5, servers: ["tickets"] },
  ],
  [
    "servers have answered",
    [
      [5, SERVERS],
      [30, "message=init count=1"],
    ],
    { kind: "prompt", since: start + 30 },
  ],
  [
    "the title is asked for",
    [
      [5, 5],
      [9, "message=stream session.id=ses_root small=true"],
    ],
    { kind: "prompt", since: start },
  ],
  [
    "another session asks",
    [
      [5, 5],
      [9, "message=stream session.id=ses_other small=false"],
    ],
    { kind: "prompt", since: start },
  ],
  [
    "the model is asked",
    [
      [5, 5],
      [40, ASKED],
    ],
    { kind: "waiting-for-model", since: start + 40 },
  ],
  [
    "the model is asked, and its message comes late",
    [
      [40, ASKED],
      [45, 39],
    ],
    { kind: "waiting-for-model", since: start + 40 },
  ],
  [
    "a second step begins",
    [
      [5, 5],
      [40, ASKED],
      [90, 90],
    ],
    { kind: "prompt", since: start + 90 },
  ],
])("before a request: %s", (_, signs, phase) => {
  expect(phaseAfter(signs)).toEqual(phase);
});
