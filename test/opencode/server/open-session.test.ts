import { expect, test } from "vitest";
import { createSession } from "../../../src/opencode/server/open-session.js";
import { answeringServer } from "../../support/answering-server.js";

const server = answeringServer();

test("a new session is asked for as opencode's own client does", async () => {
  server.answer = { status: 200, body: JSON.stringify({ id: "ses_1" }) };
  const made = await createSession({ url: server.url, password: "p" }, { directory: "/ä b", title: "A title" });
  expect(made).toBe("ses_1");
  expect(server.asked?.request).toMatchObject({ method: "POST", url: "/session" });
  expect(server.asked?.request.headers).toMatchObject({
    authorization: `Basic ${Buffer.from("opencode:p").toString("base64")}`,
    "content-type": "application/json",
    "x-opencode-directory": "%2F%C3%A4%20b",
  });
  expect(JSON.parse(server.asked?.body ?? "")).toMatchObject({
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
  server.answer = { status, body };
  await expect(createSession({ url: server.url }, { directory: "/" })).rejects.toThrow(`opencode's server ${message}`);
});

test("a server that is not there", async () => {
  const gone = createSession({ url: "http://127.0.0.1:1" }, { directory: "/" });
  await expect(gone).rejects.toMatchObject({ name: "ServerRequestError", statusCode: undefined });
});
