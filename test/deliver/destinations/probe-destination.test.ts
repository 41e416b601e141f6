import { expect, onTestFinished, test } from "vitest";
import { askForProject } from "../../../src/deliver/destinations/langfuse-project.js";
import { probeDestination } from "../../../src/deliver/destinations/probe-destination.js";
import { langfuseAt, otlpAt, PUBLIC_KEY, SECRET_KEY } from "../../support/destinations.js";
import { type Receiver, type ReceiverBehaviour, startReceiver } from "../../support/receiver.js";

async function receive(behaviour?: ReceiverBehaviour): Promise<Receiver> {
  const receiver = await startReceiver(behaviour);
  onTestFinished(() => receiver.close());
  return receiver;
}

const keys = { publicKey: PUBLIC_KEY, secretKey: SECRET_KEY };

test("a Langfuse takes the empty request and names the project; nothing secret comes back", async () => {
  const { url, violations, requests, spans } = await receive({ keys, project: { id: "p-1", name: "demo" } });
  const probe = await probeDestination(langfuseAt(url));
  expect(probe.answer).toEqual({ kind: "acknowledged" });
  expect(probe.project).toEqual({
    kind: "named",
    project: { name: "demo", tracesUrl: `${url}/project/p-1/traces` },
  });
  expect(requests.map(({ method }) => method).sort()).toEqual(["GET", "POST"]);
  expect(requests.find(({ method }) => method === "POST")?.json).toEqual({ resourceSpans: [] });
  expect([violations, spans()]).toEqual([[], []]);
  expect(JSON.stringify(probe)).not.toContain(SECRET_KEY);
  expect(JSON.stringify(probe)).not.toContain(Buffer.from(`${PUBLIC_KEY}:${SECRET_KEY}`).toString("base64"));
});

test("refused keys are refused by both", async () => {
  const { url } = await receive({ keys: { ...keys, secretKey: "another" }, project: { id: "p", name: "n" } });
  const { answer, project } = await probeDestination(langfuseAt(url));
  expect(answer).toMatchObject({ kind: "unauthorised", status: 401 });
  expect(project).toEqual({ kind: "refused", status: 401 });
});

test("whatever is no Langfuse is asked for no project", async () => {
  const { url, requests } = await receive({ dialect: "otlp", project: { id: "p", name: "n" } });
  const { answer, project } = await probeDestination(otlpAt(url));
  expect([answer.kind, project.kind]).toEqual(["acknowledged", "unknown"]);
  expect(requests.map(({ method, path }) => `${method} ${path}`)).toEqual(["POST /v1/traces"]);
});

test("one that never answers is given up", async () => {
  const { url } = await receive({ always: { kind: "hang" } });
  const { answer, project } = await probeDestination(langfuseAt(url), 100);
  expect(answer).toMatchObject({ kind: "unavailable", message: expect.stringContaining("within 0.1 s") });
  expect(project).toEqual({ kind: "unknown" });
});

test.each([
  [{ kind: "redirect", location: "https://elsewhere.invalid/" }, "misdirected"],
  [{ kind: "reset" }, "unavailable"],
  [{ kind: "status", status: 503 }, "unavailable"],
  [{ kind: "status", status: 429 }, "throttled"],
  [{ kind: "status", status: 404 }, "misdirected"],
  [{ kind: "status", status: 400 }, "rejected"],
] as const)("%j: %s", async (always, kind) => {
  const { url } = await receive({ always });
  const { answer, project } = await probeDestination(langfuseAt(url));
  expect([answer.kind, project.kind]).toEqual([kind, "unknown"]);
});

test("a project that is called like the secret key", async () => {
  const { url } = await receive({ keys, project: { id: "p", name: `of ${SECRET_KEY}!` } });
  expect(await askForProject(langfuseAt(url))).toMatchObject({ project: { name: "of ***!" } });
});
