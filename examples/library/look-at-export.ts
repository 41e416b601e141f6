import { readFile, writeFile } from "node:fs/promises";
import {
  assembleSessions,
  checkSession,
  describeTrace,
  diffSessions,
  readExport,
  reportPage,
  traceSession,
} from "looptrace";

/** What two files of `opencode export` tell, without opencode: budgets, differences, spans, and a page of the first. */
export async function lookAtExports(first: string, second: string, page: string) {
  const [a, b] = await Promise.all([sideOf(first), sideOf(second)]);
  const { passed, results } = checkSession(a.session, a.traces, [
    { kind: "cost", limit: 0.5 },
    { kind: "tool", tool: "bash", stat: "p90", limit: 30_000 },
    { kind: "errors", limit: 0 },
  ]);
  const { sums } = diffSessions(a, b);
  const spans = a.traces.flatMap((trace) => describeTrace(trace).map(({ name }) => name));
  await writeFile(page, await reportPage(a.traces, { title: "Two exports" }));
  return { passed, broken: results.filter(({ status }) => status !== "pass"), figures: sums.figures, spans };
}

async function sideOf(path: string) {
  const [tree] = assembleSessions([readExport(await readFile(path, "utf8"), path)]);
  if (tree === undefined) throw new Error(`${path} holds no session`);
  const { id, title, version } = tree.session.info;
  return { session: { id, title, opencodeVersion: version }, traces: traceSession(tree) };
}
