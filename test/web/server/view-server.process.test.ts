import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { request } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { beforeAll, describe, expect, test } from "vitest";
import { LOOPTRACE_VERSION } from "../../../src/version.js";
import type { ComparisonData } from "../../../src/web/data/comparison.js";
import type { ListChanges } from "../../../src/web/data/list-changes.js";
import type { ReportData } from "../../../src/web/data/report-data.js";
import type { ViewOptions } from "../../../src/web/server/view-server.js";
import { loadFixture } from "../../support/fixtures.js";
import { keepDamaged, keepFixture } from "../../support/kept-store.js";
import { temporaryStore, walk } from "../../support/temporary-store.js";
import { type ServedView, served, viewAssets } from "../../support/view-browser.js";

let assets: ViewOptions["assets"];

beforeAll(async () => {
  assets = await viewAssets();
});

interface Answer {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** Asks with headers that `fetch` would not send. */
function ask(
  url: string,
  path: string,
  { method = "GET", host }: { readonly method?: string; readonly host?: string } = {},
): Promise<Answer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const headers = host === undefined ? {} : { host };
    request({ hostname, port, path, method, headers, agent: false }, (response) => {
      text(response).then((body) => {
        resolve({ status: response.statusCode, headers: response.headers, body });
      }, reject);
    })
      .on("error", reject)
      .end();
  });
}

function pathOf(view: ServedView): string {
  return new URL(view.url).pathname;
}

/** Reads server-sent events until one of them is as wanted. */
async function changesUntil(
  view: ServedView,
  isWanted: (changes: ListChanges) => boolean,
): Promise<readonly ListChanges[]> {
  const response = await fetch(`${view.url}changes`);
  expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
  const seen: ListChanges[] = [];
  let rest = "";
  for await (const piece of response.body ?? []) {
    rest += Buffer.from(piece).toString();
    const events = rest.split("\n\n");
    rest = events.pop() ?? "";
    seen.push(...events.map((event): ListChanges => JSON.parse(event.replace(/^data: /, ""))));
    if (seen.some(isWanted)) break;
  }
  return seen;
}

test("it listens on 127.0.0.1 alone, at another address each time", async () => {
  const paths = await temporaryStore();
  const [one, other] = [await served(paths, assets), await served(paths, assets)];
  expect(one.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[0-9a-f]{32}\/$/);
  expect(pathOf(one)).not.toBe(pathOf(other));
  const { port } = new URL(one.url);
  // All of 127/8 is this machine, so that a server on all addresses would answer here.
  await expect(
    new Promise((resolve, reject) => {
      connect(Number(port), "127.0.0.2").on("connect", resolve).on("error", reject);
    }),
  ).rejects.toThrow();
});

test("the list and a session's report come with a strict policy and the usual headers", async () => {
  const paths = await temporaryStore();
  const id = await keepFixture(paths, "multistep@1.18.33");
  const view = await served(paths, assets);
  for (const path of ["", `sessions/${id}`]) {
    const { status, headers, body } = await ask(view.url, pathOf(view) + path);
    expect(status).toBe(200);
    expect(body).toMatch(/^<!doctype html>[\s\S]*<\/html>\n$/);
    expect(headers).toMatchObject({
      "content-type": "text/html; charset=utf-8",
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
      "referrer-policy": "no-referrer",
      "cache-control": "no-store",
      "cross-origin-resource-policy": "same-origin",
    });
    const policy = String(headers["content-security-policy"]);
    expect(policy).toMatch(/^default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+'; /);
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|\*|http/);
    expect(headers["access-control-allow-origin"]).toBeUndefined();
    expect(await ask(view.url, pathOf(view) + path, { method: "HEAD" })).toMatchObject({
      status: 200,
      body: "",
    });
  }
  const { headers } = await ask(view.url, pathOf(view));
  expect(String(headers["content-security-policy"])).toContain("connect-src 'self'");
});

test("a report leads to the sessions before and after it, by when they were recorded", async () => {
  const paths = await temporaryStore();
  const [first, second] = [
    await keepFixture(paths, "multistep@1.18.33"),
    await keepFixture(paths, "two-turns@1.18.33"),
  ];
  const view = await served(paths, assets);
  await changesUntil(view, ({ pending }) => pending === 0);
  const keptOf = async (id: string): Promise<unknown> => {
    const { body } = await ask(view.url, `${pathOf(view)}sessions/${id}`);
    const [, data = ""] = /<script type="application\/json" id="report">(.*?)<\/script>/s.exec(body) ?? [];
    return JSON.parse(data).kept;
  };
  expect(await keptOf(first)).toEqual({ after: { id: second, title: "A scripted session" } });
  expect(await keptOf(second)).toEqual({ before: { id: first, title: "A scripted session" } });
});

