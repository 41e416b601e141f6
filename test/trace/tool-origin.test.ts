import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { traceSession } from "../../src/trace/trace-session.js";
import { onlyOne } from "../support/fixtures.js";
import { reportedTraces } from "../support/reported.js";
import { assistant, exportOf, stepFinish, stepStart, tool, treeOf, user } from "./make-session.js";
import { toolsIn } from "./walk-trace.js";

/** Whose a tool of this name is, where opencode had these servers. */
function originOf(name: string, mcpServers?: readonly string[]) {
  const message = assistant(10, 500, [stepStart(20), tool(30, 40, 400, { tool: name }), stepFinish(450)]);
  const evidence = mcpServers === undefined ? {} : { mcpServers };
  const { loop } = onlyOne(traceSession(treeOf(exportOf([user(0, "Go."), message])), evidence));
  const { origin, server } = onlyOne(toolsIn(loop));
  return [origin, server];
}

const UNKNOWN = ["unknown", null];

describe("the tools of the server my_team.db", () => {
  const serversOf = (mcpServers?: readonly string[]) =>
    reportedTraces(["mcp-names/session.json"], mcpServers ? { mcpServers } : {}).flatMap(({ loop }) =>
      toolsIn(loop).map(({ name, server }) => [name, server]),
    );

  test("are its own where it is known", () => {
    expect(serversOf(["my_team.db"])).toEqual([
      ["my_team_db_get-thing", "my_team.db"],
      ["my_team_db_slow_thing", "my_team.db"],
    ]);
  });

  test.each([[undefined], [[]], [["tickets"]], [["team"]], [["my_team_db_get-thing"]]])(
    "are nobody's of %j",
    (servers) => {
      expect(serversOf(servers).map(([, server]) => server)).toEqual([null, null]);
    },
  );
});

test.each([
  ["tickets_lookup", ["tickets"], ["mcp", "tickets"]],
  ["tickets_lookup", ["Tickets"], UNKNOWN],
  ["tickets_lookup", ["ticket", "s_lookup", "lookup"], UNKNOWN],
  ["tickets_", ["tickets"], UNKNOWN],
  ["tickets", ["tickets"], UNKNOWN],
  // The longest of those that fit.
  ["my_team_db_get", ["my", "my_team", "my_team.db"], ["mcp", "my_team.db"]],
  ["my_team_get", ["my", "my_team", "my_team.db"], ["mcp", "my_team"]],
  // Those that opencode calls the same.
  ["my_team_db_get", ["my_team.db", "my team/db"], UNKNOWN],
  ["my_team_db_get", ["my_team.db", "my_team.db"], ["mcp", "my_team.db"]],
  ["my_team_db_get", ["my", "my_team.db", "my team/db"], UNKNOWN],
  ["___x", ["日本"], ["mcp", "日本"]],
  ["a-b_x", ["a-b"], ["mcp", "a-b"]],
  // What a plugin, a custom tool, or nothing at all is called.
  ["delegate_task", ["tickets"], UNKNOWN],
  ["web_search", ["tickets"], UNKNOWN],
  ["frobnicate", ["tickets"], UNKNOWN],
  ["_hidden", [""], ["mcp", ""]],
  // opencode's own, unless a server's tool may be called so.
  ["bash", ["tickets"], ["opencode", null]],
  ["apply_patch", ["tickets"], ["opencode", null]],
  ["apply_patch", ["apply"], UNKNOWN],
  ["plan_exit", [], ["opencode", null]],
  ["read_mcp_resource", ["tickets"], ["opencode", null]],
  ["StructuredOutput", [], ["opencode", null]],
])("%s with %j", (name, servers, right) => {
  expect(originOf(name, servers)).toEqual(right);
});

test("without any servers no name makes one", () => {
  const name = fc.oneof(
    fc.string({ unit: fc.constantFrom(..."abc_-"), minLength: 1, maxLength: 12 }),
    fc.string({ minLength: 1, maxLength: 12 }),
  );
  fc.assert(
    fc.property(name, (one) => {
      expect(originOf(one)[1]).toBeNull();
      expect(originOf(one, [])[1]).toBeNull();
    }),
  );
});

test("a server that is said is one of the given, and its sanitised name begins the tool's", () => {
  const word = fc.string({ unit: fc.constantFrom(..."ab_.-"), minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(fc.array(word, { maxLength: 4 }), word, fc.nat(3), (servers, local, index) => {
      const sanitised = (text: string): string => text.replace(/[^a-zA-Z0-9_-]/g, "_");
      const meant = servers[index % Math.max(1, servers.length)] ?? "none";
      const name = `${sanitised(meant)}_${sanitised(local)}`;
      const [origin, server] = originOf(name, servers);
      if (server === null || server === undefined) return;
      expect(origin).toBe("mcp");
      expect(servers).toContain(server);
      expect(name.startsWith(`${sanitised(server)}_`)).toBe(true);
    }),
  );
});
