import { expect, test } from "vitest";
import { connect } from "../../../src/opencode/server/connection.js";
import { endOfMessages, endOfSession } from "../../../src/opencode/server/list-sessions.js";
import { seenStores } from "../../../src/opencode/store/seen-store.js";
import { storeServer } from "../../../src/opencode/store/store-server.js";
import { loadScenario } from "../../provider/load-scenario.js";
import { openSession } from "../../support/play-on-server.js";
import { until } from "../../support/until.js";
import { warmOpenCode } from "../../support/warm-opencode.js";

test("opencode's database tells of sessions what its server tells of them, at work, over, archived, and of subagents", async () => {
  await using bench = await warmOpenCode(await loadScenario("subagent"));
  const client = await connect(bench.server, bench.workdir);
  const server = await storeServer({ connection: bench.server, generation: 1 });
  const [store, ...others] = seenStores(bench.server.env)();
  if (!store) throw new Error("no database");
  expect(others).toEqual([]);
  const signal = AbortSignal.timeout(60_000);
  const listed = { since: 0, limit: 10_000, signal };
  // Other tests play on this server too.
  const ofBench = ({ directory }: { readonly directory: string }) => directory === bench.workdir;
  const ids = [await openSession(client), await openSession(client)];
  const [id = "", archived = ""] = ids;
  const compare = async () => {
    const seen = store.list(0)?.filter(ofBench);
    expect(seen).toEqual((await server.list(listed)).filter(ofBench));
    return new Set(seen?.map((one) => one.id));
  };
  expect(await compare()).toEqual(new Set(ids));
  expect(store.endOf(id)).toEqual(await endOfSession(client, id, signal));

  const prompted = client.session.prompt({ sessionID: id, parts: [{ type: "text", text: "Go." }] });
  const isAtWork = async () => store.endOf(id)?.state === "at-work";
  await until(isAtWork);
  await prompted;
  await until(async () => !(await isAtWork()));
  const { data: below = [] } = await client.session.children({ sessionID: id });
  expect(below).toHaveLength(1);
  for (const one of [id, ...below.map((child) => child.id)]) {
    const end = await endOfSession(client, one, signal);
    expect(end).toMatchObject({ state: "at-rest", completedAt: expect.any(Number) });
    expect(store.endOf(one)).toEqual(end);
    const { session } = (await server.read(one, signal)).tree;
    expect(endOfMessages(session.messages)).toEqual(end);
  }
  expect(await compare()).toEqual(new Set(ids));

  for (const ignored of [false, true]) {
    const part = { type: "text", text: "A note.", ...(ignored && { ignored }) } as const;
    await client.session.prompt({ sessionID: archived, noReply: true, parts: [part] });
    const end = await endOfSession(client, archived, signal);
    expect(end.state).toBe("unanswered");
    expect(store.endOf(archived)).toEqual(ignored ? undefined : end);
  }
  await client.session.update({ sessionID: archived, time: { archived: Date.now() } });
  expect(await compare()).toEqual(new Set([id]));
  await client.session.delete({ sessionID: id });
  expect(await compare()).toEqual(new Set());
  expect(store.endOf(id)).toEqual({ state: "at-rest", messageId: undefined, isEmpty: true });
});
