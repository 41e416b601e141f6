import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { directoryOfSession, isSamePlace } from "../../../src/opencode/server/session-place.js";
import { answeringServer } from "../../support/answering-server.js";

const server = answeringServer();

test("the directory of a session is what the server says", async () => {
  server.answer = { status: 200, body: JSON.stringify({ id: "ses_1", directory: "/elsewhere" }) };
  await expect(directoryOfSession({ url: server.url, password: "p" }, "/ä b", "ses_1")).resolves.toBe("/elsewhere");
  expect(server.asked?.request).toMatchObject({ method: "GET", url: "/session/ses_1" });
  expect(server.asked?.request.headers).toMatchObject({
    authorization: `Basic ${Buffer.from("opencode:p").toString("base64")}`,
    "x-opencode-directory": "%2F%C3%A4%20b",
  });
});

test.each([
  ["knows no such session", 404, '{"name":"NotFoundError"}'],
  ["names no directory", 200, '{"id":"ses_1"}'],
  ["names an empty one", 200, '{"directory":""}'],
  ["names what is none", 200, '{"directory":7}'],
  ["is no opencode", 200, "<html>"],
  ["says nothing", 200, ""],
])("a server that %s tells of none", async (_, status, body) => {
  server.answer = { status, body };
  await expect(directoryOfSession({ url: server.url }, "/", "ses_1")).resolves.toBeUndefined();
});

test("nor does one that is not there, or whoever has stopped asking", async () => {
  await expect(directoryOfSession({ url: "http://127.0.0.1:1" }, "/", "ses_1")).resolves.toBeUndefined();
  await expect(directoryOfSession({ url: server.url }, "/", "ses_1", AbortSignal.abort())).resolves.toBeUndefined();
});

test("two paths are of one place by what is there", () => {
  const folder = mkdtempSync(join(tmpdir(), "place-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  symlinkSync(folder, join(folder, "link"));
  expect(isSamePlace(folder, join(folder, "link"))).toBe(true);
  expect(isSamePlace(folder, tmpdir())).toBe(false);
  expect(isSamePlace("/is/not/there", "/is/not/there")).toBe(true);
  expect(isSamePlace("/is/not/there", folder)).toBe(false);
});
