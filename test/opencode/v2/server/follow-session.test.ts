import { expect, test } from "vitest";
import { treeOf2 } from "../../../../src/opencode/v2/server/follow-session.js";
import {
  emptyMirror2,
  type MirroredSession2,
  withSession2,
} from "../../../../src/opencode/v2/server/session-mirror.js";
import { onlyOne } from "../../../support/fixtures.js";

const T0 = 1_795_881_886_000;

function mirrored(id: string, messages: MirroredSession2["messages"], fields: object = {}) {
  return { info: { id, time: { created: T0 }, location: { directory: "/w" }, ...fields }, messages };
}

const prompt = { id: "msg_1", type: "user", text: "Go.", time: { created: T0 } };
const broken = { id: "msg_2", type: "assistant", time: { created: T0 } };

test("a subagent's session that cannot be read is left out of a followed one", () => {
  const read = [
    mirrored("ses_root", [prompt]),
    mirrored("ses_good", [prompt], { parentID: "ses_root" }),
    mirrored("ses_bad", [broken], { parentID: "ses_root" }),
  ];
  const mirror = read.reduce((before, session) => withSession2(before, session, true), emptyMirror2);
  const tree = treeOf2(mirror, "ses_root");
  expect(onlyOne(tree?.children ?? []).session.info.id).toBe("ses_good");
  expect(treeOf2(mirror, "ses_bad")).toBeUndefined();
});

test("and is read anew only when it has changed", () => {
  const mirror = withSession2(emptyMirror2, mirrored("ses_root", [prompt]), true);
  expect(treeOf2(mirror, "ses_root")?.session).toBe(treeOf2(new Map(mirror), "ses_root")?.session);
});
