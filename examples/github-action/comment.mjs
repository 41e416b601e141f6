// Tells of the sessions in the job's summary, and in one comment of the pull request that each run writes anew.
import { appendFile, readFile } from "node:fs/promises";
import { join } from "node:path";

const {
  RESULTS = "",
  REPORT_URL = "",
  COMMENT = "true",
  COMMENT_ID = "looptrace",
  PULL_REQUEST = "",
  GITHUB_TOKEN = "",
  GITHUB_API_URL = "https://api.github.com",
  GITHUB_REPOSITORY = "",
  GITHUB_EVENT_PATH = "",
  GITHUB_STEP_SUMMARY = "",
} = process.env;

/** GitHub takes 65,536 characters. */
const MOST = 60_000;
const MOST_FINDINGS = 3;
const MARK = `<!-- looptrace-action ${COMMENT_ID.replace(/[^\w.-]/g, "")} -->`;

const read = async (name) => JSON.parse(await readFile(join(RESULTS, name), "utf8").catch(() => "null"));
const [check, traces, advice] = [await read("check.json"), await read("show.json"), await read("advise.json")];

/** Text of a session as Markdown that is nothing but text: no table, no tag, no link, and nobody is called by name. */
const text = (value) =>
  String(value ?? "")
    .replace(/[\s\p{Cc}\p{Cf}]+/gu, " ")
    .trim()
    .slice(0, 300)
    // GitHub takes no half of a character.
    .toWellFormed()
    .replace(/[\\`*_{}[\]()+!|~<>&]/g, (character) => `&#${character.codePointAt(0)};`)
    // It looks for these in the text that is shown, where an entity is what it stands for.
    .replace(/[@#]/g, (character) => `&#${character.codePointAt(0)};&#8203;`)
    .replace(/:\/\/|\b(?:www\.|GH-)/gi, (start) => `${start.slice(0, -1)}&#8203;${start.slice(-1)}`);

const count = (value) => String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ",");
const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;
const usd = (value) => (value === null ? "unknown" : `$${value.toFixed(4)}`);
const units = { usd, ms: seconds, tokens: count, count };
const figure = (value, unit) => (value === null ? "–" : (units[unit] ?? count)(value));
const MARKS = { pass: "✅", fail: "❌", unknown: "❔" };

function sessionLines() {
  const bySession = new Map();
  for (const trace of traces ?? []) {
    const { id, title } = trace.session;
    const one = bySession.get(id) ?? { title, turns: 0, steps: 0, tokens: 0, cost: null, ms: 0, failed: 0 };
    const { usage, cost, steps } = trace.loop.totalsWithSubagents;
    one.turns += 1;
    one.steps += steps;
    one.tokens += Object.values(usage).reduce((sum, tokens) => sum + tokens, 0);
    if (cost !== null) one.cost = (one.cost ?? 0) + cost;
    one.ms += trace.loop.end - trace.loop.start;
    if (trace.loop.outcome !== "completed") one.failed += 1;
    bySession.set(id, one);
  }
  return [
    "| session | outcome | turns | steps | time | tokens | cost |",
    "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ...[...bySession].map(
      ([id, { title, turns, steps, tokens, cost, ms, failed }]) =>
        `| ${text(title || id)} | ${failed === 0 ? "completed" : `${failed} not completed`} | ${turns} | ${count(steps)} | ${seconds(ms)} | ${count(tokens)} | ${usd(cost)} |`,
    ),
  ];
}

function budgetLines() {
  if (!check) return [];
  const several = check.sessions.length > 1;
  const rows = check.sessions.flatMap(({ title, sessionId, results }) =>
    results.map(
      ({ budget, status, value, limit, unit, note }) =>
        `| ${MARKS[status] ?? ""} |${several ? ` ${text(title || sessionId)} |` : ""} ${text(budget)} | ${figure(value, unit)} | ${figure(limit, unit)} | ${text(note)} |`,
    ),
  );
  return [
    "",
    `| |${several ? " session |" : ""} budget | value | limit | |`,
    `| --- |${several ? " --- |" : ""} --- | ---: | ---: | --- |`,
    ...rows,
  ];
}

function findingLines() {
  const findings = (advice?.findings ?? []).slice(0, MOST_FINDINGS);
  if (findings.length === 0) return [];
  return [
    "",
    "What could have been spared:",
    "",
    ...findings.map(({ title, usd: price, tokens, advice: what }) => {
      const spent = [price === null ? "" : usd(price), tokens === null ? "" : `${count(tokens)} tokens`].filter(
        Boolean,
      );
      return `- ${text(title)}${spent.length > 0 ? ` (${spent.join(", ")})` : ""}. ${text(what)}`;
    }),
  ];
}

function body() {
  const verdict = check ? (check.passed ? ": all budgets hold" : ": a budget does not hold") : "";
  const lines = [`### looptrace${verdict}`, "", ...sessionLines(), ...budgetLines(), ...findingLines()];
  if (/^https?:\/\/[^\s<>"]+$/.test(REPORT_URL)) lines.push("", `[The report](${REPORT_URL}), as an artifact.`);
  let told = "";
  for (const [index, line] of lines.entries()) {
    if (told.length + line.length > MOST) return `${told}\n… and ${lines.length - index} lines more.\n`;
    told += `${line}\n`;
  }
  return told;
}

async function pullRequest() {
  if (PULL_REQUEST !== "") return PULL_REQUEST;
  const event = GITHUB_EVENT_PATH === "" ? null : JSON.parse(await readFile(GITHUB_EVENT_PATH, "utf8"));
  return event?.pull_request?.number ?? (event?.issue?.pull_request ? event.issue.number : null);
}

async function ask(method, path, payload) {
  const response = await fetch(`${GITHUB_API_URL}/repos/${GITHUB_REPOSITORY}${path}`, {
    method,
    headers: {
      accept: "application/vnd.github+json",
      authorization: `Bearer ${GITHUB_TOKEN}`,
      "content-type": "application/json",
      "user-agent": "looptrace-action",
      "x-github-api-version": "2022-11-28",
    },
    ...(payload ? { body: JSON.stringify(payload) } : {}),
  });
  return { status: response.status, isOk: response.ok, value: response.ok ? await response.json() : null };
}

/** Whose comment an earlier run's may be: a stranger could write the mark first, and change later what stands behind it. */
const OWN = ["OWNER", "MEMBER", "COLLABORATOR"];

/** The comment that an earlier run wrote. */
async function earlier(number) {
  for (let page = 1; ; page += 1) {
    const { isOk, value, status } = await ask("GET", `/issues/${number}/comments?per_page=100&page=${page}`);
    if (!isOk) throw new Error(`GitHub does not tell the comments of #${number} (HTTP ${status})`);
    const found = value.find(
      ({ body, user, author_association: from }) =>
        body?.startsWith(MARK) && (user?.type === "Bot" || OWN.includes(from)),
    );
    if (found || value.length < 100) return found?.id;
  }
}

const told = body();
if (GITHUB_STEP_SUMMARY !== "") await appendFile(GITHUB_STEP_SUMMARY, told);
const number = COMMENT === "true" ? await pullRequest() : null;
if (number !== null && !/^\d+$/.test(String(number))) throw new Error("pull-request is to be a number");
if (number !== null) {
  try {
    const payload = { body: `${MARK}\n${told}` };
    const id = await earlier(number);
    const updated = id === undefined ? null : await ask("PATCH", `/issues/comments/${id}`, payload);
    // Somebody else may have written the mark.
    const result = updated?.isOk ? updated : await ask("POST", `/issues/${number}/comments`, payload);
    if (!result.isOk) throw new Error(`GitHub takes no comment on #${number} (HTTP ${result.status})`);
  } catch (error) {
    // A fork's token may not write; the summary and the report are there all the same.
    console.log(
      `::warning::looptrace: ${String(error.message).replace(/\s+/g, " ")}. The job needs pull-requests: write.`,
    );
  }
}
