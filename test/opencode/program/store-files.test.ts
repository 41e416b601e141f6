import { expect, test } from "vitest";
import { opencodeStore } from "../../../src/opencode/program/store-files.js";

const names = ["opencode.db", "opencode.db-wal", "opencode.db-shm", "mine.sqlite", "mine.sqlite-wal", "auth.json"];

test.each([
  [{ HOME: "/h" }, "/h/.local/share/opencode", ["opencode.db", "opencode.db-wal"]],
  [{ HOME: "/h", XDG_DATA_HOME: "/d" }, "/d/opencode", ["opencode.db", "opencode.db-wal"]],
  [{ HOME: "/h", OPENCODE_DB: "mine.sqlite" }, "/h/.local/share/opencode", ["mine.sqlite", "mine.sqlite-wal"]],
  [{ HOME: "/h", OPENCODE_DB: "/x/mine.sqlite" }, "/x", ["mine.sqlite", "mine.sqlite-wal"]],
  [{ HOME: "/h", OPENCODE_DB: ":memory:" }, "/h/.local/share/opencode", ["opencode.db", "opencode.db-wal"]],
])("%j", (environment, folder, files) => {
  const store = opencodeStore(environment);
  expect(store.folder).toBe(folder);
  expect(names.filter(store.isOfStore)).toEqual(files);
});
