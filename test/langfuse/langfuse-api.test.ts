import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import type { Destination } from "../../src/deliver/destinations/destination.js";
import { LangfuseApi, type LangfuseApiOptions } from "../../src/langfuse/api/langfuse-api.js";
import { LangfuseApiError } from "../../src/langfuse/api/langfuse-api-error.js";
import { listObservations } from "../../src/langfuse/api/list-observations.js";
import { langfuseAt, SECRET_KEY } from "../support/destinations.js";
import { fakeClock } from "../support/fake-clock.js";
import { startLangfuse } from "../support/langfuse/stand-in.js";
import { type Answer, type Receiver, startReceiver } from "../support/receiver.js";

let receiver: Receiver;
let clock: ReturnType<typeof fakeClock>;

beforeEach(async () => {
  clock = fakeClock();
  receiver = await startReceiver({ api: () => json({ ok: true }) });
});

afterEach(() => receiver.close());

function json(value: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Answer {
  return { kind: "status", status, body: JSON.stringify(value), headers };
}

const answered = z.object({ counts: z.record(z.string(), z.number()).exactOptional(), ok: z.boolean() });

function ask(options: LangfuseApiOptions = {}, change: Partial<Destination> = {}): Promise<unknown> {
  const destination = { ...langfuseAt(receiver.url), ...change };
  return new LangfuseApi(destination, { clock, ...options }).get("/thing", answered);
}

/** The error that is thrown; its message is one line without the secret key. */
async function failure(asked: Promise<unknown>): Promise<LangfuseApiError> {
  const error = await asked.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof LangfuseApiError)) throw new Error(`no such error: ${String(error)}`);
  expect(error.message).not.toMatch(/[\n\r]/);
  expect(error.message).not.toContain(SECRET_KEY);
  return error;
}

test("a rate limit is kept: what it asks to wait is waited, and told", async () => {
  const notes: string[] = [];
  receiver.behave({
    api: () => json({ ok: true }),
    script: [json({ message: "Rate limit exceeded" }, 429, { "retry-after": "7" }), json({}, 429)],
  });
  expect(await ask({ onNote: (note) => notes.push(note) })).toEqual({ ok: true });
  expect(clock.slept).toEqual([7_000, 5_000]);
  expect(notes[0]).toMatch(/asks to wait 7/);
});

test("a limit that asks for no wait, and holds all the same, is not asked for ever", async () => {
  receiver.behave({ api: () => json({ message: "Rate limit exceeded" }, 429, { "retry-after": "0" }) });
  expect(await failure(ask({ patienceMs: 2_000 }))).toMatchObject({ kind: "throttled" });
  expect(clock.slept).toEqual([500, 500, 500, 500]);
});

test("who would have to wait for too long is told so", async () => {
  receiver.behave({ api: () => json({ message: "Rate limit exceeded" }, 429, { "retry-after": "3600" }) });
  expect(await failure(ask())).toMatchObject({ kind: "throttled", message: expect.stringMatching(/Try again in/) });
  expect(clock.slept).toEqual([]);
});

test("trouble that passes is got over where nothing can be done twice", async () => {
  receiver.behave({ api: () => json({ ok: true }), script: [json({ message: "no" }, 503), { kind: "reset" }] });
  expect(await ask()).toEqual({ ok: true });
  receiver.behave({ api: () => json({ ok: true }), script: [json({ message: "no" }, 503)] });
  const api = new LangfuseApi(langfuseAt(receiver.url), { clock });
  expect(await failure(api.send("POST", "/thing", z.unknown(), {}))).toMatchObject({ kind: "unavailable" });
});

test.each([
  [json({ message: `bad key ${SECRET_KEY}` }, 401), "unauthorised", /LANGFUSE_PUBLIC_KEY .*LANGFUSE_SECRET_KEY/],
  [json({ message: "gone\u001b[31m\nred" }, 404), "missing", /there is no \/api\/public\/thing there/],
  [json({ message: "wrong" }, 422), "refused", /answered 422: wrong/],
  [{ kind: "redirect", location: "https://elsewhere.example/" }, "misread", /redirects \(302\)/],
  [{ kind: "status", status: 200, body: "<html>login</html>" }, "misread", /Check LANGFUSE_BASE_URL/],
  [json({ ok: "perhaps" }), "misread", /at ok/],
  [json({ counts: { [`\u001b[2J${"x".repeat(100_000)}`]: "" } }), "misread", /^[^\u001b]{1,600}$/],
  [{ kind: "status", status: 200, body: `${"[".repeat(100_000)}${"]".repeat(100_000)}` }, "misread", /something else/],
  [{ kind: "endless", part: "x".repeat(65_536) }, "too_large", /more than can be read/],
] as const)("an answer %#", async (answer, kind, message) => {
  receiver.behave({ always: answer as Answer });
  expect(await failure(ask())).toMatchObject({ kind, message: expect.stringMatching(message) });
});

