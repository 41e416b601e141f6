import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { isAtItsEnd, readingAtRest } from "../../../../src/opencode/v2/server/reading-at-rest.js";
import { recordings } from "../../../support/opencode2-recordings.js";

const withoutWord = { id: "ses_1", title: "A title" };
const withWord = { ...withoutWord, outcome: "succeeded" };
const user = { id: "msg_1", type: "user", text: "Go.", time: { created: 1 } };
const answer = { id: "msg_2", type: "assistant", content: [], finish: "stop", time: { created: 2, completed: 3 } };
const step = { ...answer, finish: "tool-calls" };
const idle = { id: "msg_3", type: "idle", outcome: "succeeded", time: { created: 4 } };
const agent = { id: "msg_4", type: "agent-switched", agent: "plan", time: { created: 5 } };

test.each([
  ["an answer, of a build that says no more", withoutWord, [user, answer], true],
  ["an answer, and what only changes what comes later", withoutWord, [user, answer, agent], true],
  ["a step that failed", withoutWord, [user, { ...step, error: { type: "x", message: "y" } }], true],
  ["a step that another one follows", withoutWord, [user, step], false],
  ["an answer that is still coming", withoutWord, [user, { ...answer, time: { created: 2 } }], false],
  ["a prompt", withoutWord, [user], false],
  ["nothing", withoutWord, [], false],
  ["nonsense", null, [null, 1, { type: 2 }], false],
  ["the word that it is at rest", withWord, [user, answer, idle], true],
  ["an answer without that word where there is one", withWord, [user, answer], false],
  ["the same, told by a time", { ...withoutWord, time: { idle: 4 } }, [user, answer], false],
  ["a prompt behind the word of the turn before", withWord, [user, answer, idle, user], false],
] as const)("%s", (_, info, messages, isEnd) => {
  expect(isAtItsEnd({ info, messages })).toBe(isEnd);
});

test("no recorded session is at its end before its last step, and all that ended are", () => {
  for (const { name, sessions } of recordings()) {
    for (const { info, messages } of sessions) {
      const last = messages.findLastIndex(({ type }) => type === "idle" || type === "assistant");
      if (last < 0) continue;
      const whole = isAtItsEnd({ info, messages });
      if (messages[last]?.type === "idle") expect([name, whole]).toEqual([name, true]);
      for (let until = 0; until < last; until += 1) {
        const cut = messages.slice(0, until);
        if (cut.at(-1)?.type !== "idle")
          expect([name, until, isAtItsEnd({ info, messages: cut })]).toEqual([name, until, false]);
      }
    }
  }
});

test("a turn that ends ends the reading of a server that does not answer", async () => {
  const server = createServer(() => undefined).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const connection = { url: `http://127.0.0.1:${port}`, username: "opencode", password: "x" };
  const reading = readingAtRest({ connection, directory: "/", signal: undefined }, "ses_1");
  expect(reading.info()).toBeUndefined();
  expect(await reading.end(true)).toBeUndefined();
  const turn = new AbortController();
  reading.begin(turn.signal);
  turn.abort(new Error("the turn is over"));
  await expect(reading.info()).rejects.toThrow("the turn is over");
  expect(await reading.end(true)).toBeUndefined();
});
