import { hash } from "node:crypto";
import { commonEnd, commonStart } from "../text/in-common.js";

/** A session of two calls and a tool, as opencode and looptrace's tap write them; nobody has ever had it. */
const SESSION = "ses_practice000000000000000000";
const PROMPT = "msg_practice000000000000000001";
const CALLING = "msg_practice000000000000000002";
const ANSWER = "msg_practice000000000000000003";
const AT = 1_750_000_000_000;

/**
 * What the tool prints. It has of all that secrets look like what comes to nothing, as the texts of most sessions have.
 */
const PRINTED = `const token = props.token; // password: string, apiKey?: string
export AUTH_TOKEN="$TOKEN" SECRET=changeme
curl -H "Authorization: Bearer $TOKEN" https://user@example.org/list?token=none
commit 2fd4e1c67a2d28fced849ee1bb76e7391b93eb12, at 5f0c1b7e-8d3a-4c52-9f6e-0a1b2c3d4e5f
  "integrity": "practice", "secret": "string"
`;

const tokens = { total: 12, input: 10, output: 2, reasoning: 0, cache: { read: 0, write: 0 } };
const model = { providerID: "practice", modelID: "practice" };
const asked = { role: "user", content: "Look." };
const input = { command: "true" };

const part = (id: string, messageID: string, rest: object): object => ({
  id: `prt_practice00000000000000000${id}`,
  sessionID: SESSION,
  messageID,
  ...rest,
});

/** An answer of opencode 1, which began and ended then. */
const answer = (id: string, finish: string, [created, completed]: readonly [number, number], parts: object[]) => ({
  info: {
    ...{ id, sessionID: SESSION, role: "assistant", parentID: PROMPT, ...model, mode: "build" },
    ...{ agent: "build", path: { cwd: "/", root: "/" }, cost: 0, tokens, finish, time: { created, completed } },
  },
  parts,
});

const EXPORT = {
  info: {
    ...{ id: SESSION, slug: "practice", version: "1.18.33", projectID: "global", directory: "/", title: "Practice" },
    time: { created: AT, updated: AT + 900 },
  },
  messages: [
    {
      info: { id: PROMPT, sessionID: SESSION, role: "user", time: { created: AT }, agent: "build", model },
      parts: [part("1", PROMPT, { type: "text", text: asked.content })],
    },
    answer(
      CALLING,
      "tool-calls",
      [AT + 10, AT + 510],
      [
        part("2", CALLING, { type: "step-start" }),
        part("3", CALLING, { type: "text", text: "I look.", time: { start: AT + 300, end: AT + 400 } }),
        part("4", CALLING, {
          ...{ type: "tool", callID: "call_1", tool: "bash" },
          state: {
            ...{ status: "completed", input, output: PRINTED, title: "true", metadata: { exit: 0 } },
            time: { start: AT + 400, end: AT + 500 },
          },
        }),
        part("5", CALLING, { type: "step-finish", reason: "tool-calls", cost: 0, tokens }),
      ],
    ),
    answer(
      ANSWER,
      "stop",
      [AT + 520, AT + 800],
      [
        part("6", ANSWER, { type: "step-start" }),
        part("7", ANSWER, { type: "text", text: "Looked.", time: { start: AT + 700, end: AT + 800 } }),
        part("8", ANSWER, { type: "step-finish", reason: "stop", cost: 0, tokens }),
      ],
    ),
  ],
};

/** The same of opencode 2. */
const answer2 = (id: string, finish: string, [created, completed]: readonly [number, number], content: object[]) => ({
  ...{ id, type: "assistant", agent: "build", cost: 0, tokens, finish, content },
  ...{ model: { id: model.modelID, providerID: model.providerID }, time: { created, completed } },
});

