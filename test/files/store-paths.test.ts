import { expect, test } from "vitest";
import { storePaths } from "../../src/files/store-paths.js";

test.each([
  [{ XDG_DATA_HOME: "/data", HOME: "/home/me" }, "/data/looptrace"],
  [{ XDG_DATA_HOME: "", HOME: "/home/me" }, "/home/me/.local/share/looptrace"],
  [{ XDG_DATA_HOME: "not/absolute", HOME: "/home/me" }, "/home/me/.local/share/looptrace"],
  [{ HOME: "/home/me" }, "/home/me/.local/share/looptrace"],
])("%o", (env, root) => {
  expect(storePaths(env)).toMatchObject({ root, outbox: `${root}/outbox`, sent: `${root}/sent` });
});
