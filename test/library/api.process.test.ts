import { readFile } from "node:fs/promises";
import { beforeAll, describe, expect, test } from "vitest";
import { ENTRIES, libraryApi, pathOfReport } from "./api.js";

let now: ReadonlyMap<string, string>;
beforeAll(async () => {
  now = await libraryApi();
}, 180_000);

/** What types are inferred from: the type can be imported, the value need not be. */
const INFERRED_FROM: ReadonlySet<string> = new Set([
  ...["FIGURES", "assistantInfo", "delivery", "evidence", "jobDataSchema", "jobPolicy", "jobProgressSchema"],
  ...["errorFactsSchema", "lastError", "permissionWait", "providerFacts", "runEvent", "runEvidence", "runLimit"],
  ...["seenRetry", "sessionInfo", "userInfo", "stepStartPart", "stepFinishPart", "reasoningPart", "textPart"],
  ...[
    "agentSwitched",
    "assistantFields",
    "compaction",
    "idle",
    "locationSwitched",
    "modelSwitched",
    "reasoningContent",
  ],
  ...["sessionFields", "shell", "skill", "synthetic", "system", "textContent", "toolContent", "unknownContent"],
  ...["unknownMessage", "user"],
  ...["filePart", "toolPart", "patchPart", "compactionPart", "subtaskPart", "unknownPart"],
]);

describe.each(ENTRIES)("$report", ({ report }) => {
  test("says what the library's face is; after a change that is meant: npm run api", async () => {
    expect(now.get(report)).toBe(await readFile(pathOfReport(report), "utf8"));
  });

  test("every type that a symbol refers to can be imported", () => {
    const text = now.get(report) ?? "";
    const forgotten = [...text.matchAll(/ae-forgotten-export\) The symbol "([^"]+)"/g)].map(([, name]) => name);
    // Who imports the fleet has the library itself too.
    const library = now.get("library.api.md") ?? "";
    const importable = new Set(
      [...library.matchAll(/^export (?:abstract )?(?:class|const|function|interface|type) (\w+)/gm)].map(
        ([, name = ""]) => name,
      ),
    );
    const types = forgotten.filter((name = "") => !INFERRED_FROM.has(name) && !importable.has(name));
    expect(types).toEqual([]);
  });

  test("every symbol is described", () => {
    const undescribed = (now.get(report) ?? "").matchAll(/^\/\/ @public \(undocumented\)\n(.*)$/gm);
    expect([...undescribed].map(([, line]) => line)).toEqual([]);
  });
});