const EXPORT_2 = {
  info: {
    ...{ id: SESSION, projectID: "global", title: "Practice", agent: "build", cost: 0, tokens },
    ...{ location: { directory: "/" }, time: { created: AT, updated: AT + 900 } },
  },
  messages: [
    { id: PROMPT, type: "user", text: asked.content, time: { created: AT } },
    answer2(
      CALLING,
      "tool-calls",
      [AT + 10, AT + 510],
      [
        { type: "text", text: "I look." },
        {
          ...{ type: "tool", id: "call_1", name: "shell", executed: false },
          state: { status: "completed", input, content: [{ type: "text", text: PRINTED }], metadata: {} },
          time: { created: AT + 400, ran: AT + 400, completed: AT + 500 },
        },
      ],
    ),
    answer2(ANSWER, "stop", [AT + 520, AT + 800], [{ type: "text", text: "Looked." }]),
    { id: "msg_practice000000000000000004", type: "idle", outcome: "succeeded", time: { created: AT + 850 } },
  ],
};

const call = { id: "call_1", type: "function", function: { name: "bash", arguments: JSON.stringify(input) } };
const offered = {
  ...{ name: "bash", description: "Runs a command. Never one that prints a token, or the user's password." },
  parameters: { type: "object", properties: { command: { type: "string" } }, required: ["command"] },
};
const title = { role: "system", content: "You are a title generator. You output ONLY a thread title." };
const conversation = [{ role: "system", content: "You are a coding agent. Practise." }, asked];
const told = [
  { role: "assistant", content: "I look.", tool_calls: [call] },
  { role: "tool", tool_call_id: call.id, content: PRINTED },
];

const bodyOf = (messages: readonly object[], tools: readonly object[]): string =>
  JSON.stringify({ model: model.modelID, messages, tools, stream: true });

/** For a title, and for the two answers. */
const BODIES = [
  bodyOf([title, asked], []),
  bodyOf(conversation, [{ type: "function", function: offered }]),
  bodyOf([...conversation, ...told], [{ type: "function", function: offered }]),
];

/** The lines of a request that was answered with this. */
function exchange(n: number, at: number, delta: object): readonly object[] {
  const body = BODIES[n] ?? "";
  const base = BODIES[n - 1] ?? "";
  const prefix = commonStart(base, body);
  const suffix = commonEnd(base, body, Math.min(base.length, body.length) - prefix);
  const reply = [{ id: `practice-${n}`, choices: [{ index: 0, delta }] }, { usage: { prompt_tokens: 10 } }]
    .map((event) => `data: ${JSON.stringify(event)}\n\n`)
    .join("");
  return [
    {
      ...{ t: "request", n, at, method: "POST", url: "http://127.0.0.1/v1/chat/completions", headers: {} },
      ...{ session: SESSION, parent: null, message: null, hash: hash("sha256", body, "hex"), bytes: body.length },
      ...{ base: n === 0 ? null : n - 1, prefix, suffix, middle: body.slice(prefix, body.length - suffix) },
    },
    { t: "response", n, at: at + 80, status: 200, headers: { "content-type": "text/event-stream" } },
    { t: "part", n, at: at + 90, chunks: [[0, reply.length, reply.length]], text: reply },
    { t: "end", n, at: at + 100, how: "complete" },
  ];
}

const RECORDED = [
  { t: "tap", v: 1, id: "1-practice" },
  ...exchange(0, AT + 50, { content: "Practice" }),
  ...exchange(1, AT + 300, { content: "I look.", tool_calls: [{ index: 0, ...call }] }),
  ...exchange(2, AT + 700, { content: "Looked." }),
];

/** The parts in which a run hands over its session. */
export const PRACTICE = {
  id: SESSION,
  /** By opencode's generation. */
  exported: { 1: EXPORT, 2: EXPORT_2 },
  logText: `timestamp=${new Date(AT).toISOString()} level=INFO message=loop session.id=${SESSION} step=0\n`,
  wire: RECORDED.map((line) => `${JSON.stringify(line)}\n`).join(""),
  run: {
    ...{ id: "practice", attempt: 0, streamErrors: [], exit: { kind: "served" as const }, stderr: "" },
    ...{ startedAt: AT, endedAt: AT + 900 },
  },
};