test("no answer has its time, and ends when it is interrupted", async () => {
  receiver.behave({ always: { kind: "hang" } });
  const asked: string[] = [];
  const onAsk = (label: string) => {
    asked.push(label);
    return () => void asked.push("over");
  };
  expect(await failure(ask({ onAsk }, { timeoutMs: 50 }))).toMatchObject({
    kind: "unavailable",
    message: expect.stringMatching(/no answer within .*\. Check LANGFUSE_BASE_URL, .*LANGFUSE_TIMEOUT/),
  });
  // Once: three times would take three times as long.
  expect(asked).toEqual([langfuseAt(receiver.url).label, "over"]);
  const controller = new AbortController();
  const open = failure(ask({ signal: controller.signal }));
  controller.abort();
  expect(await open).toMatchObject({ kind: "interrupted" });
});

test("a server that is not there is told of by its address", async () => {
  await receiver.close();
  expect(await failure(ask())).toMatchObject({
    kind: "unavailable",
    message: expect.stringMatching(
      /^Langfuse was not reached: nothing listens at [\d.:]+: connection refused\. Check /,
    ),
  });
  receiver = await startReceiver();
});

test("a port that nothing connects to is tried once", async () => {
  expect(await failure(ask({}, { ...langfuseAt("http://127.0.0.1:9") }))).toMatchObject({ kind: "unavailable" });
  expect(clock.slept).toEqual([]);
});

test("what a server says with a full stop at its end gets no second one", async () => {
  receiver.behave({ always: json({ message: "Confirm the host." }, 401) });
  expect((await failure(ask())).message).toMatch(/Confirm the host\. Check/);
});

test("pages follow each other, become smaller where one is too large, and large again behind it", async () => {
  const asked: string[] = [];
  const one = (id: string) => ({ id, traceId: "t", type: "SPAN", startTime: "2026-01-01T00:00:00.000Z" });
  const langfuse = await startLangfuse({
    api: ({ query }) => {
      const [limit, at] = [Number(query.get("limit")), Number(query.get("cursor") ?? 0)];
      asked.push(`${limit} ${at}`);
      if (limit > 50 && at === 0) return { status: 200, body: { data: "x".repeat(65 * 1024 * 1024) } };
      const next = at < 5 ? { cursor: `${at + 1}` } : {};
      return { status: 200, body: { data: [one(`${at}`)], meta: next } };
    },
  });
  const ids: string[] = [];
  const api = new LangfuseApi(langfuseAt(langfuse.receiver.url), { clock });
  for await (const { id } of listObservations(api, {}, "whole")) ids.push(id);
  await langfuse.receiver.close();
  expect(ids).toEqual(["0", "1", "2", "3", "4", "5"]);
  expect(asked).toEqual(["200 0", "50 0", "50 1", "50 2", "50 3", "200 4", "200 5"]);
});

test("a server that gives the same page again and again comes to an end", async () => {
  const langfuse = await startLangfuse({ api: () => ({ status: 200, body: { data: [], meta: { cursor: "again" } } }) });
  const api = new LangfuseApi(langfuseAt(langfuse.receiver.url), { clock });
  for await (const _ of listObservations(api, {}, "heads")) throw new Error("there is none");
  await langfuse.receiver.close();
});

test("an older server is told to be one", async () => {
  receiver.behave({ api: () => json({ message: "only in v4" }, 404) });
  const api = new LangfuseApi(langfuseAt(receiver.url), { clock });
  expect(await failure(listObservations(api, {}, "heads").next())).toMatchObject({
    kind: "missing",
    message: expect.stringMatching(
      /needs Langfuse 4.*or the address is wrong: check that http.* is where Langfuse is\.$/,
    ),
  });
});