test("a wrong token is 404 whatever else is asked, and nothing tells it from any other path", async () => {
  const paths = await temporaryStore();
  const id = await keepFixture(paths, "multistep@1.18.33");
  const view = await served(paths, assets);
  const wrong = `/${"0".repeat(32)}/`;
  const answers = await Promise.all([
    ask(view.url, "/"),
    ask(view.url, wrong),
    ask(view.url, `${wrong}sessions/${id}`),
    ask(view.url, `${wrong}changes`, { method: "POST" }),
    ask(view.url, wrong, { host: "evil.example" }),
  ]);
  for (const { status, body, headers } of answers) {
    expect([status, body]).toEqual([404, "There is nothing here.\n"]);
    expect(headers["content-security-policy"]).toBe("default-src 'none'; frame-ancestors 'none'");
  }
});

test("another host's name is refused, and so is whatever would write", async () => {
  const view = await served(await temporaryStore(), assets);
  const { port } = new URL(view.url);
  const host = `evil.example:${port}`;
  expect(await ask(view.url, pathOf(view), { host })).toMatchObject({ status: 403 });
  expect(await ask(view.url, `${pathOf(view)}changes`, { host })).toMatchObject({ status: 403 });
  const localhost = await ask(view.url, pathOf(view), { host: `localhost:${port}` });
  expect(localhost.status).toBe(200);
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
    const { status, headers } = await ask(view.url, pathOf(view), { method });
    expect([status, headers.allow]).toEqual([405, "GET, HEAD"]);
  }
});

test("an address without its last slash leads to the list", async () => {
  const view = await served(await temporaryStore(), assets);
  const answer = await ask(view.url, pathOf(view).slice(0, -1));
  expect([answer.status, answer.headers.location]).toEqual([308, pathOf(view)]);
});

test("only kept sessions are looked for; what cannot be shown says why", async () => {
  const paths = await temporaryStore();
  await keepFixture(paths, "multistep@1.18.33");
  await keepDamaged(paths, "ses_damaged", "{ not\u001b[31m JSON");
  const view = await served(paths, assets);
  for (const id of ["ses_other", "..%2Fsessions%2Fses_damaged", "ses_damaged.json"])
    expect(await ask(view.url, `${pathOf(view)}sessions/${id}`)).toMatchObject({ status: 404 });
  const damaged = await ask(view.url, `${pathOf(view)}sessions/ses_damaged`);
  expect(damaged).toMatchObject({ status: 500, headers: { "content-type": "text/html; charset=utf-8" } });
  expect(damaged.body).toMatch(/The session cannot be read\. .*JSON/);
  expect(damaged.body).toContain('<a href="../#back">');
  expect(damaged.body).not.toContain("\u001b");
  expect(view.problems).toEqual([]);
});

test("two kept sessions side by side, as data", async () => {
  const paths = await temporaryStore();
  const [a, b] = [await keepFixture(paths, "multistep@1.18.33"), await keepFixture(paths, "two-turns@1.18.33")];
  await keepDamaged(paths, "ses_damaged", "{ not JSON");
  const view = await served(paths, assets);
  const { status, body } = await ask(view.url, `${pathOf(view)}compare/${a}/${b}`);
  const data: ComparisonData = JSON.parse(body);
  expect([status, data.a.id, data.b.id]).toEqual([200, a, b]);
  expect(data.parts.map(({ title }) => title)).toEqual(["Turn 1 of 2", "Turn 2 of 2: only B has it", "All turns"]);
  expect(data.parts[0]?.parting?.where).toMatch(/^step \d+: /);
  const tools = data.parts[2]?.rows.find(({ label }) => label === "tools");
  expect(tools).toMatchObject({ minor: false, isMore: Number(tools?.b) > Number(tools?.a) });
  const itself = await ask(view.url, `${pathOf(view)}compare/${a}/${a}`);
  expect(JSON.parse(itself.body).parts).toMatchObject([{ title: "The turn", isSame: true, parting: null }]);
  expect(await ask(view.url, `${pathOf(view)}compare/${a}/ses_other`)).toMatchObject({ status: 404 });
  expect(await ask(view.url, `${pathOf(view)}compare/${a}/ses_damaged`)).toMatchObject({ status: 500 });
});

test("in which sessions texts occur, for the server's own page alone", async () => {
  const paths = await temporaryStore();
  const id = await keepFixture(paths, "two-turns@1.18.33");
  const view = await served(paths, assets);
  await changesUntil(view, ({ pending }) => pending === 0);
  const path = `${pathOf(view)}search?text=BREAD&text=nothing-such&text=%2F`;
  const { status, headers, body } = await ask(view.url, path);
  expect([status, headers["content-type"]]).toEqual([200, "application/json; charset=utf-8"]);
  expect(JSON.parse(body)).toEqual({ found: [[id], [], null] });
  expect(await ask(view.url, path, { host: "evil.example" })).toMatchObject({ status: 403 });
  expect((await fetch(new URL(path, view.url), { headers: { origin: "https://evil.example" } })).status).toBe(403);
  expect(view.problems).toEqual([]);
});

const dataScript = (id: string, value: unknown): string =>
  `<script type="application/json" id="${id}">${JSON.stringify(value)}</script>`;
