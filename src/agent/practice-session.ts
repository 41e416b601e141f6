/** A session of one call and one tool, as opencode and looptrace's tap write them; nobody has ever had it. */
const [SESSION, PROMPT, ANSWER] = [
  "ses_practice000000000000000000",
  "msg_practice000000000000000001",
  "msg_practice000000000000000002",
];
const AT = 1_750_000_000_000;

const tokens = { total: 12, input: 10, output: 2, reasoning: 0, cache: { read: 0, write: 0 } };
const model = { providerID: "practice", modelID: "practice" };
const asked = { role: "user", content: "Look." };
const called = { name: "bash", arguments: '{"command":"true"}' };

const part = (id: string, messageID: string, rest: object): object => ({
  id: `prt_practice00000000000000000${id}`,
  sessionID: SESSION,
  messageID,
  ...rest,
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
    {
      info: {
        ...{ id: ANSWER, sessionID: SESSION, role: "assistant", parentID: PROMPT, ...model, mode: "build" },
        ...{ agent: "build", path: { cwd: "/", root: "/" }, cost: 0, tokens, finish: "stop" },
        time: { created: AT + 10, completed: AT + 800 },
      },
      parts: [
        part("2", ANSWER, { type: "step-start" }),
        part("3", ANSWER, { type: "text", text: "Looked.", time: { start: AT + 300, end: AT + 400 } }),
        part("4", ANSWER, {
          ...{ type: "tool", callID: "call_1", tool: "bash" },
          state: {
            ...{ status: "completed", input: { command: "true" }, output: "", title: "true", metadata: { exit: 0 } },
            time: { start: AT + 400, end: AT + 500 },
          },
        }),
        part("5", ANSWER, { type: "step-finish", reason: "stop", cost: 0, tokens }),
      ],
    },
  ],
};

/** The same as opencode 2 writes it. */
const EXPORT_2 = {
  info: {
    ...{ id: SESSION, projectID: "global", title: "Practice", agent: "build", cost: 0, tokens },
    ...{ location: { directory: "/" }, time: { created: AT, updated: AT + 900 } },
  },
  messages: [
    { id: PROMPT, type: "user", text: asked.content, time: { created: AT } },
    {
      ...{ id: ANSWER, type: "assistant", agent: "build", cost: 0, tokens, finish: "stop" },
      ...{
        model: { id: model.modelID, providerID: model.providerID },
        time: { created: AT + 10, completed: AT + 800 },
      },
      content: [
        { type: "text", text: "Looked." },
        {
          ...{ type: "tool", id: "call_1", name: "shell", executed: false },
          state: {
            status: "completed",
            input: { command: "true" },
            content: [{ type: "text", text: "" }],
            metadata: {},
          },
          time: { created: AT + 400, ran: AT + 400, completed: AT + 500 },
        },
      ],
    },
    { id: "msg_practice000000000000000003", type: "idle", outcome: "succeeded", time: { created: AT + 850 } },
  ],
};

const BODY = JSON.stringify({ model: model.modelID, messages: [{ role: "system", content: "Practise." }, asked] });
const REPLY = `data: ${JSON.stringify({
  id: "practice",
  choices: [{ index: 0, delta: { content: "Looked.", tool_calls: [{ index: 0, id: "call_1", function: called }] } }],
})}\n\ndata: [DONE]\n\n`;

const RECORDED = [
  { t: "tap", v: 1, id: "1-practice" },
  {
    ...{ t: "request", n: 0, at: AT + 100, method: "POST", url: "http://127.0.0.1/v1/chat/completions", headers: {} },
    ...{ session: SESSION, parent: null, message: null, hash: "", bytes: BODY.length },
    ...{ base: null, prefix: 0, suffix: 0, middle: BODY },
  },
  { t: "response", n: 0, at: AT + 200, status: 200, headers: { "content-type": "text/event-stream" } },
  { t: "part", n: 0, at: AT + 300, chunks: [[0, REPLY.length, REPLY.length]], text: REPLY },
  { t: "end", n: 0, at: AT + 400, how: "complete" },
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
