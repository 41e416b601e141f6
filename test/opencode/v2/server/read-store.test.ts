import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { ServerRequestError } from "../../../../src/errors/server-request-error.js";
import { SessionNotFoundError } from "../../../../src/errors/session-not-found-error.js";
import { listSessions2From } from "../../../../src/opencode/v2/server/list-sessions.js";
import { pages } from "../../../../src/opencode/v2/server/pages.js";
import { rawSession2From } from "../../../../src/opencode/v2/server/read-session.js";
import { requestData, requestJson } from "../../../../src/opencode/v2/server/request.js";
import { startOpencode2Server } from "../../../support/opencode2-server.js";

const START = 1_795_000_000_000;

function session(id: string, more: Readonly<Record<string, unknown>> = {}, messages = 1) {
  return {
    info: {
      id,
      projectID: "global",
      cost: 0,
      tokens: { input: 0, output: 0, reasoning: 0, cache: { read: 0, write: 0 } },
      time: { created: START, updated: START },
      title: `The session ${id}`,
      location: { directory: "/home/dev/project" },
      ...more,
    },
    messages: Array.from({ length: messages }, (_, index) => ({
      id: `msg_${String(index).padStart(12, "0")}`,
      type: "user",
      text: `prompt ${index}`,
      time: { created: START + index },
    })),
  };
}

async function serve(sessions: readonly ReturnType<typeof session>[]) {
  const server = await startOpencode2Server({ password: "hush", sessions });
  onTestFinished(() => server.close());
  return server;
}

/** A server that answers everything with the same. */
async function serveAlways(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, password: "hush" };
}

const json = (value: unknown) => (_: IncomingMessage, response: ServerResponse) =>
  void response.end(JSON.stringify(value));

test("a session is read with all of its messages, in their order, however many pages they are", async () => {
  const whole = session("ses_1", {}, 450);
  const unsettled = { id: "msg_zzz", type: "assistant", time: { created: START + 999 }, content: [] };
  const server = await serve([{ ...whole, messages: [...whole.messages, unsettled as never] }]);
  const read = await rawSession2From(server.connection, "ses_1");
  expect(read.info).toEqual(whole.info);
  expect(read.messages).toEqual([...whole.messages, unsettled]);
  const asked = server.requests.map(({ path }) => path).filter((path) => path.includes("/message"));
  expect(asked.length).toBeGreaterThanOrEqual(3);
  // A cursor holds the order, and the server refuses both at once.
  for (const path of asked.slice(1)) expect(path).not.toContain("order=");
});

test("a short page is the last one, whatever the server says of a next one", async () => {
  let asked = 0;
  const short = pages(async () => {
    asked += 1;
    return { data: Array.from({ length: asked === 1 ? 200 : 49 }, () => ({})), next: `page-${asked}`, length: 1 };
  }, {});
  const lengths: number[] = [];
  for await (const page of short) lengths.push(page.length);
  expect(lengths).toEqual([200, 49]);
});

test("a session that is not there, an id that is none, a server that is gone, a password that is wrong", async () => {
  const server = await serve([session("ses_1")]);
  await expect(rawSession2From(server.connection, "ses_2")).rejects.toThrow(SessionNotFoundError);
  await expect(rawSession2From(server.connection, "../ses_1")).rejects.toThrow(SessionNotFoundError);
  expect(server.requests.filter(({ path }) => path.includes(".."))).toEqual([]);
  await expect(rawSession2From({ ...server.connection, password: "no" }, "ses_1")).rejects.toThrow("status 401");
  await server.close();
  await expect(rawSession2From(server.connection, "ses_1")).rejects.toThrow(ServerRequestError);
});

test("what cannot be read is not read on", async () => {
  const server = await serve([session("ses_1", {}, 3_000)]);
  server.slow(5);
  server.fail(/GET \/api\/session\/ses_1$/, 1);
  await expect(rawSession2From(server.connection, "ses_1")).rejects.toThrow(ServerRequestError);
  const pagesAsked = (): number => server.requests.filter(({ path }) => path.includes("/message")).length;
  const before = pagesAsked();
  for (let round = 0; round < 5; round += 1) await requestJson(server.connection, "/api/session/active");
  // One may have been on its way.
  expect(pagesAsked()).toBeLessThanOrEqual(before + 1);
});