const oldReport = dataScript("report", { title: "t", version: "0.0.1", traces: [] });
const brokenReport = `<html>${dataScript("report", { title: "t", version: LOOPTRACE_VERSION, traces: [] })}${dataScript("chunk-1", { texts: [], details: [] })}`;

describe("files that are given to the page", () => {
  const given = async (view: ServedView, files: unknown) => {
    const response = await fetch(`${view.url}open`, { method: "POST", body: JSON.stringify({ files }) });
    return { status: response.status, text: await response.text() };
  };
  const reportAt = async (view: ServedView, answer: string): Promise<ReportData> => {
    const { body } = await ask(view.url, `${pathOf(view)}${JSON.parse(answer).address}`);
    return JSON.parse(/<script type="application\/json" id="report">(.*?)<\/script>/s.exec(body)?.[1] ?? "");
  };

  test("become a report: exports with their subagents, masked, and a report as it was; nothing is kept", async () => {
    const paths = await temporaryStore();
    const view = await served(paths, assets);
    const { text: parent, subagentTexts, session } = loadFixture("subagent@1.18.33");
    const secret = `ghp_${"aB3".repeat(12)}`;
    const exports = [parent.replace('"text": "', `"text": "${secret} `), ...subagentTexts];
    const files = exports.map((one, index) => ({ name: `${index}.json`, text: one }));
    const first = await given(view, files);
    expect([first.status, JSON.parse(first.text)]).toEqual([200, { address: "opened/1" }]);
    const opened = await reportAt(view, first.text);
    expect(opened).toMatchObject({ kept: {}, traces: [{ sessionId: session.info.id }] });
    expect(opened.traces[0]?.rows.filter(({ name }) => name === "opencode.loop")).toHaveLength(2);
    const page = await ask(view.url, `${pathOf(view)}opened/1`);
    expect(page.body).not.toContain(secret);
    const again = await given(view, [{ name: "report.html", text: page.body }]);
    expect(await reportAt(view, again.text)).toEqual(opened);
    expect(existsSync(paths.root)).toBe(false);
  });

  test("with a script of their own run none of it: the page is this program's", async () => {
    const view = await served(await temporaryStore(), assets);
    const { text: only } = loadFixture("plain-answer@1.18.33");
    const page = await ask(
      view.url,
      `${pathOf(view)}${JSON.parse((await given(view, [{ name: "a.json", text: only }])).text).address}`,
    );
    const evil = page.body.replace("</body>", "<script>globalThis.pwned = 1</script></body>");
    const { address } = JSON.parse((await given(view, [{ name: "evil.html", text: evil }])).text);
    expect((await ask(view.url, `${pathOf(view)}${address}`)).body).toBe(page.body);
  });

  test.each<[string, unknown, number, RegExp]>([
    ["no export", [{ name: "a.json", text: "{}" }], 422, /^a\.json: this is JSON, but not an opencode export/],
    [
      "another page",
      [{ name: "x.html", text: "<!doctype html><p>no</p>" }],
      422,
      /^x\.html: it is no report that looptrace/,
    ],
    [
      "another version's",
      [{ name: "x.html", text: oldReport }],
      422,
      /looptrace 0\.0\.1, and this is .* in a browser\.$/,
    ],
    ["a broken one", [{ name: "x.html", text: brokenReport }], 422, /^x\.html: it is a report that is not whole/],
    ["nothing", [], 400, /^No files were given\./],
    ["nonsense", "x", 400, /^No files were given\./],
  ])("that are %s are refused with a reason", async (_, files, status, reason) => {
    const view = await served(await temporaryStore(), assets);
    const answer = await given(view, files);
    expect(answer.status).toBe(status);
    expect(answer.text.trim()).toMatch(reason);
    expect((await ask(view.url, `${pathOf(view)}opened/1`)).status).toBe(404);
    expect(view.problems).toEqual([]);
  });
});

test("changes are told as they come, and nothing is written but the index", async () => {
  const paths = await temporaryStore();
  const first = await keepFixture(paths, "multistep@1.18.33");
  const before = await walk(paths.sessions);
  const view = await served(paths, assets);
  const told = await changesUntil(view, ({ pending }) => pending === 0);
  expect(told[0]?.whole).toBe(true);
  expect(told.flatMap(({ sessions }) => sessions.map(({ id }) => id))).toContain(first);
  expect(await walk(paths.sessions)).toEqual(before);
  expect((await readdir(paths.root)).sort()).toEqual(["catalog", "sessions"]);
  const later = changesUntil(view, ({ sessions }) => sessions.length === 1 && sessions[0]?.id !== first);
  const second = await keepFixture(paths, "plain-answer@1.18.33");
  expect((await later).at(-1)?.sessions).toMatchObject([{ id: second }]);
  expect(view.problems).toEqual([]);
});

test("close ends pages that still listen", async () => {
  const view = await served(await temporaryStore(), assets);
  const response = await fetch(`${view.url}changes`);
  await view.close();
  // Ends, one way or the other.
  await response.text().catch(() => "");
  await expect(fetch(view.url)).rejects.toThrow();
});
