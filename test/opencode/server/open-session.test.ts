import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createSession } from "../../../src/opencode/server/open-session.js";

let answer: { readonly status: number; readonly body: string } = { status: 200, body: "" };
let asked: { readonly request: IncomingMessage; readonly body: unknown } | undefined;
const server = createServer(async (request, response) => {
  asked = { request, body: JSON.parse(await text(request)) };
  response.writeHead(answer.status).end(answer.body);
});
let url = "";

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());

test("a new session is asked for as opencode's own client does", async () => {
  answer = { status: 200, body: JSON.stringify({ id: "ses_1" }) };
  const made = await createSession({ url, password: "p" }, { directory: "/ä b", title: "A title" });
  expect(made).toBe("ses_1");
  expect(asked?.request).toMatchObject({ method: "POST", url: "/session" });
  expect(asked?.request.headers).toMatchObject({
    authorization: `Basic ${Buffer.from("opencode:p").toString("base64")}`,
    "content-type": "application/json",
    "x-opencode-directory": "%2F%C3%A4%20b",
  });
  expect(asked?.body).toMatchObject({
    title: "A title",
    permission: [{ permission: "question", action: "deny" }, {}, {}],
  });
});

test.each([
  ["refuses", 400, '{"name":"Bad","data":{"message":"no room"}}', "could not make a session (status 400): no room"],
  ["says nothing", 500, "", "could not make a session (status 500): it said nothing"],
  ["names no session", 200, "{}", "could not make a session (status 200): {}"],
  ["is no opencode", 200, "<html>", "could not make a session (status 200): <html>"],
])("a server that %s", async (_, status, body, message) => {
  answer = { status, body };
  await expect(createSession({ url }, { directory: "/" })).rejects.toThrow(`opencode's server ${message}`);
});

test("a server that is not there", async () => {
  const gone = createSession({ url: "http://127.0.0.1:1" }, { directory: "/" });
  await expect(gone).rejects.toMatchObject({ name: "ServerRequestError", statusCode: undefined });
});