test("many requests at once under one signal warn of nothing", async () => {
  const server = await serve([session("ses_1")]);
  const warned: string[] = [];
  const onWarning = ({ name }: Error) => warned.push(name);
  process.on("warning", onWarning);
  onTestFinished(() => void process.off("warning", onWarning));
  const { signal } = new AbortController();
  const asked = Array.from({ length: 20 }, () => requestJson(server.connection, "/api/session/active", { signal }));
  expect((await Promise.all(asked)).map(({ status }) => status)).toEqual(asked.map(() => 200));
  expect(warned).not.toContain("MaxListenersExceededWarning");
});

test("an abort is the caller's own reason", async () => {
  const connection = await serveAlways(() => undefined);
  const controller = new AbortController();
  const asked = requestJson(connection, "/api/info", { signal: controller.signal });
  controller.abort(new Error("enough"));
  await expect(asked).rejects.toThrow("enough");
});

test("a route that is not there is no session that is not there", async () => {
  const connection = await serveAlways((_, response) => void response.writeHead(404).end());
  const failed = await rawSession2From(connection, "ses_1").catch((error: unknown) => error);
  expect(failed).toBeInstanceOf(ServerRequestError);
  expect(String(failed)).toContain("read the session ses_1 (status 404)");
});

test.each([
  ["HTML", (_: IncomingMessage, response: ServerResponse) => void response.end("<!doctype html>")],
  ["JSON of something else", json({ healthy: true })],
  ["null", json(null)],
])("an answer in %s is refused", async (_, answer) => {
  const connection = await serveAlways(answer);
  await expect(requestData(connection, "/api/session")).rejects.toThrow(ServerRequestError);
  await expect(listSessions2From(connection, { directory: "/home" })).rejects.toThrow("which project /home belongs to");
});

test("pages that never end do not keep looptrace for ever", async () => {
  const full = Array.from({ length: 200 }, () => ({}));
  const same = await serveAlways(json({ data: full, cursor: { next: "again" } }));
  await expect(rawSession2From(same, "ses_1")).rejects.toThrow("its pages repeat themselves");
  let asked = 0;
  const large = pages(async () => {
    asked += 1;
    return { data: full, next: `page-${asked}`, length: 50e6 };
  }, {});
  const walk = async () => {
    for await (const page of large) expect(page).toBe(full);
  };
  await expect(walk()).rejects.toThrow("it is longer than 128 MB");
  expect(asked).toBe(3);
});

test("lists hold the project's own sessions without subagents, the last updated first", async () => {
  const at = (updated: number) => ({ time: { created: START, updated: START + updated } });
  const server = await serve([
    session("ses_old", at(1)),
    session("ses_new", at(9)),
    session("ses_child", { parentID: "ses_new", ...at(10) }),
    session("ses_elsewhere", { projectID: "another", ...at(20) }),
  ]);
  const ids = async (options: Parameters<typeof listSessions2From>[1]) =>
    (await listSessions2From(server.connection, options)).map(({ id }) => id);
  expect(await ids({ directory: "/home/dev/project" })).toEqual(["ses_new", "ses_old"]);
  expect(await ids({})).toEqual(["ses_elsewhere", "ses_new", "ses_old"]);
  expect(await ids({ directory: "/home/dev/project", limit: 1 })).toEqual(["ses_new"]);
  expect(await ids({ directory: "/home/dev/project", since: START + 5 })).toEqual(["ses_new"]);
  expect(await listSessions2From(server.connection, { limit: 1 })).toEqual([
    {
      id: "ses_elsewhere",
      title: "The session ses_elsewhere",
      projectId: "another",
      directory: "/home/dev/project",
      created: START,
      updated: START + 20,
    },
  ]);
});

test("a list that is longer than a page is whole, and a session in it that cannot be read is left out", async () => {
  const many = Array.from({ length: 401 }, (_, index) =>
    session(`ses_${index}`, { time: { created: START, updated: START + index } }),
  );
  const server = await serve([...many, session("ses_broken", { time: "yesterday" })]);
  const listed = await listSessions2From(server.connection, {});
  expect(listed.map(({ id }) => id)).toEqual(many.map(({ info }) => info.id).reverse());
  // What was updated before is not asked for.
  const before = server.requests.length;
  await listSessions2From(server.connection, { since: START + 300 });
  expect(server.requests.length - before).toBe(1);
});
